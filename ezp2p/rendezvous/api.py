"""The REST interface: logging in and out, who I am, the alarms, health."""

from __future__ import annotations

import msgspec
from aiohttp import web

from ezp2p.base.errors import Unavailable
from ezp2p.rendezvous.accounts import Accounts
from ezp2p.rendezvous.alarms import Alarms
from ezp2p.rendezvous.database import Database
from ezp2p.rendezvous.login import Login
from ezp2p.rendezvous.signalling import Signalling
from ezp2p.rendezvous.web import Access, Asking, Route, json_response
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.fields import Line, Word
from ezp2p.wire.signalling import LoginAnswer, LoginRequest, SiteName


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """GET /api/v1/me: whose token this is."""

    login: Word
    name: Line
    role: Word
    company: Line
    site: SiteName


class AlarmEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm; `at` in seconds since 1970 (UTC)."""

    kind: Word
    detail: str
    at: float


class AlarmList(msgspec.Struct, frozen=True, kw_only=True):
    """GET /api/v1/alarms: the latest of the admin's own site, newest first."""

    alarms: list[AlarmEntry]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """GET /healthz and /readyz."""

    status: Word


class Api:
    """The handlers, and the routes that lead to them."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        alarms: Alarms,
        login: Login,
        signalling: Signalling,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._alarms = alarms
        self._login = login
        self._signalling = signalling

    def routes(self) -> list[Route]:
        """Return the table."""
        return [
            Route(
                method="POST",
                path="/api/v1/login",
                handler=self._log_in,
                access=Access.ANYONE,
                summary="Exchange a password for a bearer token (12 hours)",
                body=LoginRequest,
                answer=LoginAnswer,
                secret=True,
            ),
            Route(
                method="POST",
                path="/api/v1/logout",
                handler=self._log_out,
                access=Access.COUNSELOR,
                summary="Revoke the token of this request; its sockets are closed",
            ),
            Route(
                method="GET",
                path="/api/v1/me",
                handler=self._me,
                access=Access.COUNSELOR,
                summary="Whose token this is",
                answer=Me,
            ),
            Route(
                method="GET",
                path="/api/v1/alarms",
                handler=self._list_alarms,
                access=Access.ADMIN,
                summary="The latest 100 alarms of the site, newest first",
                answer=AlarmList,
            ),
            Route(
                method="GET",
                path="/api/v1/signal",
                handler=self._signalling.serve,
                access=Access.ANYONE,
                summary="The signalling WebSocket; with a token as a counselor, else a customer",
            ),
            Route(
                method="GET",
                path="/healthz",
                handler=self._health,
                access=Access.ANYONE,
                summary="The process answers",
                answer=Health,
            ),
            Route(
                method="GET",
                path="/readyz",
                handler=self._readiness,
                access=Access.ANYONE,
                summary="The records can be reached (503 if not)",
                answer=Health,
            ),
        ]

    async def _log_in(self, asking: Asking) -> web.StreamResponse:
        return json_response(await self._login.log_in(asking.body, asking.address))

    async def _log_out(self, asking: Asking) -> web.StreamResponse:
        await self._accounts.revoke_token(asking.token or "")
        await self._signalling.drop_dead_tokens()
        return web.Response(status=204)

    async def _me(self, asking: Asking) -> web.StreamResponse:
        who = asking.who
        return json_response(
            Me(
                login=who.login,
                name=who.name,
                role=who.role,
                company=who.site.company,
                site=who.site.name,
            )
        )

    async def _list_alarms(self, asking: Asking) -> web.StreamResponse:
        records = await self._alarms.newest(asking.who.site.id)
        entries = [AlarmEntry(kind=r.kind, detail=r.detail, at=r.at) for r in records]
        return json_response(AlarmList(alarms=entries))

    async def _health(self, _asking: Asking) -> web.StreamResponse:
        return json_response(Health(status="ok"))

    async def _readiness(self, _asking: Asking) -> web.StreamResponse:
        if not await self._database.answers():
            raise Unavailable(ErrorKey.DATABASE_BROKEN)
        return json_response(Health(status="ok"))
