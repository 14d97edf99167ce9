"""XTEST input against a real X server and real programs."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest
import xcffib
import xcffib.xproto

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.input.keys import KEYS, x11_keycode
from ezp2p.desktop.input.linux import X11Input, open_input
from ezp2p.wire.messages.input import MouseButton
from tests.support.person import person_s_keyboard
from tests.support.text_targets import Target, chromium, gtk, qt, xterm
from tests.support.xvfb import Display, xvfb

_random = random.Random(2)
_syllables = [chr(_random.randint(0xAC00, 0xD7A3)) for _ in range(140)]
_latin = [_random.choice("abcxyzABCXYZ0123456789 .,!?") for _ in range(56)]
MIXED = "".join(_random.sample(_syllables + _latin, 196)) + "€é😀ㄱ"

Program = Callable[[Display, Path], AbstractContextManager[Target]]
PROGRAMS: list[Program] = [xterm, gtk, qt, chromium]


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    with xvfb(800, 600) as display, display.as_ours():
        yield display


@pytest.fixture
def sink(display: Display) -> Iterator[X11Input]:
    sink = open_input()
    yield sink
    sink.close()


@pytest.fixture
def watcher(display: Display) -> Iterator[Any]:
    connect: Any = xcffib.Connection
    connection = connect(display=display.name)
    yield connection
    connection.disconnect()


def keys_down(watcher: Any) -> set[int]:
    """The keycodes that are down now."""
    keymap = bytes(watcher.core.QueryKeymap().reply().keys)
    return {8 * i + bit for i, byte in enumerate(keymap) for bit in range(8) if byte >> bit & 1}


def pointer(watcher: Any) -> Any:
    """Where the pointer is, and the state of buttons and modifiers."""
    return watcher.core.QueryPointer(watcher.get_setup().roots[0].root).reply()


def eventually(happens: Callable[[], bool]) -> bool:
    """Tell whether it happens within a generous time."""
    until = time.monotonic() + 20
    while not happens() and time.monotonic() < until:
        time.sleep(0.02)
    return happens()


@pytest.mark.parametrize("program", PROGRAMS)
def test_200_mixed_characters_arrive_exactly(
    display: Display, sink: X11Input, tmp_path: Path, program: Program
) -> None:
    with program(display, tmp_path) as target:
        sink.type_text(MIXED)
        assert target.text_of_length(len(MIXED)) == MIXED


def test_syllables_typed_one_by_one_arrive_in_order(
    display: Display, sink: X11Input, tmp_path: Path
) -> None:
    with gtk(display, tmp_path) as target:
        for syllable in MIXED[:60]:
            sink.type_text(syllable)
        assert target.text_of_length(60) == MIXED[:60]


def test_lines_tabs_jamo_and_combining_marks_arrive(
    display: Display, sink: X11Input, tmp_path: Path
) -> None:
    text = "첫 줄\n\t둘째\nᄒ\u1161ᆫ e\u0301 \u2067🇰🇷"
    with gtk(display, tmp_path) as target:
        sink.type_text(text.replace("\n", "\r\n") + "\x00\x1b\x7f")
        assert target.text_of_length(len(text)) == text


def test_text_is_right_while_caps_lock_is_on_and_shift_and_ctrl_are_held(
    display: Display, sink: X11Input, watcher: Any, tmp_path: Path
) -> None:
    with gtk(display, tmp_path) as target:
        sink.key("CapsLock", down=True)
        sink.key("CapsLock", down=False)
        sink.key("ShiftLeft", down=True)
        sink.key("ControlLeft", down=True)
        sink.type_text("aB가1")
        assert target.text_of_length(4) == "aB가1"
        assert pointer(watcher).mask & 0b111 == 0b111  # Shift, Lock and Control as before
        sink.release_all()
        sink.key("CapsLock", down=True)
        sink.key("CapsLock", down=False)


def test_text_is_right_while_a_second_keyboard_types(
    display: Display, sink: X11Input, watcher: Any, tmp_path: Path
) -> None:
    done = threading.Event()
    presses = 0

    def type_on_the_person_s_keyboard() -> None:
        nonlocal presses
        press = person_s_keyboard(watcher)
        while not done.wait(0.01):
            press(38, True)
            press(38, False)
            presses += 1

    with gtk(display, tmp_path) as target:
        person = threading.Thread(target=type_on_the_person_s_keyboard)
        person.start()
        text = MIXED.replace("a", "")
        sink.type_text(text)
        done.set()
        person.join()
        arrived = target.text_of_length(len(text) + presses)
    assert arrived.count("a") == presses
    assert arrived.replace("a", "") == text


def test_text_waits_for_a_program_that_is_busy(
    display: Display, sink: X11Input, tmp_path: Path
) -> None:
    with qt(display, tmp_path) as target:
        psutil.Process(target.pid).suspend()
        typist = threading.Thread(target=sink.type_text, args=(MIXED,))
        typist.start()
        typist.join(1.0)  # well beyond what is granted to programs that cannot be asked
        assert typist.is_alive()
        psutil.Process(target.pid).resume()
        typist.join()
        assert target.text_of_length(len(MIXED)) == MIXED


def test_text_stops_when_interrupted_and_goes_on_after_a_release(
    display: Display, sink: X11Input, tmp_path: Path
) -> None:
    with gtk(display, tmp_path) as target:
        typist = threading.Thread(target=sink.type_text, args=(MIXED * 10,))
        typist.start()
        assert target.text_of_length(5)
        sink.interrupt()
        typist.join()
        sink.type_text("아무것도")
        sink.release_all()
        sink.type_text("끝")
        assert eventually(lambda: target.read().endswith("끝"))
        assert "아무것도" not in target.read()
        assert len(target.read()) < len(MIXED) * 10


def test_borrowed_keycodes_are_given_back(display: Display, watcher: Any) -> None:
    before = list(watcher.core.GetKeyboardMapping(8, 248).reply().keysyms)
    sink = open_input()
    sink.type_text(MIXED[:10])
    assert list(watcher.core.GetKeyboardMapping(8, 248).reply().keysyms) != before
    sink.close()
    assert list(watcher.core.GetKeyboardMapping(8, 248).reply().keysyms) == before


def test_physical_keys_take_the_customer_s_layout(
    display: Display, sink: X11Input, tmp_path: Path
) -> None:
    subprocess.run(["setxkbmap", "de"], env=display.environ, check=True)
    try:
        with gtk(display, tmp_path) as target:
            for code in ("KeyY", "KeyZ", "Semicolon", "Digit1"):
                sink.key(code, down=True)
                sink.key(code, down=False)
            assert target.text_of_length(4) == "zyö1"
    finally:
        subprocess.run(["setxkbmap", "us"], env=display.environ, check=True)


def test_every_key_presses_its_keycode_and_no_other(sink: X11Input, watcher: Any) -> None:
    for code in KEYS:
        if (keycode := x11_keycode(code)) is not None:
            sink.key(code, down=True)
            assert keys_down(watcher) == {keycode}, code
            sink.key(code, down=False)
            assert not keys_down(watcher), code
    sink.key("NoSuchKey", down=True)
    assert not keys_down(watcher)


def test_the_pointer_goes_to_the_place_and_stays_on_the_screen(
    sink: X11Input, watcher: Any
) -> None:
    sink.move(123, 456)
    assert (pointer(watcher).root_x, pointer(watcher).root_y) == (123, 456)
    sink.move(65535, 65535)
    assert (pointer(watcher).root_x, pointer(watcher).root_y) == (799, 599)


def test_every_button_and_wheel_notch_is_reported(sink: X11Input, watcher: Any) -> None:
    root = watcher.get_setup().roots[0].root
    mask = xcffib.xproto.EventMask.ButtonPress
    watcher.core.ChangeWindowAttributes(root, xcffib.xproto.CW.EventMask, [mask])
    watcher.core.GetInputFocus().reply()
    for button in MouseButton:
        sink.button(button, down=True)
        sink.button(button, down=False)
    sink.wheel(0, 60)
    sink.wheel(0, 60)  # two halves make one notch down
    sink.wheel(-120, -240)
    sink.wheel(119, 119)  # turning back: less than a notch
    watcher.core.GetInputFocus().reply()
    pressed = []
    while (event := watcher.poll_for_event()) is not None:
        pressed.append(event.detail)
    assert pressed == [1, 2, 3, 8, 9, 5, 6, 4, 4]


def test_release_all_lets_go_of_keys_and_buttons(sink: X11Input, watcher: Any) -> None:
    for code in ("ControlLeft", "KeyA", "AltRight"):
        sink.key(code, down=True)
    sink.button(MouseButton.LEFT, down=True)
    assert len(keys_down(watcher)) == 3
    sink.release_all()
    assert not keys_down(watcher)
    assert not pointer(watcher).mask & 0x1F00  # buttons 1 to 5


def test_keys_and_buttons_are_released_when_the_program_is_killed(
    display: Display, watcher: Any
) -> None:
    program = """
import threading, time
from ezp2p.desktop.input.linux import open_input
from ezp2p.wire.messages.input import MouseButton
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
sink = open_input()
sink.key("ControlLeft", down=True)
sink.key("ShiftRight", down=True)
sink.button(MouseButton.RIGHT, down=True)
print("down", flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, env=display.environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"down\n"
        assert keys_down(watcher) == {37, 62}
        process.kill()
        # The guard holds none of the program's files: its output ends with it.
        assert process.stdout.read() == b""
    assert eventually(lambda: not keys_down(watcher) and not pointer(watcher).mask & 0x1F00)


def test_input_is_unavailable_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(Unavailable) as no_display:
        open_input()
    assert no_display.value.key == "input.unavailable"


def test_a_dying_display_is_an_error_that_says_so() -> None:
    with xvfb(320, 200) as display, display.as_ours():
        sink = open_input()
        display.kill()
        with pytest.raises(Unavailable) as gone:
            sink.key("KeyA", down=True)
        assert gone.value.key == "input.unavailable"
        with pytest.raises(Unavailable):
            sink.close()
