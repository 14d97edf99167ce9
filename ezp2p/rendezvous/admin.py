"""What `ezp2p admin` does to a rendezvous' records, while its server runs or not.

Each works on the data folder of a configuration. A running server notices at once: it reads
accounts and sites at every login and page, and ends the sockets of revoked tokens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ezp2p.base.clock import Clock
from ezp2p.base.errors import UsageError
from ezp2p.rendezvous import folder
from ezp2p.rendezvous.accounts import (
    ADMIN_LOGIN,
    Account,
    AccountRole,
    Accounts,
    check_password,
)
from ezp2p.rendezvous.config import RendezvousConfig
from ezp2p.rendezvous.database import open_database
from ezp2p.rendezvous.passwords import Passwords, new_password
from ezp2p.rendezvous.sites import Site, Sites
from ezp2p.wire.keys import ErrorKey


@dataclass(frozen=True, slots=True)
class NewPassword:
    """An account and the password that is shown this once."""

    account: Account
    password: str


class Admin:
    """The office of the command line."""

    def __init__(
        self, sites: Sites, accounts: Accounts, passwords: Passwords, clock: Clock
    ) -> None:
        self._sites = sites
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock

    async def create_site(self, name: str, company: str) -> NewPassword:
        """Add a site with its own admin. Raises UsageError(usage)."""
        site = await self._sites.create(name, company, self._clock.wall())
        return await self._add(site, ADMIN_LOGIN, ADMIN_LOGIN, AccountRole.ADMIN, None)

    async def rename_site(self, name: str, company: str) -> None:
        """Change the company's name that people see. Raises UsageError(site.unknown)."""
        await self._sites.rename(name, company)

    async def add_counselor(
        self, site: str, login: str, name: str, password: str | None = None
    ) -> NewPassword:
        """Add a counselor; without a `password`, with a random one.

        Raises UsageError: site.unknown, or usage for what cannot be.
        """
        found = await self._sites.find(site)
        if found is None:
            raise UsageError(ErrorKey.SITE_UNKNOWN, site=site)
        return await self._add(found, login, name, AccountRole.COUNSELOR, password)

    async def reset_password(
        self, site: str, login: str, password: str | None = None
    ) -> NewPassword:
        """Give somebody a new password; every token of theirs dies. Raises UsageError(usage)."""
        found = await self._accounts.find(site, login)
        if found is None:
            raise UsageError(ErrorKey.USAGE, why=f"no account '{login}' at site '{site}'")
        account = found[0]
        password = _chosen(password)
        await self._accounts.set_password(account, await self._passwords.hash(password))
        return NewPassword(account, password)

    async def list_sites(self) -> list[Site]:
        """Return every site by name."""
        return await self._sites.all()

    async def list_accounts(self, site: str) -> list[Account]:
        """Return the people of a site by login. Raises UsageError(site.unknown)."""
        if await self._sites.find(site) is None:
            raise UsageError(ErrorKey.SITE_UNKNOWN, site=site)
        return await self._accounts.all(site)

    async def _add(
        self, site: Site, login: str, name: str, role: AccountRole, password: str | None
    ) -> NewPassword:
        password = _chosen(password)
        stored = await self._passwords.hash(password)
        wall = self._clock.wall()
        account = await self._accounts.create(site, login, name, role, stored, wall)
        return NewPassword(account, password)


@asynccontextmanager
async def open_admin(config: RendezvousConfig, clock: Clock) -> AsyncIterator[Admin]:
    """Open the records of a configuration. Raises data.unwritable, database.broken."""
    folder.prepare(config.data)
    database = await open_database(config.database_url, config.data)
    passwords = Passwords(threads=1, queue=config.limits.password_queue)
    try:
        yield Admin(Sites(database), Accounts(database), passwords, clock)
    finally:
        passwords.close()
        await database.close()


def _chosen(password: str | None) -> str:
    if password is None:
        return new_password()
    check_password(password)
    return password
