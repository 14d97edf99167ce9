"""Asking the owner of an X selection for what it holds, step by step (ICCCM 2.4 and 2.7.2).

    TARGETS --> a mark "do not record"? --> the best text --> else the best picture

Each answer is one `Incoming`: whole in one property, or in pieces that end with an empty one.
The owner is a stranger: it may never answer, stop halfway, or send more than it promised.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterable

from ezp2p.desktop.clipboard import (
    MAX_PICTURE_BYTES,
    MAX_TEXT_BYTES,
    Content,
    Lack,
    Picture,
    Text,
)
from ezp2p.desktop.clipboard.picture import to_png

READ_WITHIN_S = 10.0  # the whole of it
ANSWER_WITHIN_S = 3.0  # one step: a large picture is made while its owner is asked for it

CONCEALED_MARK = "x-kde-passwordManagerHint"
_TEXTS = {
    "UTF8_STRING": "utf-8",
    "text/plain;charset=utf-8": "utf-8",
    "STRING": "latin-1",
    "text/plain": "utf-8",
}
_PICTURES = ("image/png", "image/bmp", "image/jpeg", "image/tiff")
_TARGETS_BYTES = 64 * 1024

Question = tuple[str, int]  # a target's name, and how many bytes of it are wanted at most
Answer = bytes | Lack  # empty: the owner has nothing of that kind
Questions = Generator[Question, Answer, Content | Lack]


class Incoming:
    """One answer while it arrives; `due_at` is when to give up waiting for the next of it."""

    def __init__(self, limit_bytes: int, now: float) -> None:
        """Take up to `limit_bytes`."""
        self.limit_bytes = limit_bytes
        self._pieces: list[bytes] = []
        self._size = 0
        self.in_pieces = False
        self.due_at = now + ANSWER_WITHIN_S

    def begin_pieces(self, at_least_bytes: int, now: float) -> Answer | None:
        """The owner will send pieces, so much in all or more; returns an answer if too much."""
        self.in_pieces = True
        self.due_at = now + ANSWER_WITHIN_S
        return Lack.TOO_LARGE if at_least_bytes > self.limit_bytes else None

    def take(self, piece: bytes, now: float) -> Answer | None:
        """Take what a property held; returns the whole answer when this was the last of it."""
        self._pieces.append(piece)
        self._size += len(piece)
        self.due_at = now + ANSWER_WITHIN_S
        if self._size > self.limit_bytes:
            return Lack.TOO_LARGE
        return None if self.in_pieces and piece else b"".join(self._pieces)


def questions(atom_names: dict[int, str]) -> Questions:
    """Yield one question after another, take the answers, return what lies on the clipboard.

    `atom_names` are those of the targets we know; a list of TARGETS holds 32-bit atoms.
    """
    listed = yield "TARGETS", _TARGETS_BYTES
    if isinstance(listed, Lack):
        return listed
    offered = {atom_names.get(atom) for atom in _atoms(listed)}
    if CONCEALED_MARK in offered:
        return Lack.CONCEALED
    found: Content | Lack = Lack.EMPTY
    for target in (*_TEXTS, *_PICTURES):
        if target in offered and found is Lack.EMPTY:
            is_text = target in _TEXTS
            answer = yield target, MAX_TEXT_BYTES if is_text else MAX_PICTURE_BYTES
            if isinstance(answer, Lack):
                return answer
            found = _text(answer, _TEXTS[target]) if is_text else _picture(answer)
    return found


def names_to_know() -> tuple[str, ...]:
    """Return the names of all targets whose atoms `questions` must recognise."""
    return (CONCEALED_MARK, *_TEXTS, *_PICTURES)


def _atoms(data: bytes) -> Iterable[int]:
    return (atom for (atom,) in struct.iter_unpack("=I", data[: len(data) // 4 * 4]))


def _text(answer: bytes, encoding: str) -> Text | Lack:
    decoded = answer.decode(encoding, "replace").partition("\0")[0]
    text = decoded.replace("\r\n", "\n")
    if len(text.encode()) > MAX_TEXT_BYTES:  # Latin-1, and what cannot be read, grow
        return Lack.TOO_LARGE
    return Text(text) if text else Lack.EMPTY


def _picture(answer: bytes) -> Picture | Lack:
    if not answer:
        return Lack.EMPTY
    png = to_png(answer)
    return Picture(png) if png is not None else Lack.NO_ANSWER
