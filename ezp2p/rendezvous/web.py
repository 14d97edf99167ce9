"""How requests reach the offices: one table of routes, each with who may use it.

A route cannot exist without its mark (`Access`), and the server does not start with a route that
did not come from the table. A handler is called only after origin, token, role and body were
checked; its errors leave as ProblemAnswer, or as a plain page where people look.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import msgspec
from aiohttp import hdrs, web
from sqlalchemy.exc import SQLAlchemyError

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, PeerError
from ezp2p.rendezvous.accounts import Account, AccountRole
from ezp2p.rendezvous.address import Ways
from ezp2p.rendezvous.config import Limits
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import ProblemAnswer

API = "/api/"
_LONGEST_TOKEN = 64
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOG = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "ezp2p",
}
_HSTS = "max-age=31536000"

# What a failed request answers: status, and a sentence for those who read JSON by eye. The
# programs show their own sentence for the key.
_PROBLEMS: dict[str, tuple[int, str]] = {
    ErrorKey.LOGIN_WRONG: (401, "Wrong site, login or password."),
    ErrorKey.LOGIN_WAIT: (429, "Too many tries; wait before the next."),
    ErrorKey.LOGIN_EXPIRED: (401, "Log in first."),
    ErrorKey.SERVER_BUSY: (503, "Too busy just now; try again in a moment."),
    ErrorKey.SERVER_INSECURE: (403, "Passwords are taken over https only."),
    ErrorKey.SERVER_REFUSED: (403, "Not allowed."),
    ErrorKey.SITE_UNKNOWN: (404, "There is no such site here."),
    ErrorKey.PEER_PROTOCOL: (400, "The request is malformed or too long."),
    ErrorKey.USAGE: (400, "The request cannot be carried out."),
    ErrorKey.DATABASE_BROKEN: (503, "The records cannot be reached just now."),
}


class Access(Enum):
    """Who may use a route."""

    ANYONE = "anyone"
    COUNSELOR = "counselor"  # and admins
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Asking:
    """A request whose origin, sender and body were checked."""

    request: web.Request
    address: str
    account: Account | None
    token: str | None
    body: Any = None

    @property
    def who(self) -> Account:
        """The account, on a route that only accounts reach."""
        if self.account is None:
            raise EzError(ErrorKey.LOGIN_EXPIRED)
        return self.account


Handler = Callable[[Asking], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method and path, what it does, who may use it, and its words (None for a page)."""

    method: str
    path: str
    handler: Handler
    access: Access
    summary: str
    body: type | None = None
    answer: Any = None
    secret: bool = False  # carries a password
    for_people: bool = False  # a page: better looked at over TLS, where we speak it


class ErrorPages(Protocol):
    """Draws what a person sees when there is nothing at an address."""

    def error(self, request: web.Request, status: int) -> web.Response:
        """Return a whole page."""
        ...


class Tokens(Protocol):
    """Knows whose a bearer token is."""

    async def by_token(self, token: str, wall: float) -> Account | None:
        """Return the account, None for a token that is nobody's."""
        ...


class Desk:
    """Checks requests and hands them to their handlers."""

    def __init__(
        self,
        accounts: Tokens,
        ways: Ways,
        pages: ErrorPages,
        clock: Clock,
        limits: Limits,
        *,
        https: bool,
    ) -> None:
        self._accounts = accounts
        self._ways = ways
        self._pages = pages
        self._clock = clock
        self._limits = limits
        self._headers = HEADERS | ({"Strict-Transport-Security": _HSTS} if https else {})

    def application(self, routes: Iterable[Route]) -> web.Application:
        """Return the application that serves exactly these routes."""
        app = web.Application(
            client_max_size=self._limits.body_bytes, middlewares=[self._answer_errors]
        )
        app.on_response_prepare.append(self._add_headers)
        marked = {self._add(app, route) for route in routes}
        check_marks(app, marked)
        return app

    def _add(self, app: web.Application, route: Route) -> Any:
        if not isinstance(route.access, Access):
            raise TypeError(f"{route.method} {route.path} says not who may use it")

        async def serve(request: web.Request) -> web.StreamResponse:
            better = self._ways.better_url(request) if route.for_people else None
            if better is not None:
                raise web.HTTPPermanentRedirect(better)
            return await route.handler(await self._check(request, route))

        return app.router.add_route(route.method, route.path, serve)

    async def _check(self, request: web.Request, route: Route) -> Asking:
        acts = request.method not in _SAFE_METHODS or hdrs.UPGRADE in request.headers
        if acts and not self._ways.may_come_from(request):
            raise EzError(ErrorKey.SERVER_REFUSED)
        if route.secret and not self._ways.is_private(request):
            raise EzError(ErrorKey.SERVER_INSECURE)
        token = _bearer(request)
        account = await self._accounts.by_token(token, self._clock.wall()) if token else None
        if account is None and (route.access is not Access.ANYONE or token):
            raise EzError(ErrorKey.LOGIN_EXPIRED)
        if route.access is Access.ADMIN and account and account.role is not AccountRole.ADMIN:
            raise EzError(ErrorKey.SERVER_REFUSED)
        body = await self._body(request, route.body) if route.body else None
        return Asking(request, self._ways.client(request), account, token, body)

    async def _body(self, request: web.Request, kind: type) -> Any:
        async with asyncio.timeout(self._limits.body_timeout_s):
            data = await request.read()
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise PeerError(ErrorKey.PEER_PROTOCOL, why=str(error)) from None

    @web.middleware
    async def _answer_errors(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except EzError as error:
            return self._failed(request, *_status(error), error.key, error.fields)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return self._failed(request, error.status, error.reason, ErrorKey.USAGE, {})
        except SQLAlchemyError as error:
            _LOG.error("the records cannot be reached: %s", error)
            broken = EzError(ErrorKey.DATABASE_BROKEN)
            return self._failed(request, *_status(broken), broken.key, {})
        except TimeoutError:
            response = self._failed(request, 408, "Too slow.", ErrorKey.PEER_PROTOCOL, {})
            response.force_close()
            return response
        except Exception:  # the border: a mistake of ours ends one request, not the server
            _LOG.exception("%s %s failed", request.method, request.rel_url.raw_path)
            return self._failed(request, 500, "A mistake of ours.", ErrorKey.INTERNAL, {})

    def _failed(
        self, request: web.Request, status: int, message: str, key: str, fields: dict[str, object]
    ) -> web.Response:
        if not request.path.startswith(API):
            return self._pages.error(request, status)
        wait_s = fields.get("seconds", 0.0)
        wait_s = wait_s if isinstance(wait_s, float) else 0.0
        response = json_response(
            ProblemAnswer(key=key, message=message, wait_s=wait_s), status=status
        )
        if status == 401:
            response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
        if wait_s > 0:
            response.headers[hdrs.RETRY_AFTER] = str(math.ceil(wait_s))
        return response

    async def _add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        for name, value in self._headers.items():
            if name == hdrs.SERVER or name not in response.headers:
                response.headers[name] = value


def check_marks(app: web.Application, marked: Iterable[Any]) -> None:
    """Raises TypeError if the application serves anything that is not in the table of routes."""
    strange = set(app.router.routes()) - set(marked)
    if strange:
        raise TypeError(f"routes without a mark who may use them: {strange}")


def json_response(answer: Any, *, status: int = 200) -> web.Response:
    """Return a Struct as JSON."""
    return web.Response(
        body=msgspec.json.encode(answer), status=status, content_type="application/json"
    )


def _status(error: EzError) -> tuple[int, str]:
    return _PROBLEMS.get(error.key, (500, "A mistake of ours."))


def _bearer(request: web.Request) -> str | None:
    """Return the token a request carries; None if it carries no Authorization at all."""
    values = request.headers.getall(hdrs.AUTHORIZATION, [])
    if not values:
        return None
    scheme, _, token = values[0].partition(" ")
    if len(values) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST_TOKEN:
        raise EzError(ErrorKey.LOGIN_EXPIRED)
    return token
