"""The customer's screen on Windows: real pixels of the real desktop."""

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from ctypes import wintypes
from typing import TypeVar

import numpy as np
import pytest

from ezp2p.base.area import Area
from ezp2p.desktop.input import InputSink, open_input
from ezp2p.desktop.screen import Pointer, ScreenSource, open_screen
from ezp2p.desktop.win32 import MessageLoop
from ezp2p.wire.messages.screen import ScreenDriver
from tests.windows.notepad import notepad, until

T = TypeVar("T")
PATIENCE_S = 20.0
WS_EX_TOPMOST, WS_POPUP_VISIBLE = 0x8, 0x90000000
_user32 = ctypes.WinDLL("user32")
_user32.CreateWindowExW.restype = wintypes.HWND
_user32.DestroyWindow.argtypes = [wintypes.HWND]


@pytest.fixture
def screen() -> Iterator[ScreenSource]:
    screen = open_screen(ScreenDriver.PORTABLE)
    screen.pointer_place()
    yield screen
    screen.close()


def awaited(screen: ScreenSource, ask: Callable[[], T]) -> T:
    while not (answer := ask()):
        assert screen.wait(PATIENCE_S), "nothing happened"
    return answer


def test_new_window_is_damage_and_white_pixels(screen: ScreenSource) -> None:
    place = Area(200, 250, 200, 100)
    before = screen.grab(place).copy()
    with notepad() as paper:
        paper.move(100, 100, 500, 300)

        def paper_is_white() -> bool:
            return bool((screen.grab(place)[..., :3] == 255).all())

        damaged: list[Area] = []
        while not paper_is_white():
            damaged += awaited(screen, screen.damage)
    assert any(area.y <= place.y and area.bottom >= place.bottom for area in damaged)
    assert not np.array_equal(before, screen.grab(place))


@pytest.fixture(scope="module")
def hand() -> Iterator[InputSink]:
    hand = open_input()
    yield hand
    hand.close()


@contextlib.contextmanager
def window_of_ours(kind: str) -> Iterator[None]:
    """Show a window of one of Windows' own classes on the left half of the desktop."""
    windows: list[int] = []

    def begin() -> None:
        windows.append(
            _user32.CreateWindowExW(
                WS_EX_TOPMOST, kind, None, WS_POPUP_VISIBLE, 0, 0, 400, 600, None, None, None, None
            )
        )

    loop = MessageLoop("window", begin, lambda: _user32.DestroyWindow(windows[0]))
    try:
        yield
    finally:
        loop.close()


def awaited_shape(
    screen: ScreenSource, hand: InputSink, place: tuple[int, int], fits: Callable[[Pointer], bool]
) -> Pointer:
    """Return the shape that fits, once the pointer is at this place."""

    def there() -> Pointer | None:
        hand.move(*place)
        shape = screen.pointer()
        return shape if shape is not None and fits(shape) else None

    return until(there, f"a pointer at {place}")


def is_arrow(shape: Pointer) -> bool:
    """Tell whether the pointer's upper left is opaque, and its hot spot there."""
    return (shape.hot_x, shape.hot_y) == (0, 0) and bool(shape.picture[:8, :3, 3].any())


def is_bar(shape: Pointer) -> bool:
    """Tell whether it is thin, upright, and its hot spot in the middle."""
    columns = np.flatnonzero(shape.picture[..., 3].any(axis=0))
    rows = np.flatnonzero(shape.picture[..., 3].any(axis=1))
    return 0 < len(columns) < len(rows) and columns[0] <= shape.hot_x <= columns[-1]


def test_pointer_has_the_shape_that_the_window_below_gives_it(
    screen: ScreenSource, hand: InputSink
) -> None:
    with window_of_ours("EDIT"):
        awaited_shape(screen, hand, (200, 300), is_bar)
    with window_of_ours("BUTTON"):
        awaited_shape(screen, hand, (210, 310), is_arrow)


def test_place_of_the_pointer_is_told_when_it_moves(screen: ScreenSource, hand: InputSink) -> None:
    def told() -> bool:
        hand.move(321, 234)
        return screen.pointer_place() == (321, 234)

    until(told, "the place")
