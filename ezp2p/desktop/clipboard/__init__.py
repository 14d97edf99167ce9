"""The clipboard: the one text or picture that every program of a machine may paste.

What a password manager puts there it marks as not to be recorded; such a thing is never read
here, whoever asks. Line ends are `\\n` in every `Text`, pictures are PNG files.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

# What is read from other programs. More than this nobody pastes by hand, and it has to travel.
MAX_TEXT_BYTES = 4 * 1024 * 1024  # as UTF-8
MAX_PICTURE_BYTES = 32 * 1024 * 1024  # as PNG
MAX_PIXELS = 64_000_000  # two 8K screens; 256 MB once unpacked


@dataclass(frozen=True, slots=True)
class Text:
    """A text, neither empty nor with a NUL; `concealed` from clipboard histories."""

    text: str = field(repr=False)
    concealed: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a PNG file; `concealed` from clipboard histories."""

    png: bytes = field(repr=False)
    concealed: bool = False


Content = Text | Picture


class Lack(Enum):
    """Why there is nothing to take from the clipboard."""

    EMPTY = auto()  # nothing on it, or neither text nor picture
    CONCEALED = auto()  # its owner asks not to record it: a password
    TOO_LARGE = auto()
    NO_ANSWER = auto()  # its owner hangs, breaks off, or sends what is not what it says


class Clipboard(Protocol):
    """An open clipboard, served by a thread of its own. Any thread may call, but for that one."""

    def read(self) -> Content | Lack:
        """Return what lies there; text where a text and a picture of it are offered.

        Waits for another program, for some seconds at worst: not on an event loop.
        Raises Unavailable(clipboard.unavailable) once the desktop is gone.
        """
        ...

    def write(self, content: Content) -> None:
        """Put `content` there. Raises Unavailable(clipboard.unavailable).

        Raises ValueError for an empty text, one with a NUL, and for what is no PNG file within
        MAX_PICTURE_BYTES and MAX_PIXELS.
        """
        ...

    def close(self) -> None:
        """Stop; what was written may be gone with it. May be called from `changed` too."""
        ...


def open_clipboard(changed: Callable[[], None]) -> Clipboard:
    """Open this machine's clipboard; raises Unavailable(clipboard.unavailable).

    `changed` is called, from the clipboard's thread, whenever another program has put something
    there. It must not wait for the clipboard: `read` belongs to another thread.
    """
    if sys.platform == "linux":
        from ezp2p.desktop.clipboard import linux as system

        return system.open_clipboard(changed)
    if sys.platform == "win32":
        from ezp2p.desktop.clipboard import windows

        return windows.open_clipboard(changed)
    raise Unavailable(ErrorKey.CLIPBOARD_UNAVAILABLE, why="on this system")
