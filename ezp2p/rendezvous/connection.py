"""A TCP connection of the rendezvous, with what aiohttp leaves open closed.

    too many in all, or from one address     dropped before a byte is read
    no full request within the time-out      closed, the first and every later one alike
    TLS buffers                              16 KiB instead of 256 a connection

aiohttp's keep-alive timer runs from the connection's first moment and looks only at full
requests, so with 10 s it is the header time-out too; bodies have their own (see web.py).
"""

from __future__ import annotations

import asyncio
import asyncio.sslproto
import logging
import ssl
from pathlib import Path
from typing import Any

from aiohttp import web

from ezp2p.rendezvous.address import Ways
from ezp2p.rendezvous.config import Limits
from ezp2p.rendezvous.limits import Turnstile, network

_READ_BUFFER_BYTES = 16 * 1024
_LOG = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """One TCP connection, counted while it is open."""

    __slots__ = ("_place", "_turnstile", "_ways")

    def __init__(
        self,
        server: web.Server,
        turnstile: Turnstile,
        ways: Ways,
        loop: asyncio.AbstractEventLoop,
        **options: Any,
    ) -> None:
        super().__init__(server, loop=loop, **options)
        self._turnstile = turnstile
        self._ways = ways
        self._place: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the connection in if there is room for its address; a proxy's count as many."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        place = repr(transport) if self._ways.is_proxy(address) else network(address)
        super().connection_made(transport)
        if self._turnstile.enter(place):
            self._place = place
        else:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP without an echo of it; strangers do not fill our log."""
        _LOG.debug("refused a request of %s: %s", request.remote, type(exc).__name__)
        response = web.Response(status=status, headers={"X-Content-Type-Options": "nosniff"})
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room."""
        if self._place is not None:
            self._turnstile.leave(self._place)
            self._place = None
        super().connection_lost(exc)


class ConnectionMaker:
    """Makes the connections of one server; `asyncio.loop.create_server` calls it."""

    def __init__(self, server: web.Server, ways: Ways, limits: Limits) -> None:
        self._server = server
        self._ways = ways
        self._turnstile = Turnstile(
            in_all=limits.connections, per_key=limits.connections_per_address
        )
        self._options: dict[str, Any] = {
            "keepalive_timeout": limits.header_timeout_s,
            "lingering_time": limits.body_timeout_s,
            "max_line_size": limits.header_bytes,
            "max_field_size": limits.header_bytes,
            "max_headers": limits.headers,
            "read_bufsize": _READ_BUFFER_BYTES,
            "auto_decompress": False,  # nobody needs to send us a compressed password
            "access_log": None,
        }

    def __call__(self) -> Connection:
        """Return the protocol of a connection that has just been accepted."""
        loop = asyncio.get_running_loop()
        return Connection(self._server, self._turnstile, self._ways, loop, **self._options)


def small_tls_buffers(size_bytes: int) -> None:
    """Let every TLS connection made from now on read through a buffer of this size.

    asyncio offers no option: the size is a class attribute of its own protocol (CPython 3.11 to
    3.14), read when a connection is made. 291 KiB an idle connection become 51.
    """
    asyncio.sslproto.SSLProtocol.max_size = size_bytes


def tls_context(cert: Path, key: Path | None) -> ssl.SSLContext:
    """Return what serves this certificate chain, TLS 1.2 and later. Raises OSError, SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context
