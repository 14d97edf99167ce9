"""A program that owns an X selection and does not keep to the rules, or to its word.

    with selection_owner(display, {"UTF8_STRING": Pieces(100, endless)}) as owner: ...

It answers TARGETS with the names it is given, and each of them as it is told to.
"""

from __future__ import annotations

import contextlib
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import xcffib
import xcffib.xproto

from ezp2p.desktop import xserver
from ezp2p.desktop.wake import Wake
from tests.support.xvfb import Display


class Rude(Enum):
    """Answers that are none."""

    SILENT = auto()
    REFUSES = auto()
    SAYS_ONLY = auto()  # "it is in your property": it is not


@dataclass(frozen=True)
class Pieces:
    """An answer in pieces, after the owner has said how much it will be."""

    claimed_bytes: int
    pieces: Iterable[bytes]  # an empty one ends it; when there are no more, nothing comes
    vanishes: bool = False  # instead of just falling silent


Answer = bytes | Rude | Pieces


class SelectionOwner:
    """Owns CLIPBOARD until another program copies, or it is closed."""

    def __init__(self, display: Display, answers: Mapping[str, Answer]) -> None:
        connect: Any = xcffib.Connection
        self._connection = connect(display=display.name)
        self._core = self._connection.core
        self._atoms = {name: self._intern(name) for name in ("TARGETS", "INCR", *answers)}
        self._answers = {self._atoms[name]: answer for name, answer in answers.items()}
        self._window = self._connection.generate_id()
        root = self._connection.get_setup().roots[0].root
        self._core.CreateWindow(0, self._window, root, 0, 0, 1, 1, 0, 2, 0, 0, [])
        self._going: tuple[Any, Iterator[bytes], bool] | None = None
        self.asked = 0  # how often for anything but TARGETS
        self._was_asked = threading.Event()
        self._wake = Wake()
        self._closed = threading.Event()
        self._core.SetSelectionOwnerChecked(self._window, self._intern("CLIPBOARD"), 0).check()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def wait_until_asked(self) -> None:
        """Return when somebody has asked for more than TARGETS."""
        if not self._was_asked.wait(30):
            raise AssertionError("nobody asks")

    def close(self) -> None:
        """Vanish."""
        self._closed.set()
        self._wake.set()
        self._thread.join()
        self._wake.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            event = self._wake.wait(self._connection, None)
            if isinstance(event, xcffib.xproto.SelectionRequestEvent):
                self._answer(event)
            elif isinstance(event, xcffib.xproto.PropertyNotifyEvent) and event.state == 1:
                self._go_on(event)
        self._connection.disconnect()

    def _answer(self, request: Any) -> None:
        if request.target == self._atoms["TARGETS"]:
            data = struct.pack(f"={len(self._answers)}I", *self._answers)
            self._put(request, 4, 32, data)
            self._tell(request, request.property)
            return
        self.asked += 1
        self._was_asked.set()
        answer = self._answers.get(request.target, Rude.REFUSES)
        if isinstance(answer, Pieces):
            mask = xcffib.xproto.EventMask.PropertyChange
            self._core.ChangeWindowAttributes(request.requestor, xcffib.xproto.CW.EventMask, [mask])
            self._going = (request, iter(answer.pieces), answer.vanishes)
            self._put(request, self._atoms["INCR"], 32, struct.pack("=I", answer.claimed_bytes))
        elif isinstance(answer, bytes):
            self._put(request, request.target, 8, answer)
        if answer is not Rude.SILENT:
            self._tell(request, 0 if answer is Rude.REFUSES else request.property)

    def _go_on(self, event: Any) -> None:
        if self._going is None or event.atom != self._going[0].property:
            return
        request, pieces, vanishes = self._going
        piece = next(pieces, None)
        if piece is not None:
            self._put(request, request.target, 8, piece)
        elif vanishes:
            self._closed.set()

    def _put(self, request: Any, kind: int, width: int, data: bytes) -> None:
        place = request.property
        xserver.set_property(self._connection, request.requestor, place, kind, width, data)

    def _tell(self, request: Any, place: int) -> None:
        notify: Any = xcffib.xproto.SelectionNotifyEvent
        event = notify.synthetic(
            request.time, request.requestor, request.selection, request.target, place
        )
        self._core.SendEventChecked(False, request.requestor, 0, event.pack()).check()

    def _intern(self, name: str) -> int:
        return xserver.intern(self._connection, name)


@contextlib.contextmanager
def selection_owner(display: Display, answers: Mapping[str, Answer]) -> Iterator[SelectionOwner]:
    """Own the clipboard of `display` while the context lasts."""
    owner = SelectionOwner(display, answers)
    try:
        yield owner
    finally:
        owner.close()
