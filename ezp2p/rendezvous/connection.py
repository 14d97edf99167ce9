"""The door for TCP: every connection is counted from its first moment, and hurried along.

    too many in all, or from one address     dropped before a byte is read or a key exchanged
    no full request within the time-out      closed, the first and every later one alike
    TLS buffers                              16 KiB instead of 256 a connection

aiohttp's keep-alive timer runs from the connection's first moment and looks only at full
requests, so with 10 s it is the header time-out too; bodies have their own (see web.py).
"""

from __future__ import annotations

import asyncio
import asyncio.sslproto
import logging
import socket
import ssl
from pathlib import Path
from typing import Any

from aiohttp import web

from ezp2p.rendezvous.address import Ways
from ezp2p.rendezvous.config import Limits
from ezp2p.rendezvous.limits import Turnstile, network

_READ_BUFFER_BYTES = 16 * 1024
_OUT_OF_FILES_S = 0.1  # how long we wait when the system lets us open no more
_LOG = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """One TCP connection, let in at `place`."""

    __slots__ = ("_place", "_turnstile")

    def __init__(
        self, server: web.Server, turnstile: Turnstile, place: object, **options: Any
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._turnstile = turnstile
        self._place = place

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP without an echo of it; strangers do not fill our log."""
        _LOG.debug("refused a request of %s: %s", request.remote, type(exc).__name__)
        headers = {"X-Content-Type-Options": "nosniff", "Server": "ezp2p"}
        response = web.Response(status=status, headers=headers)
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room."""
        self._turnstile.leave(self._place)
        super().connection_lost(exc)


class Door:
    """Accepts connections on a listening, non-blocking socket, which it does not own."""

    def __init__(
        self,
        server: web.Server,
        tcp: socket.socket,
        tls: ssl.SSLContext | None,
        ways: Ways,
        turnstile: Turnstile,
        limits: Limits,
    ) -> None:
        """`turnstile` counts the connections of all doors together."""
        self._server = server
        self._tcp = tcp
        self._tls = tls
        self._ways = ways
        self._handshake_s = limits.header_timeout_s
        self._turnstile = turnstile
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
        _small_tls_buffers(limits.tls_buffer_bytes)

    async def stand_open(self) -> None:
        """Let people in until cancelled; then those still shaking hands are let go."""
        unmet: set[socket.socket] = set()  # accepted, but no task has begun to welcome them
        try:
            async with asyncio.TaskGroup() as handshakes:
                while True:
                    accepted, peer = await self._accept()
                    # All of a proxy's connections are one peer's, so they are counted one by one.
                    address = str(peer[0])
                    place = object() if self._ways.is_proxy(address) else network(address)
                    if self._turnstile.enter(place):
                        unmet.add(accepted)
                        handshakes.create_task(self._welcome(accepted, place, unmet))
                    else:
                        accepted.close()
        finally:
            for accepted in unmet:
                accepted.close()

    async def _accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection and its peer.

        Not by the loop's sock_accept, which loses a connection that comes as it is cancelled.
        """
        while True:
            await self._somebody()
            try:
                accepted, peer = self._tcp.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                continue  # gone again
            except OSError as error:
                _LOG.warning("cannot accept a connection: %s", error)
                await asyncio.sleep(_OUT_OF_FILES_S)
            else:
                accepted.setblocking(False)
                return accepted, peer

    async def _somebody(self) -> None:
        """Wait until there is somebody to accept."""
        loop = asyncio.get_running_loop()
        knocked = asyncio.Event()
        loop.add_reader(self._tcp, knocked.set)
        try:
            await knocked.wait()
        finally:
            loop.remove_reader(self._tcp)

    async def _welcome(
        self, accepted: socket.socket, place: object, unmet: set[socket.socket]
    ) -> None:
        unmet.discard(accepted)

        def connection() -> Connection:
            return Connection(self._server, self._turnstile, place, **self._options)

        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                connection,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=self._handshake_s if self._tls else None,
            )
        except OSError as error:  # SSLError and time-outs too
            _LOG.debug("handshake failed: %s", error)
            self._turnstile.leave(place)
        except Exception:  # the border: one connection's trouble does not close the door
            _LOG.exception("cannot serve a connection")
            self._turnstile.leave(place)


def tls_context(cert: Path, key: Path | None) -> ssl.SSLContext:
    """Return what serves this certificate chain, TLS 1.2 and later. Raises OSError, SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context


def _small_tls_buffers(size_bytes: int) -> None:
    """Let every TLS connection made from now on read through a buffer of this size.

    asyncio offers no option: the size is a class attribute of its own protocol (CPython 3.11 to
    3.14), read when a connection is made. 291 KiB an idle connection become 51.
    """
    asyncio.sslproto.SSLProtocol.max_size = size_bytes
