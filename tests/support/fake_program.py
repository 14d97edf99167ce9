"""A program that remembers what its pages asked for, and shows them whatever a test says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

import ezp2p.ui
from ezp2p.ui.server import PageServer
from ezp2p.wire.bridge import ChatSaid, Page, PageSays, State, StateChanged
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS

UI_ROOT = Path(ezp2p.ui.__file__).parent
WEB_ROOT = UI_ROOT / "web"
LOCALE_ROOT = UI_ROOT / "locale"
PATIENCE_S = 20.0


class FakeProgram:
    """Stands behind a PageServer: `shown` goes out, `commands` and `messages` came in."""

    def __init__(self, shown: State | None = None) -> None:
        self.shown = shown or State(
            page=Page.START, version="1.2.3", language="en", languages=["en", "ko"]
        )
        self.lines: list[ChatSaid] = []
        self.commands: list[PageSays] = []
        self.messages: list[tuple[Channel, int, msgspec.Struct]] = []
        self._something = asyncio.Condition()

    def state(self) -> State:
        return self.shown

    def chat_lines(self) -> list[ChatSaid]:
        return self.lines

    def do(self, command: PageSays) -> None:
        self.commands.append(command)
        self._notify()

    def page_said(self, channel: Channel, session: int, data: bytes) -> None:
        self.messages.append((channel, session, CODECS[channel].decode(data)))
        self._notify()

    async def command(self, kind: type[msgspec.Struct]) -> msgspec.Struct:
        """Wait for the first command of this kind and take it out."""
        async with asyncio.timeout(PATIENCE_S), self._something:
            while True:
                for each in self.commands:
                    if isinstance(each, kind):
                        self.commands.remove(each)
                        return each
                await self._something.wait()

    async def message(self, kind: type[msgspec.Struct]) -> msgspec.Struct:
        """Wait for the first channel message of this kind and take it out."""
        async with asyncio.timeout(PATIENCE_S), self._something:
            while True:
                for each in self.messages:
                    if isinstance(each[2], kind):
                        self.messages.remove(each)
                        return each[2]
                await self._something.wait()

    def _notify(self) -> None:
        self._waking = asyncio.get_running_loop().create_task(self._wake())

    async def _wake(self) -> None:
        async with self._something:
            self._something.notify_all()


class Stage:
    """A PageServer with its fake program, ready for a browser."""

    def __init__(self, program: FakeProgram | None = None) -> None:
        self.program = program or FakeProgram()
        self.server = PageServer(WEB_ROOT, LOCALE_ROOT, self.program)

    async def __aenter__(self) -> Stage:
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()

    def show(self, state: State) -> None:
        """Make this the truth and tell the pages."""
        self.program.shown = state
        self.server.tell(StateChanged(state=state))

    def send(self, channel: Channel, message: msgspec.Struct, session: int = 1) -> None:
        """Send a channel's message to the pages, as if it came over the link."""
        self.server.show(channel, session, CODECS[channel].encode(message))
