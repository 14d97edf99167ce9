"""Being the owner of an X selection: what we offer, and how others get it (ICCCM 2.6 and 2.7).

    TARGETS    --> the list of names below
    TIMESTAMP  --> since when it is ours
    MULTIPLE   --> several at once
    the rest   --> the bytes; in pieces (INCR) where they are more than a request holds

Whoever asks is a stranger, too: it may vanish between two pieces.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from typing import Any

import xcffib
import xcffib.xproto

from ezp2p.desktop import xserver
from ezp2p.desktop.clipboard import Content, Text
from ezp2p.desktop.clipboard.x11_questions import CONCEALED_MARK

_PIECE_BYTES = 240_000  # below the 256 KiB that every server takes in one request
_FETCH_WITHIN_S = 30.0  # a piece that nobody takes is given up, and the memory with it
_ATOM_ATOM, _ATOM_INTEGER = 4, 19
_PAIR_BYTES = 8


@dataclass(slots=True)
class _Outgoing:
    """Bytes on their way in pieces into one property of one window."""

    kind: int
    data: bytes
    due_at: float
    sent: int = 0


class Giving:
    """Answers requests for what we hold, over the clipboard's connection."""

    def __init__(self, connection: Any, window: int) -> None:
        """`window` is the owner's."""
        self._connection = connection
        self._core = connection.core
        self._window = window
        self._atoms: dict[str, int] = {}
        self._offer: dict[str, bytes] = {}
        self._since = 0
        self._outgoing: dict[tuple[int, int], _Outgoing] = {}

    def offer(self, content: Content, since: int) -> None:
        """Hold this from now on; `since` is the server's time in milliseconds."""
        self._offer = _targets(content)
        self._since = since

    def drop(self) -> None:
        """Hold nothing any more; pieces that are on their way still go."""
        self._offer = {}

    def answer(self, request: Any, now: float) -> None:
        """Answer a SelectionRequest."""
        x11: Any = xcffib.xproto
        place = request.property or request.target  # clients from before 1988 name none
        told = xcffib.NONE
        # Never our own window: an answer there would pass for one of a stranger's.
        if request.requestor != self._window:
            try:
                if self._give(request.requestor, request.target, place, now):
                    told = place
            except xcffib.Error:  # its window has gone
                return
        event = x11.SelectionNotifyEvent.synthetic(
            request.time, request.requestor, request.selection, request.target, told
        )
        with contextlib.suppress(xcffib.Error):
            self._core.SendEventChecked(False, request.requestor, 0, event.pack()).check()

    def taken(self, window: int, place: int, now: float) -> None:
        """Somebody has deleted a property: the next piece may follow."""
        outgoing = self._outgoing.get((window, place))
        if outgoing is None:
            return
        piece = outgoing.data[outgoing.sent : outgoing.sent + _PIECE_BYTES]
        outgoing.sent += len(piece)
        outgoing.due_at = now + _FETCH_WITHIN_S
        try:
            xserver.set_property(self._connection, window, place, outgoing.kind, 8, piece)
        except xcffib.Error:
            piece = b""
        if not piece:
            self._finish(window, place)

    def next_due(self) -> float | None:
        """Return when `give_up` has something to do at the earliest."""
        return min((outgoing.due_at for outgoing in self._outgoing.values()), default=None)

    def give_up(self, now: float) -> None:
        """Forget the pieces that nobody fetches."""
        late = [where for where, outgoing in self._outgoing.items() if outgoing.due_at <= now]
        for window, place in late:
            self._finish(window, place)

    def _give(self, window: int, target: int, place: int, now: float) -> bool:
        """Put the answer for one target into a property of `window`; raises xcffib.Error."""
        if target == self._atom("MULTIPLE"):
            return self._give_several(window, place, now)
        if target == self._atom("TARGETS"):
            names = ("TARGETS", "TIMESTAMP", "MULTIPLE", *self._offer)
            atoms = [self._atom(name) for name in names]
            self._set(window, place, _ATOM_ATOM, 32, struct.pack(f"={len(atoms)}I", *atoms))
            return True
        if target == self._atom("TIMESTAMP"):
            self._set(window, place, _ATOM_INTEGER, 32, struct.pack("=I", self._since))
            return True
        data = next((d for name, d in self._offer.items() if self._atom(name) == target), None)
        if data is None:
            return False
        if len(data) <= _PIECE_BYTES:
            self._set(window, place, target, 8, data)
        else:
            self._begin_pieces(window, place, target, data, now)
        return True

    def _give_several(self, window: int, place: int, now: float) -> bool:
        """Answer pairs of (target, property); a refused one's property becomes None."""
        reply = self._core.GetProperty(False, window, place, 0, 0, 1024).reply()
        data = bytes(reply.value.buf()) if reply.format == 32 else b""
        pairs = list(struct.iter_unpack("=II", data[: len(data) // _PAIR_BYTES * _PAIR_BYTES]))
        if not pairs:
            return False
        answered: list[int] = []
        for target, where in pairs:
            is_fine = target != self._atom("MULTIPLE") and where != xcffib.NONE
            given = is_fine and self._give(window, target, where, now)
            answered += [target, where if given else xcffib.NONE]
        packed = struct.pack(f"={len(answered)}I", *answered)
        self._set(window, place, self._atom("ATOM_PAIR"), 32, packed)
        return True

    def _begin_pieces(self, window: int, place: int, kind: int, data: bytes, now: float) -> None:
        self._listen_to(window, wanted=True).check()
        size = struct.pack("=I", len(data))
        self._set(window, place, self._atom("INCR"), 32, size)
        self._outgoing[window, place] = _Outgoing(kind, data, now + _FETCH_WITHIN_S)

    def _finish(self, window: int, place: int) -> None:
        del self._outgoing[window, place]
        if not any(other == window for other, _ in self._outgoing):
            with contextlib.suppress(xcffib.Error):  # it has gone in the meantime
                self._listen_to(window, wanted=False).check()

    def _listen_to(self, window: int, *, wanted: bool) -> Any:
        masks = xcffib.xproto.EventMask
        mask = masks.PropertyChange if wanted else masks.NoEvent
        kind = xcffib.xproto.CW.EventMask
        return self._core.ChangeWindowAttributesChecked(window, kind, [mask])

    def _set(self, window: int, place: int, kind: int, width: int, data: bytes) -> None:
        xserver.set_property(self._connection, window, place, kind, width, data)

    def _atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = xserver.intern(self._connection, name)
        return self._atoms[name]


def _targets(content: Content) -> dict[str, bytes]:
    """Return what is offered, by the targets' names."""
    if isinstance(content, Text):
        utf8 = content.text.encode("utf-8", "replace")
        offer = dict.fromkeys(("UTF8_STRING", "text/plain;charset=utf-8", "text/plain"), utf8)
        # Of more than Latin-1 holds, old programs get nothing rather than the wrong thing.
        with contextlib.suppress(UnicodeEncodeError):
            offer["STRING"] = content.text.encode("latin-1")
    else:
        offer = {"image/png": content.png}
    if content.concealed:
        offer[CONCEALED_MARK] = b"secret"  # the value that KDE's Klipper looks for
    return offer
