"""How many frames may be on their way: enough to use the link, too few to make a queue.

The time from sending a frame to hearing that it was shown has a floor (round trip, decoding,
painting). While it stays near that floor, one more frame in flight costs nothing; when it
rises, frames wait somewhere, and one less shows newer pictures. So does TCP Vegas with packets
(Brakmo and Peterson, 1994).
"""

from __future__ import annotations

from collections import deque
from statistics import median

FEWEST = 2  # one is painted while the next is under way
MOST = 8
NEAR_S = 0.010  # this much above the floor is noise
FAR_S = 0.040  # this much above it is a queue
FLOOR_LASTS_S = 10.0  # after another path was taken, the old floor must fade

DELAYS_KEPT = 1000

_NUMBERS = 2**32


class Flow:
    """Numbers the frames, and knows which are not shown yet."""

    def __init__(self) -> None:
        self.window = FEWEST
        self._next_number = 0
        self._in_flight: deque[tuple[int, float]] = deque()  # number, when it was sent
        self._floors = [float("inf"), float("inf")]  # of this and of the last period
        self._period_ends = 0.0
        self._delays: deque[float] = deque(maxlen=DELAYS_KEPT)
        self.frames_shown = 0

    @property
    def latency_s(self) -> float:
        """Median time from a frame's sending until it was heard to be shown; 0 without any."""
        return median(self._delays) if self._delays else 0.0

    def sent(self, now: float) -> int:
        """Return the number for a frame that is sent now."""
        number = self._next_number
        self._next_number = (number + 1) % _NUMBERS
        self._in_flight.append((number, now))
        return number

    def shown(self, number: int, now: float) -> int:
        """Return how many frames left the way because `number` was shown; 0 if it was not on it.

        Frames are shown in order, so those before it have been shown as well.
        """
        if all(number != known for known, _ in self._in_flight):
            return 0
        was_full = len(self._in_flight) >= self.window
        count = 0
        while True:
            known, sent_at = self._in_flight.popleft()
            count += 1
            if known == number:
                self.frames_shown += count
                self._delays.append(now - sent_at)
                self._learn(now - sent_at, now, was_full=was_full)
                return count

    def forget(self) -> None:
        """Expect no more answers: the viewer has started anew."""
        self._in_flight.clear()

    def _learn(self, delay_s: float, now: float, *, was_full: bool) -> None:
        if now >= self._period_ends:
            self._period_ends = now + FLOOR_LASTS_S
            self._floors = [float("inf"), self._floors[0]]
        self._floors[0] = min(self._floors[0], delay_s)
        floor = min(self._floors)
        if delay_s - floor > max(FAR_S, floor / 2):
            self.window = max(self.window - 1, FEWEST)
        elif was_full and delay_s - floor < max(NEAR_S, floor / 4):
            self.window = min(self.window + 1, MOST)
