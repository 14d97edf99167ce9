"""The customer's screen as pixels: what changed, and the pixels of a rectangle.

A source is used by one thread. Pictures are numpy arrays (height, width, 4) of uint8 in the
order blue, green, red, unused; a grabbed view is valid until the next call of the source.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ezp2p.base.area import Area
from ezp2p.wire.messages.screen import ScreenDriver

__all__ = ["Area", "Picture", "Pointer", "ScreenChanged", "ScreenSource", "open_screen"]

Picture = npt.NDArray[np.uint8]


class ScreenChanged(Exception):
    """The screen got another size while its pixels were being read; `resized` says so too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What the mouse pointer looks like: (height, width, 4) uint8, red green blue alpha."""

    picture: Picture
    hot_x: int
    hot_y: int


class ScreenSource(Protocol):
    """One way to take pixels. All methods but `interrupt` and `close` raise
    Unavailable(screen.unavailable) once the screen is gone."""

    @property
    def driver(self) -> ScreenDriver:
        """Which way this is: FAST or PORTABLE."""
        ...

    @property
    def width(self) -> int:
        """Pixels in a row."""
        ...

    @property
    def height(self) -> int:
        """Rows."""
        ...

    def wait(self, timeout_s: float | None) -> bool:
        """Block until something may have happened since the last call; False after the time.

        What may have happened: damage, another size, pointer shape or place, or `interrupt`.
        """
        ...

    def interrupt(self) -> None:
        """Make a `wait` return at once: the one that runs in another thread, or the next."""
        ...

    def damage(self) -> list[Area]:
        """Return and forget where something may have changed; never less than what did.

        The areas lie inside the screen; without damage this costs nothing.
        """
        ...

    def grab(self, area: Area) -> Picture:
        """Return the pixels of `area`, which lies inside the screen; raises ScreenChanged."""
        ...

    def resized(self) -> bool:
        """Tell (once) that width or height have changed."""
        ...

    def pointer(self) -> Pointer | None:
        """Return the pointer's shape if it changed since the last call."""
        ...

    def pointer_place(self) -> tuple[int, int] | None:
        """Return where the pointer is if it moved since the last call.

        None also means that `wait` will return when it moves again.
        """
        ...

    def close(self) -> None:
        """Give everything back. Views that `grab` returned are dead from here on."""
        ...


def open_screen(driver: ScreenDriver) -> ScreenSource:
    """Return the screen of this machine.

    AUTO and FAST take the fast driver and fall back to the portable one: a slow picture is
    better than none. Raises Unavailable with display.none, screen.wayland or
    screen.unavailable.
    """
    if sys.platform == "linux":
        from ezp2p.desktop.screen import linux as system
    elif sys.platform == "win32":
        from ezp2p.desktop.screen import windows as system
    else:
        from ezp2p.desktop.screen import other as system
    return system.open_screen(driver)
