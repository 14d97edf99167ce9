"""The table of physical keys, and the wheel's arithmetic."""

from __future__ import annotations

import msgspec
import pytest

from ezp2p.desktop.input.keys import KEYS, MODIFIERS, x11_keycode
from ezp2p.desktop.input.wheel import Wheel
from ezp2p.wire.messages.input import KeyChanged


def test_every_name_can_travel() -> None:
    for code in KEYS:
        message = KeyChanged(code, True)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=KeyChanged) == message


def test_no_two_keys_share_a_number_but_the_old_names_of_volume() -> None:
    for numbers in (
        [key.evdev for code, key in KEYS.items() if not code.startswith("Volume")],
        [key.mac for code, key in KEYS.items() if key.mac and not code.startswith("Volume")],
    ):
        assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    ("code", "keycode"),
    [("KeyA", 38), ("Lang1", 130), ("Lang2", 131), ("IntlYen", 132), ("NumpadEnter", 104)],
)
def test_known_keys_have_their_x_keycodes(code: str, keycode: int) -> None:
    assert x11_keycode(code) == keycode


def test_power_keys_and_unknown_names_are_left_out() -> None:
    for code in ("Power", "Sleep", "WakeUp", "Fn", "NoSuchKey"):
        assert x11_keycode(code) is None


def test_modifiers_are_keys() -> None:
    assert set(KEYS) > MODIFIERS


def test_fractions_of_a_notch_add_up_in_each_direction() -> None:
    wheel = Wheel()
    turns = [(0, 100), (0, 100), (-250, 40), (0, -10), (0, -110)]
    assert [wheel.turn(*turn) for turn in turns] == [
        *((0, 0), (0, 1), (-2, 1)),
        *((0, 0), (0, -1)),
    ]
