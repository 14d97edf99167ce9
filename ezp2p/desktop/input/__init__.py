"""The hand of the counselor on the customer's machine: pointer, physical keys, text."""

from __future__ import annotations

import sys
from typing import Protocol

from ezp2p.wire.messages.input import MouseButton


class InputSink(Protocol):
    """Injects input. Used by one thread, in order; blocking calls are allowed to take time."""

    def move(self, x: int, y: int) -> None:
        """Put the pointer at (x, y) of the screen."""
        ...

    def button(self, button: MouseButton, *, down: bool) -> None:
        """Press or release a mouse button where the pointer is."""
        ...

    def wheel(self, right: int, down: int) -> None:
        """Turn the wheel, in 1/120 of a notch; fractions add up."""
        ...

    def key(self, code: str, *, down: bool) -> None:
        """Press or release the physical key with this W3C code; unknown ones are ignored."""
        ...

    def type_text(self, text: str) -> None:
        """Make `text` appear exactly, whatever layout and IME are active."""
        ...

    def interrupt(self) -> None:
        """Make a `type_text` in another thread stop at once; none types until `release_all`."""
        ...

    def release_all(self) -> None:
        """Let go of every key and button this sink holds down."""
        ...

    def close(self) -> None:
        """Release everything and give the device back."""
        ...


def open_input() -> InputSink:
    """Return this machine's injector; raises Unavailable(input.unavailable)."""
    if sys.platform == "linux":
        from ezp2p.desktop.input import linux as system
    elif sys.platform == "win32":
        from ezp2p.desktop.input import windows as system
    else:
        from ezp2p.desktop.input import portable as system
    return system.open_input()
