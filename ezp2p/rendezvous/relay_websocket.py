"""The relay's WebSockets, for programs whose network lets no UDP through.

    first message within 10 s    04 | ticket, answered by 06 | allocation; again every 15 s
    then                         03 | datagrams, 16 KiB at most, passed on as they are
    anything else                the end (1008)

Nothing is queued: a message that finds 64 KiB unsent is dropped, as a router would; QUIC sends it
again. What UDP brings within one round of the loop leaves in one message.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from ezp2p.base.clock import Clock
from ezp2p.base.errors import Unavailable
from ezp2p.base.unsent import limit_unsent, unsent_bytes
from ezp2p.rendezvous.config import Limits
from ezp2p.rendezvous.limits import Turnstile, network
from ezp2p.rendezvous.relay import RelayTable
from ezp2p.rendezvous.udp_port import UdpPort
from ezp2p.rendezvous.web import Access, Asking, Route
from ezp2p.wire.datagram import (
    RELAY_BIND,
    RELAYED,
    TUBE_MESSAGE_BYTES,
    TUBE_QUEUE_BYTES,
    TUBE_ROUTE,
    pack,
)
from ezp2p.wire.keys import ErrorKey

_CLOSE_TIMEOUT_S = 3.0
# RFC 6455, 5.2: a whole binary message; a server masks nothing.
_BINARY = 0x82
_SHORT, _MEDIUM = 125, 0xFFFF


class WebSocketTube:
    """One end's WebSocket. Frames are written here, since aiohttp's sending waits."""

    def __init__(self, transport: asyncio.Transport, host: str) -> None:
        self.host = host
        self._transport = transport
        self._waiting: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        limit_unsent(transport)

    def put(self, datagram: bytes) -> None:
        """Send one datagram together with those that come in the same round of the loop."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(datagram)

    def put_message(self, message: bytes) -> None:
        """Send a message, or drop it."""
        transport = self._transport
        if transport.is_closing() or unsent_bytes(transport) > TUBE_QUEUE_BYTES:
            return
        if len(message) <= _SHORT:
            head = bytes((_BINARY, len(message)))
        elif len(message) <= _MEDIUM:
            head = struct.pack("!BBH", _BINARY, _SHORT + 1, len(message))
        else:
            raise ValueError("no message of ours is so long")
        transport.write(head + message)

    def let_go(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _flush(self) -> None:
        datagrams, self._waiting = self._waiting, []
        for message in pack(datagrams):
            self.put_message(message)


class RelayWebSockets:
    """The office of GET /api/v1/relay."""

    def __init__(self, table: RelayTable, udp: UdpPort, clock: Clock, limits: Limits) -> None:
        """`udp` sends what a WebSocket's peer gets by UDP."""
        self._table = table
        self._udp = udp
        self._clock = clock
        self._limits = limits
        self._inside = Turnstile(in_all=limits.connections, per_key=limits.tubes_per_address)
        self._open: set[web.WebSocketResponse] = set()

    def route(self) -> Route:
        """Return how it is reached."""
        return Route(
            method="GET",
            path=TUBE_ROUTE,
            handler=self.serve,
            access=Access.ANYONE,
            summary="The relay's WebSocket; a ticket of the rendezvous is asked for inside",
        )

    async def serve(self, asking: Asking) -> web.StreamResponse:
        """Carry one end's datagrams until it leaves."""
        place = network(asking.address)
        if not self._inside.enter(place):
            raise Unavailable(ErrorKey.SERVER_BUSY)
        try:
            return await self._carry(asking)
        finally:
            self._inside.leave(place)

    async def close(self) -> None:
        """Say good-bye to everybody."""
        closing = [ws.close(code=WSCloseCode.GOING_AWAY) for ws in self._open]
        await asyncio.gather(*closing, return_exceptions=True)

    async def _carry(self, asking: Asking) -> web.StreamResponse:
        ws = web.WebSocketResponse(
            heartbeat=self._limits.heartbeat_s,
            timeout=_CLOSE_TIMEOUT_S,
            compress=False,
            max_msg_size=TUBE_MESSAGE_BYTES + 1,  # aiohttp refuses what is as long as that
        )
        await ws.prepare(asking.request)
        transport = asking.request.transport
        if transport is None:  # it has left meanwhile
            return ws
        tube = WebSocketTube(transport, asking.address)
        self._open.add(ws)
        try:
            if await self._is_admitted(ws, tube):
                await self._pump(ws, tube)
            await ws.close(code=WSCloseCode.POLICY_VIOLATION)
        finally:
            self._open.discard(ws)
            self._table.depart(tube, self._clock.now())
        return ws

    async def _is_admitted(self, ws: web.WebSocketResponse, tube: WebSocketTube) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.header_timeout_s):
                first = await ws.receive()
            return first.type is WSMsgType.BINARY and self._bind(first.data, tube)
        return False

    async def _pump(self, ws: web.WebSocketResponse, tube: WebSocketTube) -> None:
        table, clock, send = self._table, self._clock, self._udp.send
        while (received := await ws.receive()).type is WSMsgType.BINARY:
            message = received.data
            if message[:1] == b"%c" % RELAYED and table.is_seated(tube):
                for answer in table.carry(message, tube, clock.now()):
                    send(*answer)
            elif not self._bind(message, tube):
                return

    def _bind(self, message: bytes, tube: WebSocketTube) -> bool:
        if message[:1] != b"%c" % RELAY_BIND:
            return False
        bound = self._table.admit(message[1:], tube, self._clock.now(), self._clock.wall())
        if bound is not None:
            tube.put_message(bound)
        return bound is not None
