"""The notice on Windows: a strip and a frame, on a thread of their own with its own messages.

    WM_TIMER, WM_DISPLAYCHANGE ---> tidy up: back onto the screen, above all others
    WM_LBUTTON..., WM_MOUSEMOVE --> moved, touched, or the end button pressed
    hidden by somebody -----------> shown again
    WM_CLOSE ---------------------> ignored
    WM_DESTROY -------------------> not shown any more, for good

The end button works for everybody, programs too: ending is always the safe thing, and people
press buttons by assistive tools.
"""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable
from enum import IntEnum

from PIL import Image

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import win32
from ezp2p.desktop.notice import NoticeText
from ezp2p.desktop.notice.drawing import ACCENT, BORDER, MARGIN, Box, ButtonState, draw_strip
from ezp2p.desktop.notice.layered import LayeredWindows
from ezp2p.wire.keys import ErrorKey

log = logging.getLogger(__name__)

# Another window that also wants to be on top must not start a race.
TIDY_EVERY_MS = 1000

_NO_ACTIVATE = 3  # MA_NOACTIVATE
_ANSWERED = 0


class Message(IntEnum):
    """Those of Windows' messages that concern us."""

    DESTROY = 0x02
    CLOSE = 0x10
    MOUSE_ACTIVATE = 0x21
    PLACE_CHANGED = 0x47
    DISPLAY_CHANGE = 0x7E
    TIMER = 0x113
    MOUSE_MOVE = 0x200
    LEFT_DOWN = 0x201
    LEFT_UP = 0x202
    CAPTURE_LOST = 0x215


class WindowsNotice:
    """The strip and the frame, from their making until `close`."""

    def __init__(self, text: NoticeText, ended: Callable[[], None]) -> None:
        """Show `text`; call `ended`, from our thread, when the end button is pressed.

        Raises OSError where Windows refuses.
        """
        self._ended = ended
        self._text = text
        self._touch = ButtonState.RESTING
        self._drawn: tuple[NoticeText, ButtonState] | None = None
        self._button = Box(0, 0, 0, 0)
        self._box = Box(0, 0, 0, 0)  # where the strip is
        self._grip: tuple[int, int] | None = None  # where in the strip a drag holds it
        self._moved = False  # by a person: then its right edge stays when it is redrawn
        self._strip, self._frame = 0, [0]
        self._closing = threading.Event()
        self._loop = win32.MessageLoop("notice", self._begin, self._end)

    def update(self, text: NoticeText) -> None:
        """Show this from now on; may be called from any thread."""

        def change() -> None:
            self._text = text
            self._draw()

        self._loop.call(change)

    def is_shown(self) -> bool:
        """Tell whether the strip is on the screen; False for good once it is destroyed."""
        return self._strip != 0 and self._windows.is_shown(self._strip)

    def close(self) -> None:
        """Take strip and frame away; may be called from `ended` too."""
        self._closing.set()
        self._loop.close()

    # --- on our thread

    def _begin(self) -> None:
        self._windows = LayeredWindows(self._take)
        self._frame = [self._windows.create(mouse=False) for _ in range(4)]
        self._strip = self._windows.create(mouse=True)
        self._fit()
        for window in (*self._frame, self._strip):
            self._windows.show(window)
        self._windows.tick(self._strip, TIDY_EVERY_MS)

    def _end(self) -> None:
        self._closing.set()
        strip, self._strip = self._strip, 0
        self._windows.close([*self._frame, strip])

    def _take(self, window: int, message: int, wide: int, long: int) -> int | None:
        """Act on a message to one of our windows; None for Windows' own answer."""
        if message == Message.CLOSE:
            return _ANSWERED
        if not window or window != self._strip:
            return None
        match message:
            case Message.MOUSE_ACTIVATE:
                return _NO_ACTIVATE
            case Message.MOUSE_MOVE:
                self._move_pointer(*_place(long))
            case Message.LEFT_DOWN:
                self._press(*_place(long))
            case Message.LEFT_UP:
                self._release(*_place(long))
            case Message.CAPTURE_LOST:
                self._grip = None
            case Message.TIMER:
                self._tidy()
            case Message.DISPLAY_CHANGE:
                self._fit()
            case Message.PLACE_CHANGED:
                self._stay_shown()
            case Message.DESTROY:
                self._destroyed()
            case _:
                return None
        return _ANSWERED

    def _press(self, x: int, y: int) -> None:
        self._windows.hold_mouse(self._strip)
        if self._button.contains(x, y):
            self._touched(ButtonState.PRESSED)
        else:
            self._grip = (x, y)

    def _release(self, x: int, y: int) -> None:
        pressed, self._grip = self._touch is ButtonState.PRESSED, None
        self._windows.let_mouse_go()
        inside = self._button.contains(x, y)
        self._touched(ButtonState.HOVERED if inside else ButtonState.RESTING)
        if pressed and inside:
            log.info("the end button was pressed")
            self._ended()

    def _move_pointer(self, x: int, y: int) -> None:
        if self._grip is not None:
            self._moved = True
            here_x, here_y = self._windows.pointer()
            self._put(here_x - self._grip[0], here_y - self._grip[1])
        elif self._touch is not ButtonState.PRESSED:
            inside = self._button.contains(x, y)
            self._touched(ButtonState.HOVERED if inside else ButtonState.RESTING)

    def _touched(self, touch: ButtonState) -> None:
        self._touch = touch
        self._draw()

    def _fit(self) -> None:
        """Fit frame and strip to the screen as it is now."""
        whole = self._windows.whole()
        line = round(BORDER * self._windows.scale())
        width, height = whole.right - whole.left, whole.bottom - whole.top
        sides = (
            (whole.left, whole.top, width, line),
            (whole.left, whole.bottom - line, width, line),
            (whole.left, whole.top + line, line, height - 2 * line),
            (whole.right - line, whole.top + line, line, height - 2 * line),
        )
        for window, (left, top, *size) in zip(self._frame, sides, strict=True):
            picture = Image.new("RGBA", (size[0], size[1]), (*ACCENT, 255))
            self._windows.fill(window, picture, left, top)
        self._drawn = None
        self._draw()

    def _draw(self) -> None:
        wanted = (self._text, self._touch)
        if wanted == self._drawn:
            return
        area, scale = self._windows.work_area(), self._windows.scale()
        margin = round(MARGIN * scale)
        strip = draw_strip(self._text, self._touch, scale, area.right - area.left - 2 * margin)
        if self._drawn is None or self._drawn[0] != self._text:
            self._windows.name(self._strip, f"{self._text.title} · {self._text.details}")
        right = self._box.right if self._moved else area.right - margin
        top = self._box.top if self._moved else area.top + margin
        self._button, self._drawn = strip.button, wanted
        self._box = self._on_screen(right - strip.picture.width, top, *strip.picture.size)
        picture = strip.picture.convert("RGBA")
        picture.putalpha(strip.mask.convert("L"))
        self._windows.fill(self._strip, picture, self._box.left, self._box.top)

    def _put(self, left: int, top: int) -> None:
        """Put the strip there, or as near as the whole of it stays on the screen."""
        width, height = self._box.right - self._box.left, self._box.bottom - self._box.top
        self._box = self._on_screen(left, top, width, height)
        self._windows.move(self._strip, self._box.left, self._box.top)

    def _on_screen(self, left: int, top: int, width: int, height: int) -> Box:
        whole = self._windows.whole()
        left = max(whole.left, min(left, whole.right - width))
        top = max(whole.top, min(top, whole.bottom - height))
        return Box(left, top, left + width, top + height)

    def _tidy(self) -> None:
        for window in self._frame:
            self._windows.lift(window)
        self._put(self._box.left, self._box.top)
        x, y = self._windows.pointer()
        if self._touch is ButtonState.HOVERED and not self._box.contains(x, y):
            self._touched(ButtonState.RESTING)

    def _stay_shown(self) -> None:
        if not self._closing.is_set() and not self._windows.is_shown(self._strip):
            self._windows.show(self._strip)

    def _destroyed(self) -> None:
        self._strip = 0
        if not self._closing.is_set():
            log.warning("another program has destroyed the notice")


def _place(long: int) -> tuple[int, int]:
    """Return the place within the window that a mouse message tells, both numbers signed."""
    return ctypes.c_int16(long & 0xFFFF).value, ctypes.c_int16(long >> 16 & 0xFFFF).value


def show_notice(text: NoticeText, ended: Callable[[], None]) -> WindowsNotice:
    """Show the strip on this desktop; raises Unavailable(notice.unavailable)."""
    with win32.unavailable_if_refused(ErrorKey.NOTICE_UNAVAILABLE):
        win32.see_real_pixels()
        notice = WindowsNotice(text, ended)
    if not notice.is_shown():
        notice.close()
        raise Unavailable(ErrorKey.NOTICE_UNAVAILABLE, why="Windows does not show it")
    return notice
