"""Keys that work wherever the keyboard's focus is: the customer's end-now key."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol


class Hotkey(Protocol):
    """A key that is being watched."""

    def close(self) -> None:
        """Stop watching."""
        ...


def watch_end_key(pressed: Callable[[], None]) -> Hotkey:
    """Call `pressed` (from any thread) when a person presses Ctrl+Alt+End.

    Presses injected by a program do not count where the system lets us tell them apart.
    Raises Unavailable when the key cannot be watched here.
    """
    if sys.platform == "linux":
        from ezp2p.desktop.hotkeys import linux as system
    elif sys.platform == "win32":
        from ezp2p.desktop.hotkeys import windows as system
    else:
        from ezp2p.desktop.hotkeys import portable as system
    return system.watch_end_key(pressed)
