"""Chat text as it may be shown: nothing in it acts on the page or on the text around it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

INSTEAD = "\N{REPLACEMENT CHARACTER}"

# They turn the direction of what follows, so that a line reads otherwise than it is written
# (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters). The marks that only
# hint (U+200E, U+200F, U+061C) stay: Hebrew and Arabic need them.
_TURNING = frozenset(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_LAYOUT = frozenset("\n\t")
_UNSHOWABLE = frozenset({"Cc", "Cs"})  # control characters, halves of surrogate pairs


def showable(text: str) -> str:
    """Return `text` with what must not be shown replaced by U+FFFD; line ends become \\n."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(INSTEAD if _is_harmful(character) else character for character in lines)


def pieces(text: str, length: int) -> Iterator[str]:
    """Yield all of `text` in pieces of at most `length` characters."""
    for start in range(0, len(text), length):
        yield text[start : start + length]


def _is_harmful(character: str) -> bool:
    if character in _LAYOUT:
        return False
    return character in _TURNING or unicodedata.category(character) in _UNSHOWABLE
