"""The sessions of a counselor, living and ended, each with a number of one byte.

The number stands in the binary frames to the pages. An ended session stays until its tab is
closed; of those that nobody closes, the oldest go first.
"""

from __future__ import annotations

from enum import Enum
from typing import Generic, Protocol, TypeVar

LARGEST_NUMBER = 255
ENDED_KEPT = 20


class Endable(Protocol):
    """What may end."""

    @property
    def reason(self) -> Enum | None:
        """Why it is over; None while it lives."""
        ...


Session = TypeVar("Session", bound=Endable)


class Tabs(Generic[Session]):
    """Numbers and their sessions, in the order in which they began."""

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self._last_number = 0

    def next_number(self) -> int:
        """Return the number of the next session: one not in use, and not used lately."""
        ended = [number for number, session in self.sessions.items() if session.reason is not None]
        for number in ended[: max(0, len(ended) - ENDED_KEPT + 1)]:
            del self.sessions[number]
        while True:
            self._last_number = self._last_number % LARGEST_NUMBER + 1
            if self._last_number not in self.sessions:
                return self._last_number

    def close(self, number: int) -> None:
        """Forget this session, if it has ended."""
        session = self.sessions.get(number)
        if session is not None and session.reason is not None:
            del self.sessions[number]
