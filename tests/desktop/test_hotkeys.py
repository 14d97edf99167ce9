"""The end-now key: pressed by a person, on a real X server."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import xcffib
import xcffib.xproto
import xcffib.xtest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.hotkeys import watch_end_key
from ezp2p.desktop.hotkeys.chord import Chord, Part
from tests.support.person import person_s_keyboard
from tests.support.xvfb import Display, xvfb

CONTROL_L, CONTROL_R, ALT_L, END, KP_END, CAPS_LOCK, NUM_LOCK = 37, 105, 64, 115, 87, 66, 77

Press = Callable[[int, bool], None]


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    with xvfb(320, 200) as display, display.as_ours():
        yield display


@pytest.fixture
def connection(display: Display) -> Iterator[Any]:
    connect: Any = xcffib.Connection
    connection = connect(display=display.name)
    yield connection
    connection.disconnect()


@pytest.fixture
def person(connection: Any) -> Press:
    return person_s_keyboard(connection)


@pytest.fixture
def program(connection: Any) -> Press:
    """Presses as a program injects them."""

    def press(keycode: int, down: bool) -> None:
        xtest = connection(xcffib.xtest.key)
        xtest.FakeInput(2 if down else 3, keycode, 0, 0, 0, 0, 0)
        connection.core.GetInputFocus().reply()

    return press


@pytest.fixture
def ended(display: Display) -> Iterator[queue.SimpleQueue[None]]:
    ended: queue.SimpleQueue[None] = queue.SimpleQueue()
    watched = watch_end_key(lambda: ended.put(None))
    yield ended
    watched.close()


def chord(press: Press, *keycodes: int) -> None:
    for keycode in keycodes:
        press(keycode, True)
    for keycode in reversed(keycodes):
        press(keycode, False)


@pytest.mark.parametrize("locks", [[], [CAPS_LOCK], [NUM_LOCK], [CAPS_LOCK, NUM_LOCK]])
@pytest.mark.parametrize("keys", [(CONTROL_L, ALT_L, END), (ALT_L, CONTROL_R, KP_END)])
def test_a_person_ends_with_any_lock_on(
    ended: queue.SimpleQueue[None], person: Press, locks: list[int], keys: tuple[int, ...]
) -> None:
    for lock in locks:
        chord(person, lock)
    chord(person, *keys)
    ended.get(timeout=20)
    for lock in locks:
        chord(person, lock)
    assert ended.empty()


def test_a_person_ends_while_another_program_holds_the_whole_keyboard(
    ended: queue.SimpleQueue[None], person: Press, connection: Any
) -> None:
    root = connection.get_setup().roots[0].root
    connection.core.GrabKeyboard(False, root, 0, 1, 1).reply()
    chord(person, CONTROL_L, ALT_L, END)
    ended.get(timeout=20)
    connection.core.UngrabKeyboard(0)


def test_injected_keys_end_nothing_and_spoil_nothing(
    ended: queue.SimpleQueue[None], person: Press, program: Press
) -> None:
    chord(program, CONTROL_L, ALT_L, END)
    program(CONTROL_L, True)
    program(ALT_L, True)
    chord(person, END)  # the person wants End, the counselor holds the rest
    chord(person, CONTROL_L, ALT_L, END)  # events come in order: this is the first that counts
    ended.get(timeout=20)
    program(ALT_L, False)
    program(CONTROL_L, False)
    assert ended.empty()


def test_a_closed_watch_is_silent(display: Display, person: Press) -> None:
    first: queue.SimpleQueue[None] = queue.SimpleQueue()
    second: queue.SimpleQueue[None] = queue.SimpleQueue()
    closed = watch_end_key(lambda: first.put(None))
    closed.close()
    other = watch_end_key(lambda: second.put(None))
    chord(person, CONTROL_L, ALT_L, END)
    second.get(timeout=20)
    assert first.empty()
    other.close()


def test_the_key_is_unavailable_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(Unavailable):
        watch_end_key(lambda: None)


def test_a_dying_display_ends_the_watch_quietly() -> None:
    with xvfb(320, 200) as display, display.as_ours():
        watched = watch_end_key(lambda: None)
        display.kill()
        watched.close()


def test_only_end_completes_the_chord_whatever_the_order_of_the_others() -> None:
    for first, second in itertools.permutations([Part.CONTROL, Part.ALT]):
        chord = Chord()
        assert not chord.changed(1, 10, first, down=True)
        assert not chord.changed(2, 11, second, down=True)
        assert chord.changed(1, 12, Part.END, down=True)
        assert not chord.changed(1, 12, Part.END, down=True)  # it repeats
    late = Chord()
    late.changed(1, 12, Part.END, down=True)
    late.changed(1, 10, Part.CONTROL, down=True)
    assert not late.changed(1, 11, Part.ALT, down=True)


def test_a_released_modifier_does_not_count() -> None:
    chord = Chord()
    chord.changed(1, 10, Part.CONTROL, down=True)
    chord.changed(1, 11, Part.ALT, down=True)
    chord.changed(1, 10, Part.CONTROL, down=False)
    assert not chord.changed(1, 12, Part.END, down=True)
