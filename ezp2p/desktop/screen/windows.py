"""The screen of Windows, by GDI: one way for every driver, its pixels in true size."""

from __future__ import annotations

from ezp2p.desktop import win32
from ezp2p.desktop.screen import ScreenSource
from ezp2p.desktop.screen.portable import PortableScreen
from ezp2p.desktop.screen.windows_pointer import WindowsPointer
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import ScreenDriver


def open_screen(driver: ScreenDriver) -> ScreenSource:
    """See ezp2p.desktop.screen.open_screen; every driver is the portable one (mss: BitBlt)."""
    with win32.unavailable_if_refused(ErrorKey.SCREEN_UNAVAILABLE):
        win32.see_real_pixels()
        return PortableScreen(WindowsPointer())
