"""A relay by WebSocket (a tube): what carries the link where no UDP passes.

    opening    the relay's TCP ports, 0.25 s after each other; the first that answers is used
    binding    04 | ticket  ->   <-  06 | allocation          again every 15 s, or when in doubt
    carrying   03 | datagrams, 16 KiB at most                  both ways
    broken     opened again, ever more slowly

A tube that falls silent is asked for a sign (a bind) and given up if none comes: after a change of
network, TCP itself would wait for minutes. What finds 64 KiB waiting is dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Protocol

import aiohttp
from aiohttp import WSMsgType

from ezp2p.base.errors import EzError
from ezp2p.base.unsent import limit_unsent, unsent_bytes
from ezp2p.link.outbound import Outbound
from ezp2p.link.server import (
    ANSWER_TIMEOUT_S,
    Socket,
    open_http,
    reaching,
    unreachable,
)
from ezp2p.link.signalling import Backoff
from ezp2p.nat.relay import REFRESH_S, RETRY_FIRST_S, Tickets
from ezp2p.nat.route import Address, Route
from ezp2p.wire.datagram import (
    RELAY_BIND,
    RELAY_BIND_MIN_BYTES,
    RELAY_BOUND,
    RELAY_HEADER_BYTES,
    RELAYED,
    TUBE_MESSAGE_BYTES,
    TUBE_QUEUE_BYTES,
    TUBE_ROUTE,
    pack,
    unpack,
)
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import PathKind
from ezp2p.wire.signalling import RelayOffer, RelayPort

log = logging.getLogger(__name__)

STAGGER_S = 0.25  # RFC 8305, 8
SIGN_S = 3.0  # within which a relay answers a bind
CLOSE_TIMEOUT_S = 1.0
HEARTBEAT_S = 20.0
LONGEST_DELAY_S = 10.0


class TubeEnd(Protocol):
    """Whose datagrams the tube carries. Called on the loop."""

    def tube_opened(self, tube: Tube, route: Route) -> None:
        """It carries from now on, under this name."""
        ...

    def tube_received(self, route: Route, datagrams: list[bytes]) -> None:
        """These came."""
        ...

    def tube_lost(self, route: Route) -> None:
        """It carries no more."""
        ...


@dataclass(frozen=True, slots=True)
class _Line:
    """One open WebSocket at one port."""

    address: ServerAddress
    http: aiohttp.ClientSession
    socket: Socket

    async def close(self) -> None:
        await self.socket.close()
        await self.http.close()


class Tube:
    """The way to one relay; `run` keeps it open."""

    def __init__(
        self, offer: RelayOffer, pin: str | None, outbound: Outbound, end: TubeEnd
    ) -> None:
        """`pin` is the relay's public key where no authority vouches for it."""
        self.host = offer.host
        self.udp_port = offer.udp_port  # with the host, what tells relays apart
        self._ports = outbound.ports_to_try(offer.ports)
        self._tickets = Tickets(offer.ticket)
        self._pin = pin
        self._outbound = outbound
        self._end = end
        self._line: _Line | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._doubt = asyncio.Event()
        self._bound = asyncio.Event()
        self._next_ticket = asyncio.Event()

    async def run(self) -> None:
        """Open it, carry, open it again when it breaks; until cancelled."""
        backoff = Backoff(Random(), longest_s=LONGEST_DELAY_S)
        while self._ports:
            try:
                await self._live(backoff)
            except EzError as error:
                log.info("no tube to %s: %s", self.host, error)
            await asyncio.sleep(backoff.next_delay_s())

    def send(self, datagrams: Sequence[bytes]) -> int:
        """Send them; return how many are dropped because too much waits already."""
        line = self._line
        unsent = 0 if line is None else unsent_bytes(line.socket.transport)
        if line is None or unsent + self._waiting_bytes > TUBE_QUEUE_BYTES:
            return len(datagrams)
        self._waiting += datagrams
        self._waiting_bytes += sum(map(len, datagrams))
        self._wake.set()
        return 0

    def renew(self, ticket: bytes) -> None:
        """Use this ticket from now on."""
        self._tickets = Tickets(ticket)
        self.ask()

    def ask(self) -> None:
        """Nothing is heard by it: is the relay still there?"""
        self._doubt.set()

    async def _live(self, backoff: Backoff) -> None:
        line = await self._open_first()
        route = Route(PathKind.RELAY_WS, Address(self.host, line.address.port))
        try:
            await _first_to_end(
                self._read(line, route),
                self._write(line),
                self._stay_bound(line, route, backoff),
            )
        finally:
            if self._line is not None:
                self._line = None
                self._end.tube_lost(route)
            else:
                self._try_last(line.address.port)
            await line.close()

    # --- opening

    def _try_last(self, number: int) -> None:
        """What opened at this port was no relay: something on the way answers in its place."""
        self._ports.sort(key=lambda port: port.port == number)

    async def _open_first(self) -> _Line:
        """Return the first line that opens; raises what went wrong with the last port."""
        left = list(self._ports)
        opening: set[asyncio.Task[_Line]] = set()
        opened: _Line | None = None
        problem: EzError | None = None
        try:
            while opened is None and (left or opening):
                if left:
                    opening.add(asyncio.create_task(self._open(left.pop(0))))
                done, opening = await asyncio.wait(
                    opening,
                    timeout=STAGGER_S if left else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in done:
                    try:
                        line = task.result()
                    except EzError as error:
                        problem = error
                        continue
                    if opened is None:
                        opened = line
                    else:
                        await line.close()
            await _close_all(opening)
        except BaseException:
            await _close_all(opening)
            if opened is not None:
                await opened.close()
            raise
        if opened is None:
            assert problem is not None
            raise problem
        return opened

    async def _open(self, port: RelayPort) -> _Line:
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "https" if port.tls else "http"
        address = ServerAddress(
            f"{scheme}://{host}:{port.port}", pin=self._pin if port.tls else None
        )
        with reaching(address):
            http = await open_http(address, self._outbound)
        try:
            with reaching(address):
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    socket = await http.ws_connect(
                        address.url + TUBE_ROUTE,
                        timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                        heartbeat=HEARTBEAT_S,
                        compress=0,
                        max_msg_size=TUBE_MESSAGE_BYTES + 1,
                    )
            assert isinstance(socket, Socket)  # as open_http has it
        except BaseException:
            await http.close()
            raise
        limit_unsent(socket.transport)
        return _Line(address, http, socket)

    # --- an open line: three tasks, and the first that ends is the end

    async def _stay_bound(self, line: _Line, route: Route, backoff: Backoff) -> None:
        while True:
            self._bound.clear()
            self._doubt.clear()
            with reaching(line.address):
                ticket = bytes((RELAY_BIND,)) + self._tickets.current
                async with asyncio.timeout(SIGN_S):
                    await line.socket.send_bytes(ticket)
                    await self._bound.wait()
            if self._line is None:
                backoff.worked()
                self._line = line
                self._waiting, self._waiting_bytes = [], 0
                self._end.tube_opened(self, route)
            pause_s = RETRY_FIRST_S if self._next_ticket.is_set() else REFRESH_S
            self._next_ticket.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._doubt.wait()

    async def _read(self, line: _Line, route: Route) -> None:
        while True:
            with reaching(line.address):
                received = await line.socket.receive()
            if received.type is not WSMsgType.BINARY:
                if line.socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION:
                    self._tickets.try_other()
                raise unreachable(line.address, f"closed {line.socket.close_code}")
            message = received.data
            if message[:1] == b"%c" % RELAYED:
                self._end.tube_received(route, list(unpack(message)))
            elif message[:1] == b"%c" % RELAY_BOUND:
                self._bound.set()
                if RELAY_HEADER_BYTES < len(message) <= RELAY_BIND_MIN_BYTES:
                    # It counts from when it is shown; the one before may be nearly spent.
                    self._tickets.follow(message[RELAY_HEADER_BYTES:])
                    self._next_ticket.set()

    async def _write(self, line: _Line) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            datagrams, self._waiting, self._waiting_bytes = self._waiting, [], 0
            with reaching(line.address):
                for message in pack(datagrams):
                    await line.socket.send_bytes(message)


async def _first_to_end(*lives: Coroutine[None, None, None]) -> None:
    """Run them together; when one ends, end the others, and raise what it raised."""
    tasks = [asyncio.create_task(life) for life in lives]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _close_all(opening: set[asyncio.Task[_Line]]) -> None:
    """Nobody waits for these any more."""
    for task in opening:
        task.cancel()
    for line in await asyncio.gather(*opening, return_exceptions=True):
        if isinstance(line, _Line):
            await line.close()
