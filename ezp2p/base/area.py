"""A rectangle of a screen, in pixels, and what one does with rectangles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle: left upper corner, width and height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column that is no longer inside."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row that is no longer inside."""
        return self.y + self.height

    @property
    def pixels(self) -> int:
        """How many pixels it holds."""
        return self.width * self.height

    def moved(self, right: int, down: int) -> Area:
        """Return the same rectangle somewhere else."""
        return Area(self.x + right, self.y + down, self.width, self.height)

    def overlap(self, other: Area) -> Area | None:
        """Return what both have in common, None if that is nothing."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width = min(self.right, other.right) - x
        height = min(self.bottom, other.bottom) - y
        return Area(x, y, width, height) if width > 0 and height > 0 else None


def hull(areas: Iterable[Area]) -> Area:
    """Return the smallest rectangle around `areas`, of which there is at least one."""
    known = list(areas)
    x = min(area.x for area in known)
    y = min(area.y for area in known)
    right = max(area.right for area in known)
    bottom = max(area.bottom for area in known)
    return Area(x, y, right - x, bottom - y)
