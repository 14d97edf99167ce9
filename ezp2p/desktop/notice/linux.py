"""The notice on X11: a strip and a frame, served by a thread and a connection of their own.

    VisibilityNotify, ConfigureNotify ----> tidy up: back onto the screen, above all others
    Button, Motion ------------------------> moved, touched, or the end button pressed
    UnmapNotify ---------------------------> shown again
    DestroyNotify, connection lost --------> not shown any more, for good

The end button works for everybody, programs too: ending is always the safe thing, and people
press buttons by assistive tools.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import xcffib
import xcffib.xproto

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import xserver
from ezp2p.desktop.notice import NoticeText
from ezp2p.desktop.notice.drawing import BORDER, MARGIN, Box, ButtonState, draw_strip
from ezp2p.desktop.notice.x11_windows import Windows
from ezp2p.desktop.wake import Wake
from ezp2p.wire.keys import ErrorKey

log = logging.getLogger(__name__)

# Another window that also wants to be on top must not start a race.
TIDY_EVERY_S = 0.3
_SHOWN_WITHIN_S = 10.0
_LEFT_BUTTON = 1


class X11Notice:
    """The strip and the frame, from its making until `close`."""

    def __init__(self, connection: Any, text: NoticeText, ended: Callable[[], None]) -> None:
        """Show `text`; call `ended`, from our thread, when the end button is pressed."""
        self._connection = connection
        self._windows = Windows(connection)
        self._strip_window = self._windows.create_strip()
        self._frame = self._windows.create_frame()
        self._ended = ended
        self._lock = threading.Lock()  # over _text
        self._text = text
        self._drawn: tuple[NoticeText, ButtonState] | None = None
        self._touch = ButtonState.RESTING
        self._button = Box(0, 0, 0, 0)
        self._box = Box(0, 0, 0, 0)  # where the strip is
        self._grip: tuple[int, int] | None = None  # where in the strip a drag holds it
        self._moved = False  # by a person: then its right edge stays when it is redrawn
        self._tidy_at: float | None = None
        self._tidied_at = float("-inf")
        self._shown = threading.Event()
        self._closed = threading.Event()
        self._wake = Wake()
        self._fit()
        for window in (*self._frame, self._strip_window):
            self._windows.show(window)
        self._thread = threading.Thread(target=self._serve, name="notice", daemon=True)
        self._thread.start()

    def wait_until_shown(self) -> bool:
        """Return whether the server has really shown the strip."""
        return self._shown.wait(_SHOWN_WITHIN_S)

    def update(self, text: NoticeText) -> None:
        """Show this from now on; may be called from any thread."""
        with self._lock:
            self._text = text
        self._wake.set()

    def is_shown(self) -> bool:
        """Tell whether the strip is on the screen; False for good once the display is gone."""
        return self._shown.is_set()

    def close(self) -> None:
        """Take strip and frame away; may be called from `ended` too."""
        self._closed.set()
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _serve(self) -> None:
        try:
            while not self._closed.is_set():
                event = self._wake.wait(self._connection, self._until_tidy())
                if event is not None:
                    self._take(event)
                if self._tidy_at is not None and self._tidy_at <= time.monotonic():
                    self._tidy()
                self._draw()
        except xcffib.XcffibException:
            log.warning("the notice is gone: the display no longer answers")
        finally:
            self._shown.clear()
            self._wake.close()
            with contextlib.suppress(xcffib.XcffibException):
                self._connection.disconnect()  # the server takes the windows with it

    def _take(self, event: Any) -> None:
        x11: Any = xcffib.xproto
        match event:
            case x11.MotionNotifyEvent():
                self._move_pointer(event.event_x, event.event_y, event.root_x, event.root_y)
            case x11.ButtonPressEvent() if event.detail == _LEFT_BUTTON:
                self._press(event.event_x, event.event_y)
            case x11.ButtonReleaseEvent() if event.detail == _LEFT_BUTTON:
                self._release(event.event_x, event.event_y)
            case x11.LeaveNotifyEvent() if self._touch is ButtonState.HOVERED:
                self._touch = ButtonState.RESTING
            case x11.VisibilityNotifyEvent() if event.state != x11.Visibility.Unobscured:
                self._tidy_soon()
            case x11.ConfigureNotifyEvent() if event.window == self._windows.root:
                self._fit()
            case x11.ConfigureNotifyEvent() if event.window == self._strip_window:
                self._check_place(event.x, event.y)
            case x11.MapNotifyEvent() if event.window == self._strip_window:
                self._shown.set()
            case x11.UnmapNotifyEvent() if event.window == self._strip_window:
                self._shown.clear()
                self._windows.show(self._strip_window)
            case x11.DestroyNotifyEvent() if event.window == self._strip_window:
                log.warning("another program has destroyed the notice")
                self._closed.set()

    def _press(self, x: int, y: int) -> None:
        if self._button.contains(x, y):
            self._touch = ButtonState.PRESSED
        else:
            self._grip = (x, y)

    def _release(self, x: int, y: int) -> None:
        pressed, self._grip = self._touch is ButtonState.PRESSED, None
        inside = self._button.contains(x, y)
        self._touch = ButtonState.HOVERED if inside else ButtonState.RESTING
        if pressed and inside:
            log.info("the end button was pressed")
            self._ended()

    def _move_pointer(self, x: int, y: int, root_x: int, root_y: int) -> None:
        if self._grip is not None:
            self._moved = True
            self._put(root_x - self._grip[0], root_y - self._grip[1])
        elif self._touch is not ButtonState.PRESSED:
            inside = self._button.contains(x, y)
            self._touch = ButtonState.HOVERED if inside else ButtonState.RESTING

    def _fit(self) -> None:
        """Fit frame and strip to the screen as it is now."""
        whole = self._windows.whole()
        line = round(BORDER * self._windows.scale())
        right, bottom = whole.right, whole.bottom
        sides = (
            Box(0, 0, right, line),
            Box(0, bottom - line, right, bottom),
            Box(0, line, line, bottom - line),
            Box(right - line, line, right, bottom - line),
        )
        for window, box in zip(self._frame, sides, strict=True):
            self._windows.place(window, box)
        self._drawn = None
        self._draw()

    def _draw(self) -> None:
        with self._lock:
            wanted = (self._text, self._touch)
        if wanted == self._drawn:
            return
        text, touch = wanted
        monitor, scale = self._windows.monitor(), self._windows.scale()
        margin = round(MARGIN * scale)
        room = monitor.right - monitor.left - 2 * margin
        strip = draw_strip(text, touch, scale, room)
        self._windows.fill(self._strip_window, strip.picture, strip.mask)
        if self._drawn is None or self._drawn[0] != text:
            self._windows.name(self._strip_window, f"{text.title} · {text.details}")
        right = self._box.right if self._moved else monitor.right - margin
        top = self._box.top if self._moved else monitor.top + margin
        width, height = strip.picture.size
        self._button, self._drawn = strip.button, wanted
        self._box = Box(right - width, top, right, top + height)
        self._put(self._box.left, self._box.top)

    def _put(self, left: int, top: int) -> None:
        """Put the strip there, or as near as the whole of it stays on the screen."""
        whole = self._windows.whole()
        width, height = self._box.right - self._box.left, self._box.bottom - self._box.top
        left = max(0, min(left, whole.right - width))
        top = max(0, min(top, whole.bottom - height))
        self._box = Box(left, top, left + width, top + height)
        self._windows.place(self._strip_window, self._box)

    def _check_place(self, x: int, y: int) -> None:
        """Somebody may have moved the strip; its own moves arrive here as well."""
        whole = self._windows.whole()
        width, height = self._box.right - self._box.left, self._box.bottom - self._box.top
        if not (0 <= x <= whole.right - width and 0 <= y <= whole.bottom - height):
            self._tidy_soon()

    def _tidy_soon(self) -> None:
        if self._tidy_at is None:
            self._tidy_at = max(time.monotonic(), self._tidied_at + TIDY_EVERY_S)

    def _tidy(self) -> None:
        self._tidy_at, self._tidied_at = None, time.monotonic()
        self._windows.lift(self._frame)
        self._put(self._box.left, self._box.top)

    def _until_tidy(self) -> float | None:
        return None if self._tidy_at is None else max(0.0, self._tidy_at - time.monotonic())


def show_notice(text: NoticeText, ended: Callable[[], None]) -> X11Notice:
    """Show the strip on $DISPLAY; raises Unavailable(notice.unavailable)."""
    connection = xserver.connect(ErrorKey.NOTICE_UNAVAILABLE)
    with xserver.unavailable_if_broken(ErrorKey.NOTICE_UNAVAILABLE):
        notice = X11Notice(connection, text, ended)
    if not notice.wait_until_shown():
        notice.close()
        raise Unavailable(ErrorKey.NOTICE_UNAVAILABLE, why="the display does not show it")
    return notice
