"""The line to the rendezvous: typed messages over one WebSocket, as wire/signalling.py has them.

A counselor's line carries the token of a login and is opened again when it breaks (its slots are
not: whoever holds them opens them anew). A customer's line carries nothing and lives for a call.
The server is no friend: it may be late, break off or lie, and gets an error for each.
"""

from __future__ import annotations

import asyncio
import logging
from random import Random
from typing import Any

import aiohttp
import msgspec
from aiohttp import WSMsgType

from ezp2p.base.errors import EzError, PeerError, Unreachable
from ezp2p.link.outbound import DIRECT, Outbound
from ezp2p.link.server import (
    ANSWER_TIMEOUT_S,
    check_secure,
    open_http,
    reaching,
    refusal,
    unreachable,
)
from ezp2p.link.server import login as login  # part of this line's public face
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import (
    COUNSELOR_LIMIT,
    CounselorSays,
    CustomerSays,
    RendezvousSays,
)

log = logging.getLogger(__name__)

HEARTBEAT_S = 20.0  # most NATs and proxies forget a silent TCP connection after 60 s
SEND_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0
FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0

_DECODER = msgspec.json.Decoder(RendezvousSays)
_TYPES = frozenset(
    getattr(kind, "__struct_config__").tag  # noqa: B009 - msgspec's own name for it
    for kind in RendezvousSays.__args__
)


class _Tagged(msgspec.Struct):
    type: str


class Signalling:
    """One open line. Only one task may receive at a time."""

    def __init__(
        self,
        server: ServerAddress,
        http: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
    ) -> None:
        """Use connect()."""
        self.server = server
        self.unknown_messages = 0
        self._http = http
        self._socket = socket

    @classmethod
    async def connect(
        cls, server: ServerAddress, token: str | None = None, outbound: Outbound = DIRECT
    ) -> Signalling:
        """Open a line: a counselor's with the token of a login, a customer's without.

        Raises Unreachable(server.unreachable | server.certificate | server.busy),
        EzError(login.expired | server.refused | server.version), UsageError(server.insecure).
        """
        check_secure(server, insecure_http=outbound.insecure_http)
        http = await open_http(server, outbound)
        try:
            with reaching(server):
                socket = await _open(http, server, token)
        except BaseException:
            await http.close()
            raise
        return cls(server, http, socket)

    async def send(self, message: CounselorSays | CustomerSays) -> None:
        """Send; raises Unreachable(server.unreachable) if the line is broken."""
        with reaching(self.server):
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send_str(msgspec.json.encode(message).decode())

    async def receive(self) -> RendezvousSays:
        """Wait for the next message; those a later version invented are skipped and counted.

        Raises Unreachable(server.unreachable) when the line breaks or is closed, and
        PeerError(server.protocol) for what no honest rendezvous says; the line is dead then.
        """
        while True:
            with reaching(self.server):
                received = await self._socket.receive()
            if received.type is WSMsgType.TEXT:
                message = self._decode(received.data)
                if message is not None:
                    return message
                self.unknown_messages += 1
            elif received.type is WSMsgType.BINARY:
                raise self._broken("binary")
            elif isinstance(received.data, aiohttp.WebSocketError):
                raise self._broken(str(received.data))
            else:
                raise unreachable(self.server, f"closed {self._socket.close_code}")

    async def close(self) -> None:
        """Say good-bye and let go of the socket; safe to call twice."""
        try:
            with reaching(self.server):
                await self._socket.close()
        except Unreachable as error:
            log.debug("no good-bye: %s", error)
        finally:
            await self._http.close()

    def _decode(self, text: str) -> RendezvousSays | None:
        try:
            message: RendezvousSays = _DECODER.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            if _is_unknown(text):
                return None
            raise self._broken(str(error)) from None
        return message

    def _broken(self, why: str) -> PeerError:
        return PeerError(ErrorKey.SERVER_PROTOCOL, host=self.server.host, why=why)


class Backoff:
    """How long to wait before the next try: full jitter, so that a thousand counselors whose
    server restarts do not all come back at once."""

    def __init__(self, random: Random, *, longest_s: float = LONGEST_DELAY_S) -> None:
        self._random = random
        self._longest_s = longest_s
        self._failures = 0

    def next_delay_s(self) -> float:
        """Return a time between 0 and a bound that doubles with each call, up to the longest."""
        bound = min(self._longest_s, FIRST_DELAY_S * 2 ** min(self._failures, 16))
        self._failures += 1
        return self._random.uniform(0.0, bound)

    def worked(self) -> None:
        """A try has succeeded: begin with short times again."""
        self._failures = 0


async def connect_again(
    server: ServerAddress, token: str, backoff: Backoff, outbound: Outbound = DIRECT
) -> Signalling:
    """Open a counselor's line after it broke, for as long as it takes.

    Waits out even a strange certificate or a page instead of our server: a hotel's network
    shows both until somebody has agreed to its terms. Raises only what a person must cure,
    EzError(login.expired) and UsageError(server.insecure).
    """
    while True:
        await asyncio.sleep(backoff.next_delay_s())
        try:
            line = await Signalling.connect(server, token, outbound)
        except EzError as error:
            if error.key in (ErrorKey.LOGIN_EXPIRED, ErrorKey.SERVER_INSECURE):
                raise
            log.info("still no line to the server: %s", error)
        else:
            backoff.worked()
            return line


async def _open(
    http: aiohttp.ClientSession, server: ServerAddress, token: str | None
) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await http.ws_connect(
                server.url + "/api/v1/signal",
                headers={"Authorization": f"Bearer {token}"} if token else None,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                heartbeat=HEARTBEAT_S,
                compress=0,
                max_msg_size=COUNSELOR_LIMIT,
            )
    except aiohttp.WSServerHandshakeError as error:
        raise refusal(server, error.status) from error


def _is_unknown(text: Any) -> bool:
    try:
        return msgspec.json.decode(text, type=_Tagged).type not in _TYPES
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
