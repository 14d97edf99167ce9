"""The signalling WebSocket: reads messages, asks the switchboard, delivers its letters.

The shell around switchboard.py. A reading task per connection (the request itself) and a
writing one; a connection that reads too slowly, says too much or breaks the rules is let go.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from itertools import chain
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from sqlalchemy.exc import SQLAlchemyError

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, PeerError, Unavailable
from ezp2p.rendezvous.accounts import Account, Accounts, token_hash
from ezp2p.rendezvous.alarms import CODE_GUESSING, Alarms
from ezp2p.rendezvous.config import Limits
from ezp2p.rendezvous.limits import Bucket, Turnstile, network
from ezp2p.rendezvous.presence import Presence
from ezp2p.rendezvous.reunions import Reunions
from ezp2p.rendezvous.sites import Sites
from ezp2p.rendezvous.switchboard import (
    ALARM_FAILURES,
    Counselor,
    Customer,
    Switchboard,
    problem,
)
from ezp2p.rendezvous.web import Asking
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import (
    ANONYMOUS_LIMIT,
    COUNSELOR_LIMIT,
    CloseSlot,
    CounselorSays,
    CustomerSays,
    HangUp,
    Join,
    LeaveReunion,
    OpenSlot,
    Pass,
    Problem,
    RendezvousSays,
    SeekReunion,
)

_LOG = logging.getLogger(__name__)
_CLOSE_TIMEOUT_S = 3.0
_COUNSELOR = msgspec.json.Decoder(CounselorSays)
_CUSTOMER = msgspec.json.Decoder(CustomerSays)
_TYPES = frozenset(
    getattr(kind, "__struct_config__").tag  # noqa: B009 - msgspec's own name for it
    for kind in (*CounselorSays.__args__, *CustomerSays.__args__, *RendezvousSays.__args__)
)


class _Tagged(msgspec.Struct):
    type: str


class Socket:
    """One signalling connection: its outbox, and the token it came with."""

    def __init__(self, ws: web.WebSocketResponse, asking: Asking, limits: Limits) -> None:
        self.token_hash = token_hash(asking.token) if asking.token else None
        self._ws = ws
        self._transport = asking.request.transport
        self._limits = limits
        self._outbox: asyncio.Queue[RendezvousSays | WSCloseCode] = asyncio.Queue()
        self._ended = False

    def put(self, message: RendezvousSays) -> None:
        """Queue a message; whoever does not read for so long is let go."""
        if self._outbox.qsize() >= self._limits.outbox_messages:
            self.end(WSCloseCode.POLICY_VIOLATION)
        elif not self._ended:
            self._outbox.put_nowait(message)

    def end(self, code: WSCloseCode) -> None:
        """Close after what is queued."""
        if not self._ended:
            self._ended = True
            self._outbox.put_nowait(code)

    async def write(self) -> None:
        """Send what is put, until the end or until the other side does not read any more."""
        try:
            while True:
                item = await self._outbox.get()
                async with asyncio.timeout(self._limits.send_timeout_s):
                    if isinstance(item, WSCloseCode):
                        await self._ws.close(code=item)
                        return
                    await self._ws.send_str(msgspec.json.encode(item).decode())
        except (TimeoutError, ConnectionError):
            if self._transport is not None:
                self._transport.abort()


class Signalling:
    """The office of GET /api/v1/signal."""

    def __init__(
        self,
        switchboard: Switchboard,
        reunions: Reunions,
        presence: Presence,
        accounts: Accounts,
        sites: Sites,
        alarms: Alarms,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._switchboard = switchboard
        self._reunions = reunions
        self._presence = presence
        self._accounts = accounts
        self._sites = sites
        self._alarms = alarms
        self._clock = clock
        self._limits = limits
        self._strangers = Turnstile(in_all=limits.connections, per_key=limits.sockets_per_address)
        self._sockets: dict[str, Socket] = {}

    async def serve(self, asking: Asking) -> web.StreamResponse:
        """Talk with one program until it leaves."""
        if asking.account is not None:
            return await self._talk(asking, asking.account)
        place = network(asking.address)
        if not self._strangers.enter(place):
            raise Unavailable(ErrorKey.SERVER_BUSY)
        try:
            return await self._talk(asking, None)
        finally:
            self._strangers.leave(place)

    async def wake(self) -> None:
        """Let the switchboard look at the clock; call it every second or so."""
        self._switchboard.wake(self._clock.now())
        self._reunions.wake(self._clock.now())
        await self._send_out()

    async def drop_dead_tokens(self) -> None:
        """Close the sockets of tokens that were revoked, here or by the command line."""
        held = {s.token_hash for s in self._sockets.values() if s.token_hash is not None}
        dead = await self._accounts.dead_tokens(held, self._clock.wall()) if held else set()
        for socket in list(self._sockets.values()):
            if socket.token_hash in dead:
                socket.put(Problem(key=ErrorKey.LOGIN_EXPIRED))
                socket.end(WSCloseCode.POLICY_VIOLATION)

    def close(self) -> None:
        """Say good-bye to everybody."""
        for socket in list(self._sockets.values()):
            socket.end(WSCloseCode.GOING_AWAY)

    async def _talk(self, asking: Asking, account: Account | None) -> web.StreamResponse:
        ws = web.WebSocketResponse(
            heartbeat=self._limits.heartbeat_s,
            timeout=_CLOSE_TIMEOUT_S,
            compress=False,
            max_msg_size=COUNSELOR_LIMIT if account else ANONYMOUS_LIMIT,
        )
        await ws.prepare(asking.request)
        peer = secrets.token_hex(8)
        socket = self._sockets[peer] = Socket(ws, asking, self._limits)
        self._presence.arrive(peer, socket)
        writing = asyncio.create_task(socket.write())
        try:
            await self._read(ws, socket, _speaker(peer, asking.address, account))
        except Exception:  # the border: a mistake of ours ends one connection, not the server
            _LOG.exception("signalling with %s failed", peer)
            socket.end(WSCloseCode.INTERNAL_ERROR)
        finally:
            del self._sockets[peer]
            self._presence.leave(peer)
            self._switchboard.left(peer, self._clock.now())
            self._reunions.left(peer)
            socket.end(WSCloseCode.OK)
            try:
                await self._send_out()
                await asyncio.wait((writing,), timeout=self._limits.send_timeout_s)
            finally:
                writing.cancel()
        return ws

    async def _read(
        self, ws: web.WebSocketResponse, socket: Socket, speaker: Counselor | Customer
    ) -> None:
        bucket = Bucket(
            self._limits.messages_per_s, self._limits.messages_at_once, self._clock.now()
        )
        while True:
            received = await ws.receive()
            if received.type is WSMsgType.BINARY:
                socket.end(WSCloseCode.UNSUPPORTED_DATA)
            if received.type is not WSMsgType.TEXT:
                return  # it left, or aiohttp has refused an oversize message
            try:
                if bucket.take(self._clock.now()) > 0:
                    raise PeerError(ErrorKey.SERVER_BUSY, why="too many messages")
                message = _decode(received.data, speaker)
                if message is not None:
                    await self._handle(message, speaker)
            except PeerError as error:
                _LOG.info("let %s go: %s", speaker.peer, error.key)
                socket.put(problem(error))
                socket.end(WSCloseCode.POLICY_VIOLATION)
                return
            except EzError as error:
                socket.put(problem(error))
            await self._send_out()

    async def _handle(self, message: Any, speaker: Counselor | Customer) -> None:
        now = self._clock.now()
        board = self._switchboard
        if isinstance(message, Pass):
            if not self._reunions.pass_on(speaker.peer, message):
                board.pass_on(speaker.peer, message)
        elif isinstance(message, HangUp):
            board.hang_up(speaker.peer, message, now)
        elif isinstance(message, SeekReunion):
            self._reunions.seek(speaker, message, now)
        elif isinstance(message, LeaveReunion):
            self._reunions.leave(speaker.peer, message)
        elif isinstance(speaker, Counselor):
            if isinstance(message, OpenSlot):
                board.open_slot(speaker, now)
            elif isinstance(message, CloseSlot):
                board.close_slot(speaker, message.number, now)
        elif isinstance(message, Join):
            if await self._sites.find(message.site) is None:
                raise EzError(ErrorKey.SITE_UNKNOWN, site=message.site)
            board.join(speaker, message, self._clock.now())

    async def _send_out(self) -> None:
        for letter in chain(self._switchboard.next_letters(), self._reunions.next_letters()):
            self._presence.deliver(letter.peer, letter.message)
        for noticed in self._switchboard.next_alarms():
            detail = (
                f"{ALARM_FAILURES} access codes failed within an hour, "
                f"the latest from {noticed.address}"
            )
            try:
                await self._alarms.ring(noticed.site, CODE_GUESSING, detail, self._clock.wall())
            except SQLAlchemyError as error:  # the warning stands in the log at least
                _LOG.error("the alarm cannot be stored: %s", error)


def _speaker(peer: str, address: str, account: Account | None) -> Counselor | Customer:
    if account is None:
        return Customer(peer, address)
    return Counselor(peer, account.site.name, account.site.company, account.id, account.name)


def _decode(text: str, speaker: Counselor | Customer) -> Any:
    """Return the message, or None if a later version invented it.

    Raises PeerError(peer.protocol) for what is malformed or not this role's to say.
    """
    decoder = _COUNSELOR if isinstance(speaker, Counselor) else _CUSTOMER
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
            if msgspec.json.decode(text, type=_Tagged).type not in _TYPES:
                return None
        raise PeerError(ErrorKey.PEER_PROTOCOL, why=str(error)) from None
