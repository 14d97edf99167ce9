"""Keycodes borrowed for characters that no key of the layout types.

A keyboard map leaves a dozen or two of its 248 keycodes empty. We let such a keycode mean a
character, press it, and let it mean another one later:

    text        안 녕 하 세 요 안 녕        keycode  93 97 103 120 132 93 97
    one batch:  give the 5 new characters their keycodes, wait, press 7 times

Two waits make it right (measured with xterm, GTK 3, Qt 6 and Chromium, see
docs/decisions/0006-input-on-x11.md): after a change, until the program with the keyboard has
taken the new map; and before a keycode changes its meaning, until it has read the keys pressed
under the old one, because programs look a key up in the map as it is when they get to it.
reading.py asks the program; where it does not answer, time must do.

Rules: this file decides and counts only; linux.py talks to the server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Programs that cannot be asked have read their events by then.
REUSE_AFTER_S = 0.5

_UNICODE = 0x01000000  # X protocol, appendix A: keysym of U+0100 and above is this plus the number
_NAMED = {"\n": 0xFF0D, "\t": 0xFF09}  # Return, Tab


def keysym(character: str) -> int:
    """Return the keysym that types `character`; 0 for one that no key types.

    ASCII goes by its Unicode keysym as well: an input method that composes Latin keys into
    Hangul leaves those alone. xterm knows U+00A0..U+00FF by their old keysyms only.
    """
    if character in _NAMED:
        return _NAMED[character]
    number = ord(character)
    if number < 0x20 or 0x7F <= number < 0xA0:
        return 0
    return number if 0xA0 <= number < 0x100 else _UNICODE | number


def is_free(symbols: Iterable[int]) -> bool:
    """Tell whether a keycode with these keysyms may be borrowed: empty, or left by one of us.

    A program of ours that was killed leaves one character in both levels; no layout does.
    """
    meant = [symbol for symbol in symbols if symbol]
    if not meant:
        return True
    is_character = 0xA0 <= meant[0] < 0x100 or _UNICODE <= meant[0] <= _UNICODE | 0x10FFFF
    return len(meant) > 1 and len(set(meant)) == 1 and is_character


@dataclass(frozen=True, slots=True)
class Batch:
    """Text whose characters all have a keycode at one time."""

    keycodes: list[int]  # to press, in the order of the text
    changes: dict[int, int]  # keycode -> keysym, to be set before
    unread: bool  # a keycode changes that was pressed since everything was `read`
    not_before: float  # when it may change if nobody can tell, on the caller's clock


class Borrowed:
    """Which keycode means which keysym now, and when it was last pressed."""

    def __init__(self, keycodes: Iterable[int]) -> None:
        """Borrow these keycodes, which mean nothing yet."""
        self._meaning = dict.fromkeys(keycodes, 0)
        self._pressed_at = dict.fromkeys(self._meaning, float("-inf"))
        self._unread: set[int] = set()

    @property
    def meanings(self) -> dict[int, int]:
        """Keycode -> keysym, 0 for none."""
        return dict(self._meaning)

    @property
    def free_at(self) -> float:
        """When the last key pressed may change its meaning."""
        return max(self._pressed_at.values(), default=float("-inf")) + REUSE_AFTER_S

    def found(self, meanings: dict[int, int | None]) -> None:
        """Take over what the server says; None: somebody else uses the keycode by now."""
        for keycode, meaning in meanings.items():
            if meaning is None:
                del self._meaning[keycode], self._pressed_at[keycode]
            else:
                self._meaning[keycode] = meaning

    def batches(self, keysyms: list[int]) -> Iterable[Batch]:
        """Split into batches, each with as many different keysyms as there are keycodes.

        Call `pressed` for a batch before asking for the next one.
        """
        start = 0
        while self._meaning and start < len(keysyms):
            end, wanted = start, dict.fromkeys(keysyms[start : start + 1])
            while end < len(keysyms) and len(wanted | {keysyms[end]: None}) <= len(self._meaning):
                wanted[keysyms[end]] = None
                end += 1
            yield self._batch(keysyms[start:end], set(wanted))
            start = end

    def pressed(self, keycode: int, now: float) -> None:
        """Note that a borrowed key was pressed."""
        self._pressed_at[keycode] = now
        self._unread.add(keycode)

    def read(self) -> None:
        """Everything pressed has been read."""
        self._unread.clear()

    def _batch(self, keysyms: list[int], wanted: set[int]) -> Batch:
        missing = [k for k in dict.fromkeys(keysyms) if k not in self._meaning.values()]
        idle = [keycode for keycode, meaning in self._meaning.items() if meaning not in wanted]
        idle.sort(key=self._pressed_at.__getitem__)  # longest unused first
        changes = dict(zip(idle, missing, strict=False))
        not_before = max((self._pressed_at[k] for k in changes), default=float("-inf"))
        self._meaning.update(changes)
        by_keysym = {meaning: keycode for keycode, meaning in self._meaning.items()}
        return Batch(
            keycodes=[by_keysym[k] for k in keysyms],
            changes=changes,
            unread=not self._unread.isdisjoint(changes),
            not_before=not_before + REUSE_AFTER_S,
        )
