"""Taking what the owner of an X selection holds: one reading at a time, the others queue.

Every question names another property of our window, so that a late answer to an earlier one is
not taken for the answer to this one.
"""

from __future__ import annotations

import struct
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import xcffib
import xcffib.xproto

from ezp2p.desktop import xserver
from ezp2p.desktop.clipboard import Content, Lack
from ezp2p.desktop.clipboard.x11_questions import (
    READ_WITHIN_S,
    Answer,
    Incoming,
    Questions,
    names_to_know,
    questions,
)

_SLICE_UNITS = 65_536  # of four bytes: a quarter of a megabyte with each request
_PROPERTIES = 8
_CURRENT_TIME = 0


@dataclass(slots=True)
class Read:
    """Somebody waits for what lies on the clipboard."""

    result: Future[Content | Lack] = field(default_factory=Future)


@dataclass(slots=True)
class _Dialogue:
    """A reading that is under way: the questions, and the answer that is being received."""

    read: Read
    give_up_at: float
    questions: Questions
    asked: int = 0  # the target of the last question
    incoming: Incoming | None = None

    def due_at(self) -> float:
        """Return when to give up if nothing more comes."""
        soon = self.incoming.due_at if self.incoming else self.give_up_at
        return min(soon, self.give_up_at)


class Taking:
    """Asks whoever owns the selection, over the clipboard's connection."""

    def __init__(self, connection: Any, window: int, selection: int) -> None:
        """`window` receives the answers; its PropertyChange events must be selected."""
        self._core = connection.core
        self._window = window
        self._selection = selection
        names = names_to_know()
        self._atoms = {n: xserver.intern(connection, n) for n in ("INCR", "TARGETS", *names)}
        self._names = {self._atoms[name]: name for name in names}
        self._properties = deque(
            xserver.intern(connection, f"EZP2P_CLIPBOARD_{i}") for i in range(_PROPERTIES)
        )
        self._waiting: deque[Read] = deque()
        self._dialogue: _Dialogue | None = None

    def begin(self, read: Read, now: float) -> None:
        """Read for somebody, now or after those who came before."""
        self._waiting.append(read)
        if self._dialogue is None:
            self._next(now)

    def begin_again(self, now: float) -> None:
        """The owner has changed: ask the new one what the old one was being asked."""
        if self._dialogue is not None:
            self._dialogue.questions = questions(self._names)
            self._step(self._dialogue, None, now)

    def answered(self, place: int, target: int, now: float) -> None:
        """The owner has answered: into a property, or (none) that it has no such thing."""
        dialogue = self._dialogue
        if dialogue is None or dialogue.incoming is None:
            return
        if place == xcffib.NONE and target == dialogue.asked:
            self._step(dialogue, b"", now)
        elif place == self._properties[0] and not dialogue.incoming.in_pieces:
            self._take_property(dialogue, dialogue.incoming, now)

    def piece_came(self, place: int, now: float) -> None:
        """A property of our window has a new value."""
        incoming = self._dialogue.incoming if self._dialogue else None
        if incoming and incoming.in_pieces and place == self._properties[0] and self._dialogue:
            self._take_property(self._dialogue, incoming, now)

    def next_due(self) -> float | None:
        """Return when `give_up` has something to do at the earliest."""
        return self._dialogue.due_at() if self._dialogue else None

    def give_up(self, now: float) -> None:
        """End a reading whose owner has been silent for too long."""
        if self._dialogue and self._dialogue.due_at() <= now:
            self._finish(Lack.NO_ANSWER, now)

    def stop(self) -> list[Read]:
        """Ask no more; return those who still wait, for somebody else to answer."""
        left = ([self._dialogue.read] if self._dialogue else []) + list(self._waiting)
        self._dialogue = None
        self._waiting.clear()
        return left

    def _next(self, now: float) -> None:
        if self._waiting:
            give_up_at = now + READ_WITHIN_S
            dialogue = _Dialogue(self._waiting.popleft(), give_up_at, questions(self._names))
            self._dialogue = dialogue
            self._step(dialogue, None, now)

    def _step(self, dialogue: _Dialogue, answer: Answer | None, now: float) -> None:
        """Hand an answer on (None at the beginning), and ask the next question."""
        asking = dialogue.questions
        try:
            target, limit = next(asking) if answer is None else asking.send(answer)
        except StopIteration as done:
            self._finish(done.value, now)
            return
        self._properties.rotate()
        dialogue.asked = self._atoms[target]
        dialogue.incoming = Incoming(limit, now)
        self._core.DeleteProperty(self._window, self._properties[0])
        self._core.ConvertSelection(
            *(self._window, self._selection, dialogue.asked),
            *(self._properties[0], _CURRENT_TIME),
        )

    def _take_property(self, dialogue: _Dialogue, incoming: Incoming, now: float) -> None:
        kind, data = self._property(incoming.limit_bytes)
        if kind == self._atoms["INCR"] and not incoming.in_pieces:
            at_least = struct.unpack_from("=I", data)[0] if len(data) >= 4 else 0
            answer = incoming.begin_pieces(at_least, now)
        else:
            answer = incoming.take(data, now)
        if answer is not None:
            self._step(dialogue, answer, now)

    def _property(self, limit_bytes: int) -> tuple[int, bytes]:
        """Return type and content of the property being filled, and free it for the next piece.

        Of a content above the limit, only so much as shows that.
        """
        kind, data = 0, bytearray()
        while True:
            reply = self._core.GetProperty(
                False, self._window, self._properties[0], 0, len(data) // 4, _SLICE_UNITS
            ).reply()
            kind = int(reply.type)
            data += reply.value.buf() if reply.value_len else b""
            if not reply.bytes_after or len(data) > limit_bytes:
                break
        self._core.DeleteProperty(self._window, self._properties[0])
        return kind, bytes(data)

    def _finish(self, found: Content | Lack, now: float) -> None:
        if self._dialogue is not None:
            self._dialogue.read.result.set_result(found)
            self._dialogue = None
        self._next(now)
