"""The counselor's hand on Windows, felt by Windows' own Notepad."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from ctypes import wintypes
from pathlib import Path

import pytest

from ezp2p.desktop.input import InputSink, open_input
from ezp2p.wire.messages.input import MouseButton
from tests.windows.notepad import Notepad, notepad, until

VK_LBUTTON, VK_SHIFT, VK_CONTROL = 0x01, 0x10, 0x11
STEADY_LOOKS = 8
_user32 = ctypes.WinDLL("user32")


@pytest.fixture(scope="module")
def one_hand() -> Iterator[InputSink]:
    hand = open_input()
    yield hand
    hand.close()


@pytest.fixture
def hand(one_hand: InputSink) -> Iterator[InputSink]:
    yield one_hand
    one_hand.release_all()


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


def point(hand: InputSink, place: tuple[int, int]) -> None:
    """Put the pointer there to stay: under Wine, late news from the X server move it back."""
    looks = 0

    def stays() -> bool:
        nonlocal looks
        if pointer() != place:
            looks = 0
            hand.move(*place)
        looks += 1
        return looks > STEADY_LOOKS

    hand.move(*place)
    until(stays, f"the pointer at {place}")


@pytest.mark.parametrize("place", [(0, 0), (1, 1), (511, 383), (1000, 700), (1023, 767)])
def test_pointer_goes_exactly_there(hand: InputSink, place: tuple[int, int]) -> None:
    point(hand, place)


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
    point(hand, (500, 215))
    hand.button(MouseButton.LEFT, down=True)
    until(lambda: is_down(VK_LBUTTON), "the button down")
    point(hand, (52, 215))
    hand.button(MouseButton.LEFT, down=False)
    until(lambda: not is_down(VK_LBUTTON), "the button up")
    tap(hand, "KeyN")
    paper.wait_for("n")


def test_text_in_several_lines_with_tabs_and_rare_letters_arrives(
    hand: InputSink, paper: Notepad
) -> None:
    hand.type_text("첫째 줄\r\n둘째\t줄\n\x00é ß 漢字 😀")
    paper.wait_for("첫째 줄\n둘째\t줄\né ß 漢字 😀")


def test_shift_that_is_held_does_not_change_text_and_stays_held(
    hand: InputSink, paper: Notepad
) -> None:
    hand.key("ShiftLeft", down=True)
    hand.type_text("low 낮게")
    tap(hand, "KeyH")
    paper.wait_for("low 낮게H")


def test_interrupted_hand_types_nothing_until_it_has_let_go(
    hand: InputSink, paper: Notepad
) -> None:
    hand.interrupt()
    hand.type_text("lost")
    hand.release_all()
    hand.type_text("kept")
    paper.wait_for("kept")


def test_key_that_is_pressed_again_repeats(hand: InputSink, paper: Notepad) -> None:
    for _ in range(3):
        hand.key("KeyR", down=True)
    hand.key("KeyR", down=False)
    paper.wait_for("rrr")


def test_wheel_scrolls_a_long_text(hand: InputSink, paper: Notepad) -> None:
    hand.type_text("\n" * 60)
    paper.wait_for("\n" * 60)
    point(hand, (300, 300))
    last = paper.first_line
    hand.wheel(0, -240)
    until(lambda: paper.first_line < last, "an earlier line on top")


def test_every_button_goes_down_and_up(hand: InputSink, paper: Notepad) -> None:
    point(hand, (1000, 20))  # on the desktop, where they do nothing
    for button, virtual_key in (
        (MouseButton.LEFT, 0x01),
        (MouseButton.MIDDLE, 0x04),
        (MouseButton.BACK, 0x05),
        (MouseButton.FORWARD, 0x06),
    ):
        hand.button(button, down=True)
        until(lambda key=virtual_key: is_down(key), f"{button} down")  # type: ignore[misc]
        hand.button(button, down=False)
        until(lambda key=virtual_key: not is_down(key), f"{button} up")  # type: ignore[misc]


HOLDER = """
import sys
from ezp2p.desktop.input import open_input

if __name__ == "__main__":
    hand = open_input()
    hand.key("ControlLeft", down=True)
    hand.key("KeyK", down=True)
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_keys_of_a_killed_program_go_up(tmp_path: Path) -> None:
    program = tmp_path / "holder.py"
    program.write_text(HOLDER)
    holder = subprocess.Popen(
        [sys.executable, str(program)],
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None and holder.stdin is not None
    with holder.stdout, holder.stdin:
        assert holder.stdout.readline().strip() == b"held"
        until(lambda: is_down(VK_CONTROL) and is_down(ord("K")), "both down")
        holder.kill()
        holder.wait()
        until(lambda: not is_down(VK_CONTROL) and not is_down(ord("K")), "both up")
