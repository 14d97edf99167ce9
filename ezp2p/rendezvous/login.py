"""The door of the office: a password in, a token out, and no way to try many passwords.

Two rules, both forgetful and neither a lock-out: each (account, address) waits twice as long
after every failure; and an account takes a handful of tries a minute from all addresses that it
was never logged in from. Names nobody has are treated alike, in time and in words.
"""

from __future__ import annotations

from collections import OrderedDict

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, Refused
from ezp2p.rendezvous.accounts import TOKEN_LIFE_S, Account, Accounts
from ezp2p.rendezvous.limits import Buckets, Delays, network
from ezp2p.rendezvous.passwords import Passwords
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import LoginAnswer, LoginRequest

_FREE_FAILURES = 3
_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 60.0
_STRANGERS_PER_S = 10 / 60  # tries an account takes from new addresses together
_STRANGERS_AT_ONCE = 10
_REMEMBERED = 10_000  # pairs of account and address


class LoginRules:
    """Who has to wait before a password is even looked at. No clock, no database."""

    def __init__(self) -> None:
        self._delays = Delays(
            free=_FREE_FAILURES, first_s=_FIRST_DELAY_S, longest_s=_LONGEST_DELAY_S
        )
        self._strangers = Buckets(_STRANGERS_PER_S, _STRANGERS_AT_ONCE)
        self._known: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def wait(self, site: str, login: str, address: str, now: float) -> float:
        """Return the seconds until this address may try this account; 0.0 spends the try."""
        key = (site, login, network(address))
        wait_s = self._delays.wait(key, now)
        if wait_s == 0 and key not in self._known:
            wait_s = self._strangers.take((site, login), now)
        return wait_s

    def failed(self, site: str, login: str, address: str, now: float) -> None:
        """The password was wrong."""
        self._delays.failed((site, login, network(address)), now)

    def succeeded(self, site: str, login: str, address: str) -> None:
        """It was right: this address is known from now on."""
        key = (site, login, network(address))
        self._delays.forgive(key)
        self._known[key] = None
        self._known.move_to_end(key)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


class Login:
    """Checks passwords and hands out tokens."""

    def __init__(self, accounts: Accounts, passwords: Passwords, clock: Clock) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock
        self._rules = LoginRules()

    async def log_in(self, request: LoginRequest, address: str) -> LoginAnswer:
        """Return a token. Raises EzError(login.wrong), Refused(login.wait, seconds=...) or
        Unavailable(server.busy)."""
        who = (request.site, request.login, address)
        wait_s = self._rules.wait(*who, self._clock.now())
        if wait_s > 0:
            raise Refused(ErrorKey.LOGIN_WAIT, seconds=wait_s)
        found = await self._accounts.find(request.site, request.login)
        stored = found[1] if found else None
        # Booked before the slow part: a hundred tries at once are a hundred tries.
        self._rules.failed(*who, self._clock.now())
        if not await self._passwords.fits(request.password, stored) or found is None:
            raise EzError(ErrorKey.LOGIN_WRONG)
        self._rules.succeeded(*who)
        account = found[0]
        token = await self._accounts.issue_token(account, self._clock.wall())
        return login_answer(account, token, TOKEN_LIFE_S)


def login_answer(account: Account, token: str, expires_in_s: float) -> LoginAnswer:
    """Return an account as the wire shows it."""
    return LoginAnswer(
        token=token,
        login=account.login,
        name=account.name,
        role=account.role,
        company=account.site.company,
        site=account.site.name,
        expires_in_s=expires_in_s,
    )
