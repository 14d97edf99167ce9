"""How well the picture flows: the figures of the viewer's quality line."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

from ezp2p.wire.messages.screen import FrameShown

PERIOD_S = 2.0
MOST = 4096  # samples kept, whatever a page or a peer does


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenStatistics:
    """Figures over the last PERIOD_S seconds; medians are 0 when nothing was shown."""

    frames_per_s: float
    bytes_per_s: float
    show_ms: float  # from a frame's arrival here until it was on the canvas
    decode_ms: float
    paint_ms: float
    frames_shown: int  # since the session began


@dataclass(frozen=True, slots=True)
class _Shown:
    at: float
    show_ms: float
    decode_ms: float
    paint_ms: float


class Statistics:
    """Counts frames as they arrive and as they are shown."""

    def __init__(self) -> None:
        self._arrived: dict[int, float] = {}  # number -> when; those not shown yet
        self._sizes: deque[tuple[float, int]] = deque(maxlen=MOST)
        self._shown: deque[_Shown] = deque(maxlen=MOST)
        self._frames_shown = 0

    def received(self, number: int, size_bytes: int, now: float) -> None:
        """A frame has arrived."""
        self._sizes.append((now, size_bytes))
        self._arrived[number] = now
        if len(self._arrived) > MOST:
            del self._arrived[next(iter(self._arrived))]

    def shown(self, shown: FrameShown, now: float) -> None:
        """A frame is on the canvas."""
        arrived = self._arrived.pop(shown.number, None)
        if arrived is None:
            return
        self._frames_shown += 1
        show_ms = (now - arrived) * 1000
        self._shown.append(_Shown(now, show_ms, shown.decode_ms, shown.paint_ms))

    def now(self, now: float) -> ScreenStatistics:
        """Return the figures of the last PERIOD_S."""
        since = now - PERIOD_S
        shown = [sample for sample in self._shown if sample.at >= since]
        return ScreenStatistics(
            frames_per_s=len(shown) / PERIOD_S,
            bytes_per_s=sum(size for at, size in self._sizes if at >= since) / PERIOD_S,
            show_ms=median(sample.show_ms for sample in shown) if shown else 0.0,
            decode_ms=median(sample.decode_ms for sample in shown) if shown else 0.0,
            paint_ms=median(sample.paint_ms for sample in shown) if shown else 0.0,
            frames_shown=self._frames_shown,
        )
