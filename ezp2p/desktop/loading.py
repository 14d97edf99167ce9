"""Loads what a session needs of this system, so that nobody waits for it after the code.

The libraries are loaded at the first use otherwise, and theirs is a sixth of a second.
"""

from __future__ import annotations

import sys
from contextlib import suppress

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.notice import NoticeText
from ezp2p.desktop.notice.drawing import ButtonState, draw_strip
from ezp2p.desktop.screen import open_screen
from ezp2p.wire.messages.screen import ScreenDriver

_NOTHING = NoticeText(title="", details="", end_button="", end_hint="")


def load() -> None:
    """Load the modules that show, inject, warn and watch here; takes a moment, changes nothing."""
    _import_all()
    with suppress(Unavailable):  # whoever needs the screen will hear of it
        open_screen(ScreenDriver.AUTO).close()  # xcffib reads its declarations at their first use
    if sys.platform in ("linux", "win32"):
        draw_strip(_NOTHING, ButtonState.RESTING, 1.0, 400)  # the system's fonts are looked for


def _import_all() -> None:
    if sys.platform == "linux":
        import ezp2p.desktop.hotkeys.linux
        import ezp2p.desktop.input.linux
        import ezp2p.desktop.notice.linux
        import ezp2p.desktop.screen.linux
    elif sys.platform == "win32":
        import ezp2p.desktop.hotkeys.windows
        import ezp2p.desktop.input.windows
        import ezp2p.desktop.notice.windows
        import ezp2p.desktop.screen.windows
    else:
        import ezp2p.desktop.hotkeys.portable
        import ezp2p.desktop.input.portable
        import ezp2p.desktop.notice.portable
        import ezp2p.desktop.screen.other  # noqa: F401 - loaded for later
