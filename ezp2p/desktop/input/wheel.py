"""The wheel in notches, from a browser's fractions of one."""

from __future__ import annotations

NOTCH = 120  # as Windows' WHEEL_DELTA


class Wheel:
    """Adds up fractions of a notch in each direction; turning back forgets the rest."""

    def __init__(self) -> None:
        self._right = 0
        self._down = 0

    def turn(self, right: int, down: int) -> tuple[int, int]:
        """Return the whole notches (right, down) that this turn completes."""
        self._right = _add(self._right, right)
        self._down = _add(self._down, down)
        notches = int(self._right / NOTCH), int(self._down / NOTCH)
        self._right -= notches[0] * NOTCH
        self._down -= notches[1] * NOTCH
        return notches


def _add(rest: int, turned: int) -> int:
    return turned if rest * turned < 0 else rest + turned
