"""One direction of a long line: a queue before a narrow place, a delay, and bad weather.

The same in virtual time (tests/link/bottleneck.py) and in real (emulator.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Way:
    """Rates are bytes per second; what does not fit into the queue is dropped."""

    rate: float
    delay_s: float
    queue_bytes: float
    loss: float  # 0.01: one of a hundred, drawn for each
    random: Random
    dropped: int = 0
    _free_at: float = field(default=0.0, init=False)

    def waiting_bytes(self, now: float) -> float:
        """What waits before the narrow place."""
        return max(0.0, self._free_at - now) * self.rate

    def arrival(self, size_bytes: int, now: float) -> float | None:
        """Take a packet; return when it arrives, None if it does not."""
        if self.random.random() < self.loss or self.waiting_bytes(now) > self.queue_bytes:
            self.dropped += 1
            return None
        self._free_at = max(now, self._free_at) + size_bytes / self.rate
        return self._free_at + self.delay_s
