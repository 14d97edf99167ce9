"""Loads what a session needs of this system, so that nobody waits for it after the code.

The libraries are loaded at the first use otherwise, and theirs is a sixth of a second.
"""

from __future__ import annotations

import sys


def load() -> None:
    """Load the modules that show, inject, warn and watch here; takes a moment, changes nothing."""
    if sys.platform == "linux":
        import ezp2p.desktop.hotkeys.linux
        import ezp2p.desktop.input.linux
        import ezp2p.desktop.notice.linux
        import ezp2p.desktop.screen.linux
    else:
        import ezp2p.desktop.hotkeys.portable
        import ezp2p.desktop.input.portable
        import ezp2p.desktop.notice.portable
        import ezp2p.desktop.screen.other  # noqa: F401 - loaded for later
