"""What a session needs from outside, handed to it by app/: the desktop, a diary, names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ezp2p.desktop.hotkeys import Hotkey
from ezp2p.desktop.input import InputSink
from ezp2p.desktop.notice import Notice, NoticeText
from ezp2p.desktop.screen import ScreenSource
from ezp2p.wire.messages.screen import ScreenDriver


class Desktop(Protocol):
    """This machine, as far as a session may touch it. All raise Unavailable."""

    def open_screen(self, driver: ScreenDriver) -> ScreenSource:
        """Return the screen's pixels."""
        ...

    def open_input(self) -> InputSink:
        """Return the injector of input."""
        ...

    def show_notice(self, text: NoticeText, ended: Callable[[], None]) -> Notice:
        """Show the strip that says who sees this screen."""
        ...

    def watch_end_key(self, pressed: Callable[[], None]) -> Hotkey:
        """Watch the end-now key."""
        ...


class Diary(Protocol):
    """Where a session's log goes; must never raise."""

    path: str  # the file, or "" where there is none

    def write(self, event: str, **fields: object) -> None:
        """Note something that happened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Who is at the other end, as the rendezvous vouches for it."""

    company: str
    counselor: str
