"""The clipboard on X11: the selection CLIPBOARD, served by a thread and a connection of its own.

    XFixes SelectionNotify --> another program has copied: `changed`; a reading begins anew
    SelectionNotify, PropertyNotify (our window) ----> the next piece of what is being read
    SelectionRequest, PropertyNotify (a stranger's) -> the next piece of what we give
    SelectionClear --> no longer ours

`read` and `write` hand their wish to the thread and wait. The selection of the middle mouse
button (PRIMARY) is left alone: nobody has copied what merely is selected.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import xcffib
import xcffib.xfixes
import xcffib.xproto

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import xserver
from ezp2p.desktop.clipboard import Content, Lack
from ezp2p.desktop.clipboard.picture import require_writable
from ezp2p.desktop.clipboard.x11_giving import Giving
from ezp2p.desktop.clipboard.x11_taking import Read, Taking
from ezp2p.desktop.wake import Wake
from ezp2p.wire.keys import ErrorKey

log = logging.getLogger(__name__)

_CARDINAL = 6


@dataclass(slots=True)
class _Write:
    """Somebody wants this on the clipboard."""

    content: Content
    result: Future[None] = field(default_factory=Future)


class X11Clipboard:
    """The clipboard of an X display, from its opening until `close`."""

    def __init__(self, connection: Any, changed: Callable[[], None]) -> None:
        """Call `changed`, from our thread, whenever another program has copied something."""
        self._connection = connection
        self._core = connection.core
        self._changed = changed
        self._selection = xserver.intern(connection, "CLIPBOARD")
        self._clock = xserver.intern(connection, "EZP2P_TIME")
        self._window = self._make_window()
        self._watch_owners()
        self._giving = Giving(connection, self._window)
        self._taking = Taking(connection, self._window, self._selection)
        self._held: Content | None = None  # while the selection is ours
        self._early: deque[Any] = deque()  # events that came while we waited for another
        self._lock = threading.Lock()  # over the next two
        self._wishes: deque[Read | _Write] = deque()
        self._is_over = False
        self._wake = Wake()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="clipboard", daemon=True)
        self._thread.start()

    def read(self) -> Content | Lack:
        """See Clipboard."""
        wish = Read()
        self._ask(wish)
        return wish.result.result()

    def write(self, content: Content) -> None:
        """See Clipboard."""
        require_writable(content)
        wish = _Write(content)
        self._ask(wish)
        wish.result.result()

    def close(self) -> None:
        """See Clipboard."""
        self._closed.set()
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _ask(self, wish: Read | _Write) -> None:
        with self._lock:
            if self._is_over:
                raise Unavailable(ErrorKey.CLIPBOARD_UNAVAILABLE, why="it is closed")
            self._wishes.append(wish)
        self._wake.set()

    def _serve(self) -> None:
        try:
            while not self._closed.is_set():
                self._take_wishes()
                event = self._next_event()
                now = time.monotonic()
                if event is not None:
                    self._take(event, now)
                self._taking.give_up(now)
                self._giving.give_up(now)
        except xcffib.XcffibException:
            log.warning("the clipboard is gone: the display no longer answers")
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            left = [*self._taking.stop(), *self._wishes]
        for wish in left:
            if not wish.result.done():
                why = "the desktop is gone" if not self._closed.is_set() else "it is closed"
                wish.result.set_exception(Unavailable(ErrorKey.CLIPBOARD_UNAVAILABLE, why=why))
        self._wake.close()
        with contextlib.suppress(xcffib.XcffibException):
            self._connection.disconnect()  # the server takes window and ownership with it

    def _take_wishes(self) -> None:
        while self._wishes:
            wish = self._wishes[0]
            if isinstance(wish, _Write):
                self._own(wish)
            elif self._held is not None:
                wish.result.set_result(_readable(self._held))
            else:
                self._taking.begin(wish, time.monotonic())
            with self._lock:
                self._wishes.popleft()  # only now: whoever waits hears of a death in between

    def _next_event(self) -> Any:
        if self._early:
            return self._early.popleft()
        dues = (self._giving.next_due(), self._taking.next_due())
        due_at = min((due for due in dues if due is not None), default=None)
        left_s = None if due_at is None else max(0.0, due_at - time.monotonic())
        return self._wake.wait(self._connection, left_s)

    def _take(self, event: Any, now: float) -> None:
        x11: Any = xcffib.xproto
        match event:
            case xcffib.xfixes.SelectionNotifyEvent():
                self._owner_changed(event, now)
            case x11.SelectionNotifyEvent():
                self._taking.answered(event.property, event.target, now)
            case x11.PropertyNotifyEvent() if event.window == self._window:
                if event.state == x11.Property.NewValue:
                    self._taking.piece_came(event.atom, now)
            case x11.PropertyNotifyEvent() if event.state == x11.Property.Delete:
                self._giving.taken(event.window, event.atom, now)
            case x11.SelectionRequestEvent() if event.selection == self._selection:
                self._giving.answer(event, now)
            case x11.SelectionClearEvent() if event.selection == self._selection:
                self._drop_if_lost()

    def _owner_changed(self, event: Any, now: float) -> None:
        if event.selection != self._selection or event.owner == self._window:
            return
        self._taking.begin_again(now)
        if event.owner != xcffib.NONE:
            self._changed()

    def _own(self, wish: _Write) -> None:
        since = self._server_time()
        self._core.SetSelectionOwner(self._window, self._selection, since)
        if not self._is_ours():
            why = "another program does not let go of it"
            wish.result.set_exception(Unavailable(ErrorKey.CLIPBOARD_UNAVAILABLE, why=why))
            return
        self._held = wish.content
        self._giving.offer(wish.content, since)
        wish.result.set_result(None)
        for read in self._taking.stop():
            read.result.set_result(_readable(wish.content))

    def _drop_if_lost(self) -> None:
        """Give up what we held, unless it has become ours again since the event."""
        if not self._is_ours():
            self._held = None
            self._giving.drop()

    def _is_ours(self) -> bool:
        owner = self._core.GetSelectionOwner(self._selection).reply().owner
        return bool(owner == self._window)

    def _server_time(self) -> int:
        """Return the server's milliseconds: an owner must know since when it is (ICCCM 2.1)."""
        xserver.set_property(self._connection, self._window, self._clock, _CARDINAL, 32, b"")
        while True:
            event = self._connection.wait_for_event()
            is_property = isinstance(event, xcffib.xproto.PropertyNotifyEvent)
            if is_property and event.atom == self._clock:
                return int(event.time)
            self._early.append(event)

    def _make_window(self) -> int:
        """Make the window, never shown, that owns the selection and receives answers."""
        screen = xserver.screen_of(self._connection)
        window = int(self._connection.generate_id())
        x11: Any = xcffib.xproto
        self._core.CreateWindowChecked(
            *(0, window, screen.root, 0, 0, 1, 1, 0, x11.WindowClass.InputOnly, 0),
            x11.CW.EventMask,
            [x11.EventMask.PropertyChange],
        ).check()
        return window

    def _watch_owners(self) -> None:
        xfixes = xserver.extension(self._connection, xcffib.xfixes, ErrorKey.CLIPBOARD_UNAVAILABLE)
        xfixes.QueryVersion(1, 0).reply()
        masks = xcffib.xfixes.SelectionEventMask
        gone = masks.SelectionWindowDestroy | masks.SelectionClientClose
        xfixes.SelectSelectionInputChecked(
            self._window, self._selection, masks.SetSelectionOwner | gone
        ).check()


def _readable(held: Content) -> Content | Lack:
    return Lack.CONCEALED if held.concealed else held


def open_clipboard(changed: Callable[[], None]) -> X11Clipboard:
    """Open that of $DISPLAY; raises Unavailable(clipboard.unavailable)."""
    connection = xserver.connect(ErrorKey.CLIPBOARD_UNAVAILABLE)
    with xserver.unavailable_if_broken(ErrorKey.CLIPBOARD_UNAVAILABLE):
        return X11Clipboard(connection, changed)
