"""One open tab: a WebSocket, what waits to go out on it, what it says.

Text frames are commands, binary frames a channel's message behind two bytes (wire/bridge.py).
A page runs on this machine but is not trusted: what it says is checked here, limit by limit,
and the first thing that does not fit closes it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

import msgspec
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from ezp2p.base.errors import PeerError
from ezp2p.ui.program import Program
from ezp2p.wire.bridge import COMMAND_LIMIT, PageSays
from ezp2p.wire.channel import FRAME_LIMIT, MIB, Channel
from ezp2p.wire.codecs import CODECS

HEADER_BYTES = 2  # channel, session
PAGE_CHANNELS = frozenset({Channel.INPUT, Channel.SCREEN})  # the rest goes by commands
FROM_PAGE_LIMIT = HEADER_BYTES + max(COMMAND_LIMIT, FRAME_LIMIT[Channel.INPUT])
UNREAD_S = 10.0  # a tab that takes nothing for so long is gone or broken
UNREAD_LIMIT = 128 * MIB  # bytes that wait for one tab

_commands: msgspec.json.Decoder[PageSays] = msgspec.json.Decoder(PageSays)


class TabBroken(Exception):
    """The page said what no page of ours says."""


class Tab:
    """A page in a browser or in our window."""

    def __init__(self, socket: web.WebSocketResponse, program: Program) -> None:
        self._socket = socket
        self._program = program
        self._unsent: deque[str | bytes] = deque()
        self._unsent_bytes = 0
        self._wake = asyncio.Event()

    def send(self, frame: str | bytes) -> None:
        """Put a frame behind all others; everything arrives, in order."""
        self._unsent.append(frame)
        self._unsent_bytes += len(frame)
        self._wake.set()

    async def run(self) -> None:
        """Talk until the page leaves or is closed for what it did."""
        writing = asyncio.create_task(self._write())
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, reading):
                task.cancel()
            await asyncio.gather(writing, reading, return_exceptions=True)
        await self._close(_reason(reading), _reason(writing))

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._unsent:
                if self._unsent_bytes > UNREAD_LIMIT:
                    raise TabBroken("does not read")
                frame = self._unsent.popleft()
                self._unsent_bytes -= len(frame)
                async with asyncio.timeout(UNREAD_S):
                    await self._send(frame)

    async def _send(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            await self._socket.send_str(frame)
        else:
            await self._socket.send_bytes(frame)

    async def _read(self) -> None:
        async for message in self._socket:
            self._take(message)

    def _take(self, message: WSMessage) -> None:
        if message.type is WSMsgType.TEXT:
            self._program.do(_command(message.data))
        elif message.type is WSMsgType.BINARY:
            self._program.page_said(*_channel_message(message.data))
        else:
            raise TabBroken("neither text nor binary")

    async def _close(self, *reasons: BaseException | None) -> None:
        broken = next((reason for reason in reasons if reason is not None), None)
        if broken is not None and not isinstance(
            broken, (TabBroken, TimeoutError, ConnectionError)
        ):
            raise broken
        code = WSCloseCode.POLICY_VIOLATION if broken else WSCloseCode.GOING_AWAY
        with suppress(ConnectionError):
            await self._socket.close(code=code, message=str(broken or "").encode()[:120])


def _reason(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()


def _command(text: str) -> PageSays:
    if len(text.encode()) > COMMAND_LIMIT:
        raise TabBroken("oversize command")
    try:
        return _commands.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise TabBroken(f"not a command: {error}") from None


def _channel_message(frame: bytes) -> tuple[Channel, int, bytes]:
    if len(frame) <= HEADER_BYTES or frame[0] not in PAGE_CHANNELS:
        raise TabBroken("no such channel")
    channel, session, data = Channel(frame[0]), frame[1], frame[HEADER_BYTES:]
    try:
        CODECS[channel].decode(data)
    except PeerError as error:
        raise TabBroken(f"not a message: {error}") from None
    return channel, session, data
