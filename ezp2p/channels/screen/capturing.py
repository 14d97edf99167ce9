"""What the customer's end asks of the thread that captures, and what it hears back.

Every capture has a run number. Words of a run that is over may still be on their way between
the two threads; the end ignores them, so that nothing taken under an old permission is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from ezp2p.wire.messages.cursor import CursorMoved, CursorShape
from ezp2p.wire.messages.screen import Part, ScreenDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCapture:
    """Begin a run: layout, pointer and the whole picture first, then what changes."""

    run: int
    codecs: tuple[str, ...]
    driver: ScreenDriver
    window: int  # frames that may be on their way at a time


@dataclass(frozen=True, slots=True)
class StopCapture:
    """Close the screen; look at nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeFrames:
    """The viewer has shown `shown` more frames of this run; `window` may be on their way."""

    run: int
    shown: int
    window: int


@dataclass(frozen=True, slots=True)
class TakeWhole:
    """The next parts cover the whole screen."""


Command = StartCapture | StopCapture | FreeFrames | TakeWhole


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutTaken:
    """The screen has this size, and is taken this way."""

    run: int
    width: int
    height: int
    driver: ScreenDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsTaken:
    """One frame: uses up one of the window's places until it is shown."""

    run: int
    parts: list[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorTaken:
    """The pointer has another shape or place: for the cursor channel."""

    run: int
    message: CursorShape | CursorMoved


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFailed:
    """This run is over: there is no screen (any more)."""

    run: int
    key: str
    details: str


Captured = LayoutTaken | PartsTaken | CursorTaken | CaptureFailed
