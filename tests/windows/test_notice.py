"""The notice on Windows' own desktop, looked at and touched."""

import ctypes
import threading
from collections.abc import Iterator
from ctypes import wintypes
from dataclasses import dataclass

import numpy as np
import pytest

from ezp2p.base.area import Area
from ezp2p.desktop.input import InputSink, open_input
from ezp2p.desktop.notice import Notice, NoticeText, show_notice
from ezp2p.desktop.screen import Picture, open_screen
from ezp2p.wire.messages.input import MouseButton
from ezp2p.wire.messages.screen import ScreenDriver
from tests.windows.notepad import notepad, until

ACCENT, BUTTON = (47, 95, 208), (209, 44, 36)
TEXT = NoticeText(
    title="한빛 고객지원 김민지 님이 연결되어 있습니다",
    details="화면을 보고 조작할 수 있음 · 10:42부터",
    end_button="지금 끝내기",
    end_hint="Ctrl+Alt+End",
)
WM_CLOSE, SW_HIDE = 0x10, 0
_user32 = ctypes.WinDLL("user32")
_user32.FindWindowW.restype = wintypes.HWND
_user32.WindowFromPoint.restype = wintypes.HWND
_user32.WindowFromPoint.argtypes = [wintypes.POINT]


@dataclass
class Shown:
    """A notice on the screen, and whether its button has been pressed."""

    notice: Notice
    ended: threading.Event

    @property
    def window(self) -> int:
        return int(_user32.FindWindowW(None, f"{TEXT.title} · {TEXT.details}") or 0)


@pytest.fixture
def shown() -> Iterator[Shown]:
    ended = threading.Event()
    notice = show_notice(TEXT, ended.set)
    yield Shown(notice, ended)
    notice.close()


@pytest.fixture(scope="module")
def hand() -> Iterator[InputSink]:
    hand = open_input()
    yield hand
    hand.close()


def picture() -> Picture:
    """Return the desktop: red, green, blue."""
    screen = open_screen(ScreenDriver.PORTABLE)
    try:
        return screen.grab(Area(0, 0, screen.width, screen.height))[..., 2::-1].copy()
    finally:
        screen.close()


def middle_of(colour: tuple[int, int, int]) -> tuple[int, int] | None:
    rows, columns = np.nonzero((picture() == colour).all(axis=2))
    return (int(np.median(columns)), int(np.median(rows))) if len(rows) > 400 else None


def is_framed() -> bool:
    seen = picture()
    edges = (seen[1, 5:-5], seen[-2, 5:-5], seen[5:-5, 1], seen[5:-5, -2])
    return all(bool((edge == ACCENT).all()) for edge in edges)


def click(hand: InputSink, place: tuple[int, int]) -> None:
    hand.move(*place)
    hand.button(MouseButton.LEFT, down=True)
    hand.button(MouseButton.LEFT, down=False)


def test_strip_and_frame_are_on_the_screen_until_they_are_closed(shown: Shown) -> None:
    assert shown.notice.is_shown()
    until(is_framed, "the frame")
    until(lambda: middle_of(BUTTON), "the strip's button")
    shown.notice.close()
    assert not shown.notice.is_shown()
    until(lambda: not is_framed() and not middle_of(BUTTON), "the desktop without them")


def test_button_ends(shown: Shown, hand: InputSink) -> None:
    place = until(lambda: middle_of(BUTTON), "the strip's button")

    def clicked() -> bool:
        click(hand, place)
        return shown.ended.is_set()

    until(clicked, "the end")


def test_strip_stays_above_a_window_that_covers_it(shown: Shown) -> None:
    """By Windows' own order: what Wine's X server shows follows it late or not at all."""
    place = wintypes.POINT(*until(lambda: middle_of(BUTTON), "the strip's button"))
    with notepad() as paper:
        paper.move(0, 0, 1024, 768)
        until(lambda: middle_of((255, 255, 255)), "Notepad over the whole desktop")
        assert _user32.WindowFromPoint(place) == shown.window
        below = wintypes.POINT(place.x, place.y + 300)
        assert _user32.WindowFromPoint(below) != shown.window


def test_nobody_can_close_or_hide_it(shown: Shown) -> None:
    window = until(lambda: shown.window, "the strip's window by its name")
    _user32.PostMessageW(window, WM_CLOSE, 0, 0)
    _user32.ShowWindow(window, SW_HIDE)
    until(lambda: _user32.IsWindowVisible(window), "the strip shown again")
    assert shown.notice.is_shown()


def test_it_can_be_moved_but_not_off_the_screen(shown: Shown, hand: InputSink) -> None:
    x, y = until(lambda: middle_of(BUTTON), "the strip's button")

    def drag() -> bool:
        place = wintypes.RECT()
        _user32.GetWindowRect(shown.window, ctypes.byref(place))
        hand.move(place.left + 20, place.top + 12)
        hand.button(MouseButton.LEFT, down=True)
        hand.move(600, 500)
        hand.move(0, 767)
        hand.button(MouseButton.LEFT, down=False)
        _user32.GetWindowRect(shown.window, ctypes.byref(place))
        return place.left == 0 and place.bottom == 768

    until(drag, "the strip in the corner")
    moved_x, moved_y = until(lambda: middle_of(BUTTON), "the strip's button")
    assert moved_x < x and moved_y > y
    assert not shown.ended.is_set()


def test_another_text_makes_another_strip(shown: Shown) -> None:
    until(lambda: shown.window, "the strip's window by its name")
    other = NoticeText(title="Kim", details="can see", end_button="End", end_hint="")
    shown.notice.update(other)
    until(lambda: _user32.FindWindowW(None, "Kim · can see"), "the other name")


def test_destroyed_strip_is_not_shown_for_good(shown: Shown) -> None:
    """A program of the same person can destroy it only from its thread: as when we crash."""
    window = until(lambda: shown.window, "the strip's window by its name")
    thread = _user32.GetWindowThreadProcessId(window, None)
    _user32.PostThreadMessageW(thread, 0x0012, 0, 0)  # WM_QUIT
    until(lambda: not shown.notice.is_shown(), "the strip gone")
