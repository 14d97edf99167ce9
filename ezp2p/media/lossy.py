"""Which squares the viewer sees only roughly, and when they are still enough to be made exact."""

from __future__ import annotations

import numpy as np

from ezp2p.base.area import Area
from ezp2p.media.tiles import TILE, covered, grid, rectangles, touched

STILL_S = 0.25  # a square that did not change for so long is refined


class LossyMap:
    """Squares of a width x height picture that were last written by a lossy codec."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._lossy = np.zeros(grid(width, height), bool)
        self._changed_at = np.zeros(self._lossy.shape)

    @property
    def still_at(self) -> float | None:
        """When the first lossy square will have been still long enough; None without any."""
        if not self._lossy.any():
            return None
        return float(self._changed_at[self._lossy].min()) + STILL_S

    def wrote_lossy(self, area: Area, now: float) -> None:
        """Remember that `area` is only roughly right at the viewer."""
        squares = touched(area)
        self._lossy[squares] = True
        self._changed_at[squares] = now

    def wrote_exact(self, area: Area, now: float) -> None:
        """Remember that `area` is exact; a square that sticks out of it may still be lossy."""
        self._changed_at[touched(area)] = now
        self._lossy[covered(area, self._width, self._height)] = False

    def take_still(self, now: float, most_pixels: int) -> list[Area]:
        """Return areas to write exactly now, about `most_pixels` of them, as no longer lossy."""
        still = self._lossy & (self._changed_at + STILL_S <= now)
        order = np.flatnonzero(still)[: max(most_pixels // (TILE * TILE), 1)]
        chosen = np.zeros_like(still)
        chosen.flat[order] = True
        self._lossy &= ~chosen
        return rectangles(chosen, self._width, self._height)
