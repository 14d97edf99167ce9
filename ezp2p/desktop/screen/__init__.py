"""The customer's screen as pixels: what changed, and the pixels of a rectangle.

A source is used by one thread. Pictures are numpy arrays (height, width, 4) of uint8 in the
order blue, green, red, unused; a grabbed view is valid until the next grab.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ezp2p.wire.messages.screen import ScreenDriver

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels of the screen."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What the mouse pointer looks like: (height, width, 4) uint8, red green blue alpha."""

    picture: Picture
    hot_x: int
    hot_y: int


class ScreenSource(Protocol):
    """One way to take pixels. All methods raise Unavailable once the screen is gone."""

    driver: ScreenDriver
    width: int
    height: int

    def wait(self, timeout_s: float) -> bool:
        """Block until something may have changed, `interrupt` is called, or the time is over."""
        ...

    def interrupt(self) -> None:
        """Make a `wait` in another thread return at once."""
        ...

    def damage(self) -> list[Area]:
        """Return and forget where something may have changed; never less than what did."""
        ...

    def grab(self, area: Area) -> Picture:
        """Return the pixels of `area`, which lies inside the screen."""
        ...

    def resized(self) -> bool:
        """Tell (once) that width or height have changed."""
        ...

    def pointer(self) -> Pointer | None:
        """Return the pointer's shape if it changed since the last call."""
        ...

    def pointer_place(self) -> tuple[int, int]:
        """Return where the pointer is."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def open_screen(driver: ScreenDriver) -> ScreenSource:
    """Return the screen of this machine.

    AUTO takes the fast driver and falls back to the portable one. Raises Unavailable with
    display.none, screen.wayland or screen.unavailable.
    """
    if sys.platform == "linux":
        from ezp2p.desktop.screen import linux as system
    else:
        from ezp2p.desktop.screen import portable as system
    return system.open_screen(driver)
