"""How fast somebody may write: some lines at once, then so many a second."""

from __future__ import annotations


class Pace:
    """A token bucket that begins full; times are seconds of the caller's clock."""

    def __init__(self, *, at_once: int, per_s: float) -> None:
        self._most = float(at_once)
        self._per_s = per_s
        self._left = self._most
        self._counted_at: float | None = None

    def take(self, now: float) -> bool:
        """Count a line; False, and nothing is counted, if it comes too early."""
        if self.wait_s(now) > 0:
            return False
        self._left -= 1
        return True

    def wait_s(self, now: float) -> float:
        """Return how long until the next line may come; 0 for now."""
        elapsed = 0.0 if self._counted_at is None else max(0.0, now - self._counted_at)
        self._counted_at = now
        self._left = min(self._most, self._left + elapsed * self._per_s)
        return max(0.0, 1 - self._left) / self._per_s
