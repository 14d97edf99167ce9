"""One end of a channel: messages and commands in; messages, events and a wake-up time out.

No end owns a socket, a thread or a clock: the session hands it what arrived together with
`now`, then takes what it wants sent and told. So two ends joined in memory are a whole test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

Event = TypeVar("Event")


class End(ABC, Generic[Event]):
    """Base of every channel's two ends.

    Subclasses put messages into the outbox by `_send` and events by `_tell`.
    """

    def __init__(self) -> None:
        self._outbox: deque[msgspec.Struct] = deque()
        self._events: deque[Event] = deque()
        self.wake_at: float | None = None  # seconds of the session's clock, None for never

    @abstractmethod
    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Take a message of the other end; raises PeerError if it may not say this now."""

    def wake(self, now: float) -> None:
        """Called at or after `wake_at`; sets it anew, or to None."""

    def messages_to_send(self) -> Iterator[msgspec.Struct]:
        """Yield and forget what the other end should hear, in order."""
        while self._outbox:
            yield self._outbox.popleft()

    def next_events(self) -> Iterator[Event]:
        """Yield and forget what happened, in order."""
        while self._events:
            yield self._events.popleft()

    def _send(self, message: msgspec.Struct) -> None:
        self._outbox.append(message)

    def _tell(self, event: Event) -> None:
        self._events.append(event)
