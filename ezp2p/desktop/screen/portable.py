"""The screen of any machine, by mss: looked at again and again, since nobody tells what changed.

This is the slow and sure way (S41, S81: "do not use the capture driver"). It looks often while
something moves and ever more seldom while nothing does.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Protocol

import mss
import mss.exception
import numpy as np

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.screen import Area, Picture, Pointer
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import ScreenDriver

BAND = 64  # rows compared at a time
LOOK_SOON_S = 0.025
LOOK_LATE_S = 0.1
SLOWER = 1.25  # per look without news
SIZE_CHECK_S = 1.0  # mss learns of another size by being opened anew only
# What mss raises without a display; the last one when the X server dies under it.
_BROKEN = (mss.exception.ScreenShotError, OSError, AssertionError)


class PolledPointer(Protocol):
    """A mouse pointer that is asked. Raises Unavailable once the screen is gone."""

    def shape(self) -> Pointer | None:
        """Return the shape if it changed since the last call and the system shows it."""
        ...

    def place(self) -> tuple[int, int] | None:
        """Return the place in the system's coordinates if it changed since the last call."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class PortableScreen:
    """All monitors together, as a ScreenSource (see there)."""

    driver = ScreenDriver.PORTABLE

    def __init__(self, pointer: PolledPointer) -> None:
        """Start looking; raises Unavailable(screen.unavailable). Closes `pointer` in the end."""
        self._pointer = pointer
        self._bell = threading.Event()
        self._resized = False
        self._pause_s = LOOK_SOON_S
        self._place: tuple[int, int] | None = None
        try:
            self._open()
        except Unavailable:
            pointer.close()
            raise

    def wait(self, timeout_s: float | None) -> bool:
        """See ScreenSource."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left = self._next_look - time.monotonic()
            if end is not None:
                left = min(left, end - time.monotonic())
            if self._bell.wait(max(left, 0)):
                self._bell.clear()
                return True
            if time.monotonic() >= self._next_look and self._look():
                return True
            if end is not None and time.monotonic() >= end:
                return False

    def interrupt(self) -> None:
        """See ScreenSource."""
        self._bell.set()

    def damage(self) -> list[Area]:
        """See ScreenSource."""
        rows = np.flatnonzero(self._changed)
        self._changed[:] = False
        areas = []
        for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
            if run.size:
                y, end = int(run[0]) * BAND, min((int(run[-1]) + 1) * BAND, self.height)
                areas.append(Area(0, y, self.width, end - y))
        return areas

    def grab(self, area: Area) -> Picture:
        """See ScreenSource. These are the pixels of the last look."""
        return self._picture[area.y : area.bottom, area.x : area.right]

    def resized(self) -> bool:
        """See ScreenSource."""
        if not self._resized:
            return False
        self._close_mss()
        self._open()
        self._resized = False
        return True

    def pointer(self) -> Pointer | None:
        """See ScreenSource."""
        return self._pointer.shape()

    def pointer_place(self) -> tuple[int, int] | None:
        """See ScreenSource."""
        place, self._place = self._pointer.place() or self._place, None
        if place is None:
            return None
        return max(place[0] - self._left, 0), max(place[1] - self._top, 0)

    def close(self) -> None:
        """See ScreenSource."""
        self._close_mss()
        self._pointer.close()

    def _open(self) -> None:
        try:
            self._mss = mss.MSS()
            self._monitor = self._mss.monitors[0]
        except _BROKEN as error:
            raise _gone(error) from error
        self._left, self._top = self._monitor["left"], self._monitor["top"]
        self.width, self.height = self._monitor["width"], self._monitor["height"]
        self._changed = np.zeros(-(-self.height // BAND), bool)
        self._picture = self._taken()
        self._next_look = time.monotonic() + self._pause_s
        self._size_checked_at = time.monotonic()

    def _close_mss(self) -> None:
        with contextlib.suppress(*_BROKEN):  # it complains when its server has died
            self._mss.close()

    def _look(self) -> bool:
        """Take a picture and compare it with the last one; tell whether anything is new."""
        if self._resized or self._has_another_size(at_least_s=SIZE_CHECK_S):
            self._resized = True
            return True
        try:
            picture = self._taken()
        except Unavailable:
            # A screen that shrank refuses, too.
            self._resized = self._has_another_size(at_least_s=0)
            if self._resized:
                return True
            raise
        changed = _changed_bands(self._picture, picture)
        self._picture = picture
        self._changed |= changed
        self._place = self._pointer.place() or self._place
        news = bool(changed.any()) or self._place is not None
        self._pause_s = LOOK_SOON_S if news else min(self._pause_s * SLOWER, LOOK_LATE_S)
        self._next_look = time.monotonic() + self._pause_s
        return news

    def _taken(self) -> Picture:
        try:
            shot = self._mss.grab(self._monitor)
        except _BROKEN as error:
            raise _gone(error) from error
        return np.frombuffer(shot.raw, np.uint8).reshape(self.height, self.width, 4)

    def _has_another_size(self, *, at_least_s: float) -> bool:
        """Ask anew, unless that was done less than `at_least_s` ago."""
        now = time.monotonic()
        if now < self._size_checked_at + at_least_s:
            return False
        self._size_checked_at = now
        try:
            with mss.MSS() as fresh:
                return bool(fresh.monitors[0] != self._monitor)
        except _BROKEN as error:
            raise _gone(error) from error


def _changed_bands(old: Picture, new: Picture) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return for each band of BAND rows whether a pixel differs."""
    return np.array(
        [
            not np.array_equal(old[y : y + BAND].view(np.uint32), new[y : y + BAND].view(np.uint32))
            for y in range(0, old.shape[0], BAND)
        ]
    )


def _gone(error: Exception) -> Unavailable:
    return Unavailable(ErrorKey.SCREEN_UNAVAILABLE, why=str(error) or type(error).__name__)
