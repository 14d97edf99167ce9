"""A screen that exists in memory only, painted by a test's script.

The script may run in another thread than the one that uses it as a source.
"""

from __future__ import annotations

import threading

import numpy as np

from ezp2p.base.area import Area
from ezp2p.base.errors import Unavailable
from ezp2p.desktop.screen import Picture, Pointer, ScreenChanged
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import ScreenDriver


class FakeScreen:
    """A ScreenSource (see there); `pixels` is what it shows. Black at first."""

    def __init__(
        self, width: int, height: int, *, driver: ScreenDriver = ScreenDriver.FAST
    ) -> None:
        self.driver = driver
        self.pixels: Picture = np.zeros((height, width, 4), np.uint8)
        self.width, self.height = width, height
        self.grabs = 0
        self.closed = False
        self._news = threading.Event()
        self._lock = threading.Lock()
        self._damage: list[Area] = []
        self._pointer: Pointer | None = None
        self._place: tuple[int, int] | None = None
        self._dead = False

    def paint(self, x: int, y: int, picture: Picture) -> None:
        """Show `picture` (height, width, 4) there; cut at the borders."""
        with self._lock:
            place = self.pixels[y : y + picture.shape[0], x : x + picture.shape[1]]
            place[:] = picture[: place.shape[0], : place.shape[1]]
            self._damage.append(Area(x, y, place.shape[1], place.shape[0]))
        self._news.set()

    def fill(self, area: Area, colour: int) -> None:
        """Show one colour 0xRRGGBB in `area`."""
        pixel = np.frombuffer((colour & 0xFFFFFF).to_bytes(4, "little"), np.uint8)
        self.paint(area.x, area.y, np.broadcast_to(pixel, (area.height, area.width, 4)))

    def resize(self, width: int, height: int) -> None:
        """Become another size, black all over."""
        with self._lock:
            self.pixels = np.zeros((height, width, 4), np.uint8)
        self._news.set()

    def show_pointer(self, pointer: Pointer) -> None:
        """Let the pointer look so."""
        self._pointer = pointer
        self._news.set()

    def move_pointer(self, x: int, y: int) -> None:
        """Put the pointer there."""
        self._place = (x, y)
        self._news.set()

    def die(self) -> None:
        """Be gone, as after a crash of the X server."""
        self._dead = True
        self._news.set()

    def wait(self, timeout_s: float | None) -> bool:
        """See ScreenSource."""
        self._check()
        news = self._news.wait(timeout_s)
        self._news.clear()
        self._check()
        return news

    def interrupt(self) -> None:
        """See ScreenSource."""
        self._news.set()

    def damage(self) -> list[Area]:
        """See ScreenSource."""
        self._check()
        with self._lock:
            damage, self._damage = self._damage, []
        screen = Area(0, 0, self.width, self.height)
        return [inside for area in damage if (inside := screen.overlap(area))]

    def grab(self, area: Area) -> Picture:
        """See ScreenSource."""
        self._check()
        self.grabs += 1
        with self._lock:
            if self.pixels.shape[:2] != (self.height, self.width):
                raise ScreenChanged
            return self.pixels[area.y : area.bottom, area.x : area.right].copy()

    def resized(self) -> bool:
        """See ScreenSource."""
        self._check()
        with self._lock:
            height, width = self.pixels.shape[:2]
        if (width, height) == (self.width, self.height):
            return False
        self.width, self.height = width, height
        return True

    def pointer(self) -> Pointer | None:
        """See ScreenSource."""
        pointer, self._pointer = self._pointer, None
        return pointer

    def pointer_place(self) -> tuple[int, int] | None:
        """See ScreenSource."""
        place, self._place = self._place, None
        return place

    def close(self) -> None:
        """See ScreenSource."""
        self.closed = True

    def _check(self) -> None:
        if self._dead:
            raise Unavailable(ErrorKey.SCREEN_UNAVAILABLE, why="the fake screen died")
