"""The pointer of an X server for a source that polls: it has a connection of its own."""

from __future__ import annotations

from ezp2p.desktop.screen import Pointer
from ezp2p.desktop.screen.x11_pointer import X11Pointer
from ezp2p.desktop.xserver import connect, screen_of, unavailable_if_broken
from ezp2p.wire.keys import ErrorKey

_FAILURE = ErrorKey.SCREEN_UNAVAILABLE


class X11PolledPointer:
    """Shape and place, as a PolledPointer (see portable.py)."""

    def __init__(self) -> None:
        self._connection = connect(_FAILURE)
        with unavailable_if_broken(_FAILURE):
            self._pointer = X11Pointer(self._connection, screen_of(self._connection).root)

    def shape(self) -> Pointer | None:
        """See PolledPointer."""
        with unavailable_if_broken(_FAILURE):
            self._read_events()
            return self._pointer.shape()

    def place(self) -> tuple[int, int] | None:
        """See PolledPointer."""
        with unavailable_if_broken(_FAILURE):
            self._read_events()
            return self._pointer.place()

    def close(self) -> None:
        """See PolledPointer."""
        self._connection.disconnect()

    def _read_events(self) -> None:
        while (event := self._connection.poll_for_event()) is not None:
            self._pointer.concerns(event)
