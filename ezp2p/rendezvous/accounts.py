"""Who may log in: the people of a site, and the tokens that say they did.

A token is 256 random bits; only its SHA-256 is stored, so a copy of the database opens no door.
It lives 12 hours and dies at log-out, at a new password, and with its account.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ezp2p.base.errors import UsageError
from ezp2p.rendezvous.database import Database
from ezp2p.rendezvous.records import ACCOUNT, SITE, TOKEN
from ezp2p.rendezvous.sites import Site
from ezp2p.wire.keys import ErrorKey

ADMIN_LOGIN = "admin"  # fixed; only its password changes (S7)
TOKEN_LIFE_S = 12 * 3600.0
MIN_PASSWORD = 8
_MAX_LOGIN = 64
_MAX_NAME = 256
_MAX_PASSWORD = 256


class AccountRole(StrEnum):
    """What an account may do: an admin everything a counselor may, and the site's affairs."""

    COUNSELOR = "counselor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """A person of a site, without the secrets."""

    id: int
    login: str
    name: str
    role: AccountRole
    site: Site


_ACCOUNT = (
    select(
        ACCOUNT.c.id,
        ACCOUNT.c.login,
        ACCOUNT.c.name,
        ACCOUNT.c.role,
        ACCOUNT.c.password_hash,
        SITE.c.id.label("site_id"),
        SITE.c.name.label("site"),
        SITE.c.company,
    )
    .select_from(ACCOUNT)
    .join(SITE)
)


class Accounts:
    """The tables of accounts and tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, site: Site, login: str, name: str, role: AccountRole, password_hash: str, wall: float
    ) -> Account:
        """Add a person. Raises UsageError(usage) if the login is taken or unusable."""
        _check_login(login)
        name = _name(name)
        row = {
            "site_id": site.id,
            "login": login,
            "name": name,
            "role": role,
            "password_hash": password_hash,
            "created_at": wall,
        }
        try:
            async with self._database.writing() as connection:
                new = await connection.execute(insert(ACCOUNT).values(row).returning(ACCOUNT.c.id))
                return Account(int(new.scalar_one()), login, name, role, site)
        except IntegrityError:
            raise UsageError(ErrorKey.USAGE, why=f"account '{login}' exists already") from None

    async def find(self, site: str, login: str) -> tuple[Account, str] | None:
        """Return the account and its password's hash."""
        return await self._one((SITE.c.name == site) & (ACCOUNT.c.login == login))

    async def all(self, site: str) -> list[Account]:
        """Return the people of a site by login."""
        async with self._database.reading() as connection:
            query = _ACCOUNT.where(SITE.c.name == site).order_by(ACCOUNT.c.login)
            return [_account(row) for row in await connection.execute(query)]

    async def set_password(self, account: Account, password_hash: str) -> None:
        """Store a new password; every token of the account dies with the old one."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(ACCOUNT)
                .where(ACCOUNT.c.id == account.id)
                .values(password_hash=password_hash)
            )
            await connection.execute(delete(TOKEN).where(TOKEN.c.account_id == account.id))

    async def issue_token(self, account: Account, wall: float) -> str:
        """Return a new bearer token; the expired ones of everybody are swept away."""
        token = secrets.token_urlsafe(32)
        row = {
            "hash": token_hash(token),
            "account_id": account.id,
            "created_at": wall,
            "expires_at": wall + TOKEN_LIFE_S,
        }
        async with self._database.writing() as connection:
            await connection.execute(delete(TOKEN).where(TOKEN.c.expires_at <= wall))
            await connection.execute(insert(TOKEN).values(row))
        return token

    async def by_token(self, token: str, wall: float) -> Account | None:
        """Return whose live token this is."""
        found = await self._one(
            ACCOUNT.c.id.in_(
                select(TOKEN.c.account_id).where(
                    TOKEN.c.hash == token_hash(token), TOKEN.c.expires_at > wall
                )
            )
        )
        return found[0] if found else None

    async def revoke_token(self, token: str) -> None:
        """Log out."""
        async with self._database.writing() as connection:
            await connection.execute(delete(TOKEN).where(TOKEN.c.hash == token_hash(token)))

    async def dead_tokens(self, hashes: Iterable[str], wall: float) -> set[str]:
        """Return those of the tokens' hashes that are no longer good."""
        asked = list(hashes)
        alive: set[str] = set()
        async with self._database.reading() as connection:
            for start in range(0, len(asked), 500):  # SQLite takes 999 parameters at least
                query = select(TOKEN.c.hash).where(
                    TOKEN.c.hash.in_(asked[start : start + 500]), TOKEN.c.expires_at > wall
                )
                alive.update((await connection.execute(query)).scalars())
        return set(asked) - alive

    async def _one(self, condition: ColumnElement[bool]) -> tuple[Account, str] | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(_ACCOUNT.where(condition))).first()
        return (_account(row), str(row.password_hash)) if row else None


def token_hash(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(password: str) -> None:
    """Raises UsageError(usage) for a password that is too short or longer than a login takes."""
    if not MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
        why = f"a password has {MIN_PASSWORD} to {_MAX_PASSWORD} characters"
        raise UsageError(ErrorKey.USAGE, why=why)


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    site = Site(row.site_id, row.site, row.company)
    return Account(row.id, row.login, row.name, AccountRole(row.role), site)


def _check_login(login: str) -> None:
    if not 0 < len(login) <= _MAX_LOGIN or not login.isprintable() or login != login.strip():
        raise UsageError(ErrorKey.USAGE, why="a login has 1 to 64 printable characters")


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise UsageError(ErrorKey.USAGE, why="a name has 1 to 256 printable characters")
    return name
