"""Ctrl+Alt+End, pressed by a person: which keys are down, and on whose keyboard.

Keys that a program injects are left out altogether: a counselor who holds Ctrl and Alt can
neither complete the chord nor spoil it. A person may spread it over several keyboards.
"""

from __future__ import annotations

from enum import Enum, auto


class Part(Enum):
    """A key that belongs to the chord; left and right ones are told apart by `place`."""

    CONTROL = auto()
    ALT = auto()
    END = auto()


class Chord:
    """Follows presses and releases; repeats of a key that stays down change nothing."""

    def __init__(self) -> None:
        self._down: set[tuple[int, int, Part]] = set()

    def changed(self, source: int, place: int, part: Part, *, down: bool) -> bool:
        """Take one key change of a person's device; True when it completes the chord.

        `source` tells keyboards apart, `place` a keyboard's keys.
        """
        key = (source, place, part)
        if not down:
            self._down.discard(key)
            return False
        if key in self._down:
            return False
        self._down.add(key)
        return part is Part.END and {part for _, _, part in self._down} == set(Part)
