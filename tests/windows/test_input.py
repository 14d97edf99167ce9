"""The counselor's hand on Windows, felt by Windows' own Notepad."""

import ctypes
from collections.abc import Iterator
from ctypes import wintypes

import pytest

from ezp2p.desktop.input import InputSink, open_input
from ezp2p.wire.messages.input import MouseButton
from tests.windows.notepad import Notepad, notepad, until

VK_LBUTTON, VK_SHIFT, VK_CONTROL = 0x01, 0x10, 0x11
_user32 = ctypes.WinDLL("user32")


@pytest.fixture
def hand() -> Iterator[InputSink]:
    hand = open_input()
    yield hand
    hand.close()


@pytest.fixture(scope="module")
def one_notepad() -> Iterator[Notepad]:
    with notepad() as running:
        running.move(50, 150, 700, 400)
        yield running


@pytest.fixture
def paper(one_notepad: Notepad) -> Notepad:
    one_notepad.clear()
    return one_notepad


def tap(hand: InputSink, *codes: str) -> None:
    for code in codes:
        hand.key(code, down=True)
    for code in reversed(codes):
        hand.key(code, down=False)


def is_down(virtual_key: int) -> bool:
    return bool(_user32.GetAsyncKeyState(virtual_key) & 0x8000)


def pointer() -> tuple[int, int]:
    place = wintypes.POINT()
    _user32.GetCursorPos(ctypes.byref(place))
    return place.x, place.y


@pytest.mark.parametrize("place", [(0, 0), (1, 1), (511, 383), (1000, 700), (1023, 767)])
def test_pointer_goes_exactly_there(hand: InputSink, place: tuple[int, int]) -> None:
    hand.move(*place)
    until(lambda: pointer() == place, f"the pointer at {place}")


def test_keys_type_what_their_layout_says(hand: InputSink, paper: Notepad) -> None:
    tap(hand, "KeyA")
    tap(hand, "ShiftLeft", "KeyB")
    tap(hand, "Digit7")
    tap(hand, "Enter")
    tap(hand, "NumpadAdd")
    paper.wait_for("aB7\n+")


def test_extended_keys_move_the_caret(hand: InputSink, paper: Notepad) -> None:
    for code in ("KeyX", "KeyY", "Home", "KeyA", "End", "KeyZ", "ArrowLeft", "Delete"):
        tap(hand, code)
    paper.wait_for("axy")


def test_control_and_a_key_are_a_command(hand: InputSink, paper: Notepad) -> None:
    tap(hand, "KeyQ")
    paper.wait_for("q")
    tap(hand, "ControlLeft", "KeyA")
    tap(hand, "Backspace")
    paper.wait_for("")


def test_hangul_arrives_exactly(hand: InputSink, paper: Notepad) -> None:
    text = "안녕하세요, 원격 지원입니다. 뷁 mixed 한글 ABC"
    hand.type_text(text)
    paper.wait_for(text)


def test_what_is_held_is_let_go(hand: InputSink, paper: Notepad) -> None:
    hand.key("ShiftLeft", down=True)
    hand.key("ControlRight", down=True)
    until(lambda: is_down(VK_SHIFT) and is_down(VK_CONTROL), "both down")
    hand.release_all()
    until(lambda: not is_down(VK_SHIFT) and not is_down(VK_CONTROL), "both up")


def test_drag_over_the_paper_marks_what_the_next_key_replaces(
    hand: InputSink, paper: Notepad
) -> None:
    hand.type_text("word")
    paper.wait_for("word")
    hand.move(500, 215)
    hand.button(MouseButton.LEFT, down=True)
    until(lambda: is_down(VK_LBUTTON), "the button down")
    hand.move(52, 215)
    hand.button(MouseButton.LEFT, down=False)
    until(lambda: not is_down(VK_LBUTTON), "the button up")
    tap(hand, "KeyN")
    paper.wait_for("n")
