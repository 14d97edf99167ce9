"""The end-now key on Windows: watched by a low-level keyboard hook.

A registered hotkey (RegisterHotKey) would fail where another program has it, and could not tell a
person's keys from a program's. The hook sees each key first, with a mark on those that a program
injected. The price: the program with the keyboard sees the keys as well.

Windows takes a hook away, and says nothing, from a program that was too slow for it some times.
So it is set anew now and then.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from ctypes import wintypes
from typing import Any

from ezp2p.desktop import win32
from ezp2p.desktop.hotkeys.chord import Chord, Part
from ezp2p.wire.keys import ErrorKey

log = logging.getLogger(__name__)

RENEW_MS = 30_000
_PARTS = {
    0xA2: Part.CONTROL,  # VK_LCONTROL
    0xA3: Part.CONTROL,  # VK_RCONTROL
    0xA4: Part.ALT,  # VK_LMENU
    0xA5: Part.ALT,  # VK_RMENU
    0x23: Part.END,  # VK_END, of the number pad too
}
_ONE_KEYBOARD = 0  # a hook does not tell keyboards apart
_WH_KEYBOARD_LL = 13
_EXTENDED, _INJECTED_LOWER, _INJECTED, _UP = 0x01, 0x02, 0x10, 0x80
_EVENT_DESKTOP_SWITCH = 0x0020


class _Key(ctypes.Structure):
    """KBDLLHOOKSTRUCT."""

    _fields_ = (
        ("vkCode", wintypes.DWORD),
        ("scanCode", wintypes.DWORD),
        ("flags", wintypes.DWORD),
        ("time", wintypes.DWORD),
        ("dwExtraInfo", ctypes.c_size_t),
    )


class WindowsEndKey:
    """Watches the keyboards of this desktop from a thread of its own."""

    def __init__(self, pressed: Callable[[], None]) -> None:
        """Call `pressed`, from our thread, whenever a person presses the chord; raises OSError."""
        self._pressed = pressed
        self._chord = Chord()
        self._user32 = win32.library("user32")
        self._module = win32.library("kernel32").GetModuleHandleW
        self._module.restype = wintypes.HMODULE
        hook_type = win32.callback(
            ctypes.c_ssize_t, ctypes.c_int, wintypes.WPARAM, ctypes.POINTER(_Key)
        )
        timer_type = win32.callback(
            None, wintypes.HWND, wintypes.UINT, ctypes.c_size_t, wintypes.DWORD
        )
        event_type = win32.callback(
            None,
            *(wintypes.HANDLE, wintypes.DWORD, wintypes.HWND, wintypes.LONG, wintypes.LONG),
            *(wintypes.DWORD, wintypes.DWORD),
        )
        _declare(self._user32, hook_type, timer_type, event_type)
        # Windows keeps their addresses only: they live as long as we do.
        self._on_key = hook_type(self._hooked)
        self._on_timer = timer_type(lambda *_: self._renew())
        self._on_switch = event_type(lambda *_: self._forget())
        self._hook: Any = None
        self._timer = 0
        self._switches: Any = None
        self._loop = win32.MessageLoop("end-now key", self._begin, self._end)

    def close(self) -> None:
        """Stop watching; may be called from `pressed` too."""
        self._loop.close()

    def _begin(self) -> None:
        self._hook = self._hooked_anew()
        if not self._hook:
            raise win32.last_error()
        self._timer = self._user32.SetTimer(None, 0, RENEW_MS, self._on_timer)
        self._switches = self._user32.SetWinEventHook(
            _EVENT_DESKTOP_SWITCH, _EVENT_DESKTOP_SWITCH, None, self._on_switch, 0, 0, 0
        )

    def _end(self) -> None:
        self._user32.UnhookWindowsHookEx(self._hook)
        self._user32.KillTimer(None, self._timer)
        if self._switches:
            self._user32.UnhookWinEvent(self._switches)

    def _renew(self) -> None:
        fresh = self._hooked_anew()
        if fresh:
            self._user32.UnhookWindowsHookEx(self._hook)
            self._hook = fresh

    def _hooked_anew(self) -> Any:
        return self._user32.SetWindowsHookExW(_WH_KEYBOARD_LL, self._on_key, self._module(None), 0)

    def _forget(self) -> None:
        """Keys that go up while another desktop is shown (Ctrl+Alt+Del) are not told here."""
        self._chord = Chord()

    def _hooked(self, code: int, message: int, key: Any) -> int:
        if code == 0:
            event = key.contents
            part = _PARTS.get(event.vkCode)
            if part is not None and not event.flags & (_INJECTED | _INJECTED_LOWER):
                place = event.scanCode << 1 | event.flags & _EXTENDED
                self._changed(place, part, down=not event.flags & _UP)
        return int(self._user32.CallNextHookEx(None, code, message, key))

    def _changed(self, place: int, part: Part, *, down: bool) -> None:
        if self._chord.changed(_ONE_KEYBOARD, place, part, down=down):
            log.info("the end-now key was pressed")
            self._pressed()


def _declare(user32: Any, hook_type: Any, timer_type: Any, event_type: Any) -> None:
    user32.SetWindowsHookExW.restype = wintypes.HHOOK
    user32.SetWindowsHookExW.argtypes = [
        *(ctypes.c_int, hook_type, wintypes.HINSTANCE, wintypes.DWORD)
    ]
    user32.UnhookWindowsHookEx.argtypes = [wintypes.HHOOK]
    user32.CallNextHookEx.restype = ctypes.c_ssize_t
    user32.CallNextHookEx.argtypes = [
        *(wintypes.HHOOK, ctypes.c_int, wintypes.WPARAM, ctypes.c_void_p)
    ]
    user32.SetTimer.restype = ctypes.c_size_t
    user32.SetTimer.argtypes = [wintypes.HWND, ctypes.c_size_t, wintypes.UINT, timer_type]
    user32.KillTimer.argtypes = [wintypes.HWND, ctypes.c_size_t]
    user32.SetWinEventHook.restype = wintypes.HANDLE
    user32.SetWinEventHook.argtypes = [
        *(wintypes.DWORD, wintypes.DWORD, wintypes.HMODULE, event_type),
        *(wintypes.DWORD, wintypes.DWORD, wintypes.DWORD),
    ]
    user32.UnhookWinEvent.argtypes = [wintypes.HANDLE]


def watch_end_key(pressed: Callable[[], None]) -> WindowsEndKey:
    """Watch this desktop's keyboards; raises Unavailable(input.unavailable)."""
    with win32.unavailable_if_refused(ErrorKey.INPUT_UNAVAILABLE):
        return WindowsEndKey(pressed)
