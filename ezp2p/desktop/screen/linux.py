"""Which screen a Linux machine has, and how to take it.

X11 only, so far. Under Wayland an X server exists as well (XWayland), but it shows none of
the desktop and none of the native windows: pictures of it would be black, so we say no.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.screen import ScreenSource
from ezp2p.desktop.screen.portable import PortableScreen
from ezp2p.desktop.screen.x11 import X11Screen
from ezp2p.desktop.screen.x11_polled_pointer import X11PolledPointer
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import ScreenDriver


def open_screen(driver: ScreenDriver) -> ScreenSource:
    """See ezp2p.desktop.screen.open_screen."""
    require_x11(os.environ)
    if driver is ScreenDriver.PORTABLE:
        return PortableScreen(X11PolledPointer())
    try:
        return X11Screen()
    except Unavailable:  # no shared memory, no DAMAGE, pixels of another kind
        return PortableScreen(X11PolledPointer())


def require_x11(environ: Mapping[str, str]) -> None:
    """Do nothing in a session whose variables name an X display.

    Raises Unavailable: screen.wayland if it is a Wayland session, with or without an XWayland
    beside it; display.none if there is no screen at all.
    """
    if environ.get("WAYLAND_DISPLAY") or environ.get("XDG_SESSION_TYPE") == "wayland":
        raise Unavailable(ErrorKey.SCREEN_WAYLAND)
    if not environ.get("DISPLAY"):
        raise Unavailable(ErrorKey.DISPLAY_NONE)
