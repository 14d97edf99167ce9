"""What stands around the halves of the program: a stage that remembers, and a memory in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ezp2p.base.errors import Unavailable
from ezp2p.wire.bridge import BridgeSays
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import ErrorKey

PATIENCE_S = 20.0


class FakeStage:
    """Remembers what pages would be shown, and waits for what a test names."""

    def __init__(self) -> None:
        self.told: list[BridgeSays] = []
        self.shown: list[tuple[Channel, int, bytes]] = []
        self._changed = asyncio.Event()

    def changed(self) -> None:
        self._changed.set()

    def tell(self, event: BridgeSays) -> None:
        self.told.append(event)
        self._changed.set()

    def show(self, channel: Channel, session: int, data: bytes) -> None:
        self.shown.append((channel, session, data))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until a change of the state makes this true."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()


@dataclass
class FakeMemory:
    """Settings that are gone with the test."""

    kept: dict[str, Any] = field(default_factory=dict)
    writable: bool = True

    def get(self, name: str, default: Any = None) -> Any:
        return self.kept.get(name, default)

    def put(self, name: str, value: Any) -> None:
        if not self.writable:
            raise Unavailable(ErrorKey.DATA_UNWRITABLE)
        self.kept[name] = value


@dataclass
class FakeKeyring:
    """A keyring in memory."""

    is_there: bool = True
    kept: dict[str, str] = field(default_factory=dict)

    def recall(self, account: str) -> str | None:
        return self.kept.get(account)

    def remember(self, account: str, secret: str) -> None:
        self.kept[account] = secret

    def forget(self, account: str) -> None:
        self.kept.pop(account, None)


class FakeServer:
    """Where a front's pages would be: remembers what they were told and shown."""

    def __init__(self) -> None:
        self.told: list[BridgeSays] = []
        self.shown: list[tuple[Channel, int, bytes]] = []
        self._changed = asyncio.Event()

    def tell(self, event: BridgeSays) -> None:
        self.told.append(event)
        self._changed.set()

    def show(self, channel: Channel, session: int, data: bytes) -> None:
        self.shown.append((channel, session, data))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something that was told makes this true."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()
