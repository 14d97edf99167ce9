"""The program's own pages on 127.0.0.1, and one WebSocket for each open tab.

    browser or our window                       this server
      GET  /, /core/...  (static, no secret)
      POST /enter   {"token": ...}          ->  {"secret": ...}       a token works once
      GET  /bridge  WebSocket, subprotocols "ezp2p" and the secret

Other programs' pages run in the same browser, so each request must come to our own address
(Host: a rebound DNS name fails) and, where it can change or learn anything, from our own page
(Origin). Nothing but the pages' files is served without a tab's secret.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
from aiohttp import web

from ezp2p.base.errors import Unavailable
from ezp2p.ui.assets import Asset, read_assets
from ezp2p.ui.keys import DoorKeys
from ezp2p.ui.program import Program
from ezp2p.ui.tab import FROM_PAGE_LIMIT, Tab
from ezp2p.wire.bridge import BridgeSays, ChatSaid, StateChanged
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import ErrorKey

LOOPBACK = "127.0.0.1"
SUBPROTOCOL = "ezp2p"
ENTER_LIMIT = 1024  # bytes of a POST /enter
TAB_LIMIT = 16  # open at once
PING_S = 30.0

# 'wasm-unsafe-eval' is what a browser calls compiling the zstd decoder; data: is where it,
# the pointer's shape and the QR code come from.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self' ws://{host} data:; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

_log = logging.getLogger(__name__)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class EnterRequest(msgspec.Struct, frozen=True):
    """A tab shows the token of its address."""

    token: str


class EnterAnswer(msgspec.Struct, frozen=True):
    """The tab's secret from now on."""

    secret: str


class PageServer:
    """Serves the pages and carries words between them and the program.

    Belongs to one event loop. `web_root` and `locale_root` are read once, in start().
    """

    def __init__(self, web_root: Path, locale_root: Path, app: Program) -> None:
        self._web_root = web_root
        self._locale_root = locale_root
        self._program = app
        self._keys = DoorKeys()
        self._tabs: set[Tab] = set()
        self._assets: Mapping[str, Asset] = {}
        self._runner: web.AppRunner | None = None
        self._host = ""

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1, at a free port if 0. Raises Unavailable(port.taken)."""
        self._assets = read_assets(self._web_root, self._locale_root)
        application = web.Application(middlewares=[self._guard], client_max_size=ENTER_LIMIT)
        application.router.add_post("/enter", self._enter)
        application.router.add_get("/bridge", self._bridge)
        application.router.add_get("/{path:.*}", self._asset)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, port).start()
        except OSError as error:
            await runner.cleanup()
            raise Unavailable(ErrorKey.PORT_TAKEN, port=port, why=error) from None
        self._runner = runner
        self._host = f"{LOOPBACK}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close every tab's connection and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def new_address(self) -> str:
        """Return `http://127.0.0.1:PORT/#TOKEN`, which opens the pages in one tab, once."""
        return f"http://{self._host}/#{self._keys.new_token()}"

    @property
    def tabs(self) -> int:
        """How many tabs are connected."""
        return len(self._tabs)

    def tell(self, event: BridgeSays) -> None:
        """Send an event to every tab."""
        self._send(msgspec.json.encode(event).decode())

    def show(self, channel: Channel, session: int, data: bytes) -> None:
        """Send a channel's message, as it came over the link, to every tab."""
        self._send(bytes((channel, session)) + data)

    def _send(self, frame: str | bytes) -> None:
        for tab in self._tabs:
            tab.send(frame)

    # ---- requests ----------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not self._is_ours(request):
            _log.warning("refused a request of a foreign page to %s", request.path)
            response: web.StreamResponse = web.Response(status=403)
        else:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = web.Response(status=error.status)
        if not response.prepared:
            response.headers.update(HEADERS)
            response.headers["Content-Security-Policy"] = POLICY.format(host=self._host)
        return response

    def _is_ours(self, request: web.Request) -> bool:
        """Tell whether a request is for our address and not from another site's page."""
        origin = request.headers.get("Origin")
        if request.headers.get("Host") != self._host:
            return False
        if origin is None:
            return request.method == "GET" and request.path != "/bridge"
        return origin == f"http://{self._host}"

    async def _asset(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.path)
        if asset is None:
            raise web.HTTPNotFound
        return web.Response(body=asset.body, headers={"Content-Type": asset.mime_type})

    async def _enter(self, request: web.Request) -> web.Response:
        try:
            token = msgspec.json.decode(await request.read(), type=EnterRequest).token
        except (msgspec.DecodeError, UnicodeError):
            raise web.HTTPBadRequest from None
        secret = self._keys.exchange(token)
        if secret is None:
            raise web.HTTPForbidden
        return web.Response(
            body=msgspec.json.encode(EnterAnswer(secret)), content_type="application/json"
        )

    async def _bridge(self, request: web.Request) -> web.StreamResponse:
        offered = [
            word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        ]
        if not any(self._keys.fits(word) for word in offered if word != SUBPROTOCOL):
            raise web.HTTPForbidden
        if len(self._tabs) >= TAB_LIMIT:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            max_msg_size=FROM_PAGE_LIMIT,
            compress=False,
            heartbeat=PING_S,
        )
        await socket.prepare(request)
        tab = Tab(socket, self._program)
        self._greet(tab)
        self._tabs.add(tab)
        try:
            await tab.run()
        finally:
            self._tabs.discard(tab)
        return socket

    def _greet(self, tab: Tab) -> None:
        """Give a new tab everything it shows."""
        events: list[StateChanged | ChatSaid] = [StateChanged(state=self._program.state())]
        events += self._program.chat_lines()
        for event in events:
            tab.send(msgspec.json.encode(event).decode())
