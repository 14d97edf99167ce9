"""The counselor's end: follows the customer's picture on behalf of the page that draws it.

The messages go on to the page as they are (its events); this end checks what a decoder must
not be given, answers with what the page has shown, and counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.channels.screen.statistics import ScreenStatistics, Statistics
from ezp2p.media.check import check_part
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import (
    Frame,
    FrameShown,
    Jpeg,
    Lossless,
    RefreshScreen,
    ScreenDriver,
    ScreenLayout,
    ScreenUnavailable,
    ShowScreen,
    UseDriver,
)

Picture = ScreenLayout | Frame | ScreenUnavailable


class CounselorScreen(End[Picture]):
    """Takes the screen; `show` begins, and begins anew when a page was reloaded."""

    def __init__(self) -> None:
        super().__init__()
        self._layout: ScreenLayout | None = None
        self._begins_anew = False  # what arrives before the next layout is for no page any more
        self._statistics = Statistics()

    def show(self, codecs: Sequence[str]) -> None:
        """A page is ready and reads these codecs; it gets a layout first."""
        self._begins_anew = True
        self._send(ShowScreen(list(codecs)))

    def frame_shown(self, shown: FrameShown, now: float) -> None:
        """The page has painted a frame: tell the customer's side, which then sends the next."""
        self._statistics.shown(shown, now)
        self._send(shown)

    def refresh(self) -> None:
        """Ask for the whole picture again."""
        self._send(RefreshScreen())

    def use_driver(self, driver: ScreenDriver) -> None:
        """Ask to take pixels another way."""
        self._send(UseDriver(driver))

    def statistics(self, now: float) -> ScreenStatistics:
        """Return what the last seconds were like."""
        return self._statistics.now(now)

    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Take a customer's message; raises PeerError for what no viewer could show."""
        match message:
            case ScreenLayout():
                self._layout = message
                self._begins_anew = False
            case Frame(parts=parts):
                self._check(message)
                if self._begins_anew:
                    return
                size = sum(len(part.data) for part in parts if isinstance(part, Lossless | Jpeg))
                self._statistics.received(message.number, size, now)
            case ScreenUnavailable():
                self._layout = None
            case _:
                raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(message).__name__)
        self._tell(message)

    def _check(self, frame: Frame) -> None:
        if self._layout is None:
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="a frame before its layout")
        for part in frame.parts:
            check_part(part, self._layout.width, self._layout.height)
