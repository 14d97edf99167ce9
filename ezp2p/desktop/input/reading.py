"""Whether the program with the keyboard has read everything that the server told it so far.

Window managers ask programs for a sign of life by _NET_WM_PING (Extended Window Manager Hints,
section 6): the program answers when it comes to the message, after all events before it. That
is exactly what we must know before a keycode changes its meaning, and after it has.

    us --ping--> window with the keyboard (or the one around it that knows pings)
    us <--the same message-- root window

Toolkits answer (GTK, Qt, Chromium: in some milliseconds); xterm and other old programs do not
know pings.
"""

from __future__ import annotations

import itertools
import select
import struct
import threading
import time
from typing import Any

import xcffib
import xcffib.xproto

from ezp2p.desktop import xserver

# A program that does not answer is not asked again for so long.
SILENT_S = 20.0
_POLL_S = 0.02
_MOST_PROTOCOLS = 32
_ATOM = 4
_CLIENT_MESSAGE = struct.Struct("=BBHII5I")  # code, format, sequence, window, type, data
_POINTER_ROOT = 1  # 0 and 1 are no windows: nobody has the keyboard, or whoever is pointed at


class Reading:
    """Asks the program that has the keyboard."""

    def __init__(self, connection: Any, interrupted: threading.Event) -> None:
        """Ask over `connection`; a wait ends early when `interrupted` is set."""
        self._connection = connection
        self._core = connection.core
        self._root = int(xserver.screen_of(connection).root)
        self._protocols = xserver.intern(connection, "WM_PROTOCOLS")
        self._ping = xserver.intern(connection, "_NET_WM_PING")
        self._numbers = itertools.count(1)
        self._interrupted = interrupted
        self._silent: dict[int, float] = {}  # a window that did not answer -> not asked until

    def wait(self, timeout_s: float) -> bool:
        """Return True once the program has read all; False if it cannot tell, or not in time."""
        window = self._window_that_answers()
        if window is None or time.monotonic() < self._silent.get(window, 0.0):
            return False
        number = next(self._numbers) & 0x7FFFFFFF
        # Qt answers to StructureNotify, others to SubstructureNotify as the hints say.
        masks = xcffib.xproto.EventMask
        self._listen(masks.SubstructureNotify | masks.StructureNotify)
        try:
            self._send(window, number)
            answered = self._answered(number, time.monotonic() + timeout_s)
        finally:
            self._listen(0)
        if not answered:
            self._silent = {window: time.monotonic() + SILENT_S}
        return answered

    def _window_that_answers(self) -> int | None:
        """Return the window with the keyboard or the nearest around it that knows pings."""
        window = int(self._core.GetInputFocus().reply().focus)
        if window <= _POINTER_ROOT:
            return None
        try:
            while window != self._root:
                if self._ping in self._protocols_of(window):
                    return window
                window = int(self._core.QueryTree(window).reply().parent)
        except xcffib.xproto.WindowError:  # it has been closed meanwhile
            return None
        return None

    def _protocols_of(self, window: int) -> tuple[int, ...]:
        asked = (False, window, self._protocols, _ATOM, 0, _MOST_PROTOCOLS)
        reply = self._core.GetProperty(*asked).reply()
        if reply.format != 32:
            return ()
        return struct.unpack(f"={reply.value_len}I", bytes(reply.value.buf()))

    def _send(self, window: int, number: int) -> None:
        data = (self._ping, number, window, 0, 0)
        message = _CLIENT_MESSAGE.pack(33, 32, 0, window, self._protocols, *data)
        self._core.SendEvent(False, window, 0, message)
        self._connection.flush()

    def _answered(self, number: int, until: float) -> bool:
        descriptor = self._connection.get_file_descriptor()
        while time.monotonic() < until and not self._interrupted.is_set():
            while (event := self._connection.poll_for_event()) is not None:
                if self._is_answer(event, number):
                    return True
            select.select([descriptor], [], [], _POLL_S)
        return False

    def _is_answer(self, event: Any, number: int) -> bool:
        if not isinstance(event, xcffib.xproto.ClientMessageEvent):
            return False
        what, which = list(event.data.data32)[:2]
        return bool(event.type == self._protocols and what == self._ping and which == number)

    def _listen(self, mask: int) -> None:
        kind = xcffib.xproto.CW.EventMask
        self._core.ChangeWindowAttributes(self._root, kind, [mask])
