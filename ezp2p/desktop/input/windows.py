"""Input on Windows, by SendInput: as if it came from one more mouse and keyboard.

Keys go by scan code, so that the layout of whoever has the keyboard applies to them, and the
input method too; text goes as characters (KEYEVENTF_UNICODE), so that neither of them does.

While Windows shows a desktop that is not ours (a question of User Account Control, the lock
screen) it takes nothing from us: what is sent meanwhile is lost, and said once in the log.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from ctypes import wintypes
from typing import Any

from ezp2p.desktop import win32
from ezp2p.desktop.input import sending
from ezp2p.desktop.input.keys import KEYS, MODIFIERS
from ezp2p.desktop.input.sending import Input
from ezp2p.desktop.input.wheel import NOTCH, Wheel
from ezp2p.desktop.input.windows_guard import WindowsGuard
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.input import MouseButton

log = logging.getLogger(__name__)

# Ctrl, Alt or Windows keys held by the person would turn text into commands: wait so long.
FOREIGN_MODIFIERS_S = 0.5
_POLL_S = 0.01

# Flags of MOUSEINPUT for down and up, and the number of an extra button.
_BUTTONS = {
    MouseButton.LEFT: (0x0002, 0x0004, 0),
    MouseButton.RIGHT: (0x0008, 0x0010, 0),
    MouseButton.MIDDLE: (0x0020, 0x0040, 0),
    MouseButton.BACK: (0x0080, 0x0100, 1),
    MouseButton.FORWARD: (0x0080, 0x0100, 2),
}
_SWAPPED = {MouseButton.LEFT: MouseButton.RIGHT, MouseButton.RIGHT: MouseButton.LEFT}
_SM_SWAPBUTTON = 23
_SM_WIDTH, _SM_HEIGHT = 78, 79  # of the virtual screen: all monitors together
_FULL = 0x10000  # a whole width or height, in what an absolute move counts in

_MAPVK_VSC_TO_VK_EX = 3
_VK_CONTROL, _VK_ALT, _VK_LEFT_WINDOWS, _VK_RIGHT_WINDOWS = 0x11, 0x12, 0x5B, 0x5C
_FOREIGN = (_VK_CONTROL, _VK_ALT, _VK_LEFT_WINDOWS, _VK_RIGHT_WINDOWS)
# Keys that Windows knows by what they do: 한/영 and 한자 have other scan codes on each keyboard,
# and Pause and Num Lock share one.
_BY_NAME = {"Lang1": 0x15, "Lang2": 0x19, "Pause": 0x13, "NumLock": 0x90}
# Alt or a Windows key that goes up alone opens a menu; not so after a key that nobody uses.
_OPENS_MENU = frozenset({"AltLeft", "AltRight", "MetaLeft", "MetaRight"})
_NOBODYS_KEY = 0xE8
_NATIVE = {"\n": "Enter", "\t": "Tab"}


class WindowsInput:
    """The counselor's hand on Windows' desktop."""

    def __init__(self, guard: WindowsGuard) -> None:
        """Inject; `guard` lets go of what we hold if we are killed."""
        self._guard = guard
        self._user32 = win32.library("user32")
        _declare(self._user32)
        self._keys: dict[str, Input] = {}  # what we hold down, as it was pressed
        self._buttons: dict[MouseButton, Input] = {}  # ... and what lets go of it
        self._wheel = Wheel()
        self._interrupted = threading.Event()
        self._refused = False

    def move(self, x: int, y: int) -> None:
        """Put the pointer at (x, y) of the screen."""
        width, height = self._metric(_SM_WIDTH), self._metric(_SM_HEIGHT)
        flags = sending.MOVE | sending.ABSOLUTE | sending.VIRTUAL_DESK
        self._send(sending.mouse(flags, x=_absolute(x, width), y=_absolute(y, height)))

    def button(self, button: MouseButton, *, down: bool) -> None:
        """Press or release a mouse button where the pointer is; left is what the person's is."""
        if down == (button in self._buttons):
            return
        if not down:
            self._release(self._buttons.pop(button))
            return
        is_swapped = self._metric(_SM_SWAPBUTTON) != 0
        press, let_go, number = _BUTTONS[_SWAPPED.get(button, button) if is_swapped else button]
        self._buttons[button] = sending.mouse(let_go, data=number)
        self._press(sending.mouse(press, data=number), self._buttons[button])

    def wheel(self, right: int, down: int) -> None:
        """Turn the wheel, in 1/120 of a notch; fractions add up."""
        notches_right, notches_down = self._wheel.turn(right, down)
        if notches_right:
            self._send(sending.mouse(sending.HWHEEL, data=notches_right * NOTCH))
        if notches_down:
            self._send(sending.mouse(sending.WHEEL, data=-notches_down * NOTCH))

    def key(self, code: str, *, down: bool) -> None:
        """Press or release the physical key; pressed again while it is down, it repeats."""
        if not down:
            if (pressed := self._keys.pop(code, None)) is not None:
                self._release(sending.released(pressed))
        elif (press := self._event(code)) is not None:
            press = self._keys.setdefault(code, press)
            self._press(press, sending.released(press))

    def type_text(self, text: str) -> None:
        """Make `text` appear; what no key can type (control characters) is left out."""
        modifiers = [code for code in self._keys if code in MODIFIERS]
        self._send(*self._let_go(modifiers))
        self._await_no_foreign_modifiers()
        for character in text.replace("\r\n", "\n").replace("\r", "\n"):
            if self._interrupted.is_set():
                return
            self._send(*self._typed(character))
        if not self._interrupted.is_set():
            self._send(*(self._keys[code] for code in modifiers))

    def interrupt(self) -> None:
        """Stop a `type_text` of another thread; no text is typed until `release_all`."""
        self._interrupted.set()

    def release_all(self) -> None:
        """Let go of every key and button this sink holds down."""
        releases = [*self._let_go(self._keys), *self._buttons.values()]
        self._send(*releases)
        for release in releases:
            self._guard.is_up(release)
        self._keys.clear()
        self._buttons.clear()
        self._wheel = Wheel()
        self._interrupted.clear()

    def close(self) -> None:
        """Release everything, let the guard go."""
        try:
            self.release_all()
        finally:
            self._guard.close()

    def _press(self, press: Input, release: Input) -> None:
        self._guard.goes_down(release)
        self._send(press)

    def _release(self, release: Input) -> None:
        self._send(release)
        self._guard.is_up(release)

    def _event(self, code: str) -> Input | None:
        """Return what presses the key that sits there; None where Windows has no such key."""
        key = KEYS.get(code)
        if key is None or key.windows is None:
            return None
        extended = sending.EXTENDED if key.windows > 0xFF else 0
        scan_code = key.windows & 0xFF
        if code in _BY_NAME:
            return sending.key(_BY_NAME[code], scan_code, extended)
        # Windows goes by the scan code, Wine by the virtual key.
        virtual_key = self._user32.MapVirtualKeyExW(
            key.windows, _MAPVK_VSC_TO_VK_EX, self._layout()
        )
        return sending.key(int(virtual_key), scan_code, extended | sending.SCANCODE)

    def _layout(self) -> Any:
        """Return the layout of the program that has the keyboard."""
        window = self._user32.GetForegroundWindow()
        return self._user32.GetKeyboardLayout(self._user32.GetWindowThreadProcessId(window, None))

    def _typed(self, character: str) -> list[Input]:
        if character in _NATIVE:
            press = self._event(_NATIVE[character])
            return [] if press is None else [press, sending.released(press)]
        if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0:
            return []
        units = memoryview(character.encode("utf-16-le", "surrogatepass")).cast("H")
        presses = [sending.key(0, unit, sending.UNICODE) for unit in units]
        return [event for press in presses for event in (press, sending.released(press))]

    def _let_go(self, codes: Iterable[str]) -> list[Input]:
        """Return what releases these keys, which are held, and opens no menu."""
        held = list(codes)
        releases = [sending.released(self._keys[code]) for code in held]
        if _OPENS_MENU.isdisjoint(held):
            return releases
        nothing = sending.key(_NOBODYS_KEY, 0, 0)
        return [nothing, sending.released(nothing), *releases]

    def _await_no_foreign_modifiers(self) -> None:
        until = time.monotonic() + FOREIGN_MODIFIERS_S
        while any(self._user32.GetAsyncKeyState(key) & 0x8000 for key in _FOREIGN):
            if time.monotonic() > until or self._interrupted.wait(_POLL_S):
                return

    def _metric(self, number: int) -> int:
        return int(self._user32.GetSystemMetrics(number))

    def _send(self, *inputs: Input) -> None:
        if not inputs:
            return
        refused = sending.send(*inputs) < len(inputs)
        if refused and not self._refused:
            log.warning("Windows takes no input from us: %s", win32.last_error())
        self._refused = refused


def _absolute(place: int, size: int) -> int:
    """Return the least number that Windows, rounding down, takes for this pixel."""
    return -(-min(max(place, 0), size - 1) * _FULL // max(size, 1))


def _declare(user32: Any) -> None:
    user32.GetAsyncKeyState.restype = wintypes.SHORT
    user32.GetForegroundWindow.restype = wintypes.HWND
    user32.GetKeyboardLayout.restype = wintypes.HANDLE
    user32.GetKeyboardLayout.argtypes = [wintypes.DWORD]
    user32.GetWindowThreadProcessId.argtypes = [wintypes.HWND, wintypes.LPDWORD]
    user32.MapVirtualKeyExW.argtypes = [wintypes.UINT, wintypes.UINT, wintypes.HANDLE]


def open_input() -> WindowsInput:
    """Return the injector of this desktop; raises Unavailable(input.unavailable)."""
    with win32.unavailable_if_refused(ErrorKey.INPUT_UNAVAILABLE):
        win32.see_real_pixels()
        return WindowsInput(WindowsGuard())
