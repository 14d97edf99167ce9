"""The customer's end: what the pointer looks like, and where the customer moves it.

The counselor knows where the counselor has moved it. Echoing that back would only drag a
second pointer behind the hand, so places that were injected are left out.
"""

from __future__ import annotations

from collections import deque
from typing import Never

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.cursor import CursorMoved, CursorShape

# Injected places remembered. The pointer is read 30 times a second, hands move it up to 1,000
# times, and what is read is one of the last places.
REMEMBERED = 64


class CustomerCursor(End[Never]):
    """Sends what the screen worker found out about the pointer, while that is allowed."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed = False
        self._injected: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)

    def allow(self, allowed: bool) -> None:
        """The customer's permission to be seen, given or taken back."""
        self._allowed = allowed
        if not allowed:
            self._outbox.clear()

    def injected(self, x: int, y: int) -> None:
        """The counselor puts the pointer there."""
        self._injected.append((x, y))

    def captured(self, message: CursorShape | CursorMoved) -> None:
        """Take what the worker delivers."""
        if not self._allowed:
            return
        if isinstance(message, CursorMoved) and (message.x, message.y) in self._injected:
            return
        self._send(message)

    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Raise PeerError: a counselor says nothing here."""
        raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(message).__name__)
