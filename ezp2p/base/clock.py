"""What time it is: seconds of a clock that never jumps, and the calendar's time beside it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one to measure with, one to show to people."""

    def now(self) -> float:
        """Seconds, monotonic, from an arbitrary start."""
        ...

    def wall(self) -> float:
        """Seconds since 1970 (UTC); may jump when somebody sets the clock."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 (UTC)."""
        return time.time()
