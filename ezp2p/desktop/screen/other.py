"""The screen of macOS, which has no fast way of its own here yet."""

from __future__ import annotations

from pynput.mouse import Controller

from ezp2p.desktop.screen import Pointer, ScreenSource
from ezp2p.desktop.screen.portable import PortableScreen
from ezp2p.wire.messages.screen import ScreenDriver


def open_screen(driver: ScreenDriver) -> ScreenSource:
    """See ezp2p.desktop.screen.open_screen; every driver is the portable one."""
    return PortableScreen(PynputPointer())


class PynputPointer:
    """The place of the pointer on any system, but not its shape: viewers draw an arrow."""

    def __init__(self) -> None:
        self._mouse = Controller()
        self._place: tuple[int, int] | None = None

    def shape(self) -> Pointer | None:
        """See PolledPointer."""
        return None

    def place(self) -> tuple[int, int] | None:
        """See PolledPointer."""
        x, y = self._mouse.position
        place = (int(x), int(y))
        if place == self._place:
            return None
        self._place = place
        return place

    def close(self) -> None:
        """See PolledPointer."""
