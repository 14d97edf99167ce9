"""What the pages need from the program behind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ezp2p.wire.bridge import ChatSaid, PageSays, State
from ezp2p.wire.channel import Channel


class Program(Protocol):
    """The program as its pages see it. Called on the event loop, must not block."""

    def state(self) -> State:
        """Return what the pages show now."""
        ...

    def chat_lines(self) -> Iterable[ChatSaid]:
        """Return all lines of the living sessions, for a page that has just come."""
        ...

    def do(self, command: PageSays) -> None:
        """Carry out what a person asked for; what comes of it shows in the next state."""
        ...

    def page_said(self, channel: Channel, session: int, data: bytes) -> None:
        """Take a well-formed message of a channel from a page, as it goes on the link."""
        ...
