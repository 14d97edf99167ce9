"""What Windows' SendInput takes: moves, buttons, keys and characters.

Source: SendInput, INPUT, MOUSEINPUT, KEYBDINPUT (learn.microsoft.com/windows/win32/api/winuser).
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Any

from ezp2p.desktop import win32

MOVE, WHEEL, HWHEEL, VIRTUAL_DESK, ABSOLUTE = 0x0001, 0x0800, 0x1000, 0x4000, 0x8000
EXTENDED, UP, UNICODE, SCANCODE = 0x0001, 0x0002, 0x0004, 0x0008
_MOUSE, _KEYBOARD = 0, 1


class MouseInput(ctypes.Structure):
    """MOUSEINPUT: a move, a button or the wheel."""

    _fields_ = (
        ("dx", wintypes.LONG),
        ("dy", wintypes.LONG),
        ("mouseData", wintypes.DWORD),
        ("dwFlags", wintypes.DWORD),
        ("time", wintypes.DWORD),
        ("dwExtraInfo", ctypes.c_size_t),
    )


class KeyboardInput(ctypes.Structure):
    """KEYBDINPUT: a key or a character, down or up."""

    _fields_ = (
        ("wVk", wintypes.WORD),
        ("wScan", wintypes.WORD),
        ("dwFlags", wintypes.DWORD),
        ("time", wintypes.DWORD),
        ("dwExtraInfo", ctypes.c_size_t),
    )


class _Either(ctypes.Union):
    _fields_ = (("mi", MouseInput), ("ki", KeyboardInput))


class Input(ctypes.Structure):
    """INPUT: one event."""

    _fields_ = (("type", wintypes.DWORD), ("u", _Either))


def mouse(flags: int, *, x: int = 0, y: int = 0, data: int = 0) -> Input:
    """Return a mouse event; `data` is the wheel's turn or the number of an extra button."""
    return Input(_MOUSE, _Either(mi=MouseInput(x, y, data & 0xFFFFFFFF, flags, 0, 0)))


def key(virtual_key: int, scan_code: int, flags: int) -> Input:
    """Return a key event."""
    return Input(_KEYBOARD, _Either(ki=KeyboardInput(virtual_key, scan_code, flags, 0, 0)))


def released(pressed: Input) -> Input:
    """Return the event that lets go of a pressed key."""
    event = pressed.u.ki
    return key(event.wVk, event.wScan, event.dwFlags | UP)


def send(*inputs: Input) -> int:
    """Inject them as one, nothing of others in between; return how many the system took."""
    send_input = _user32().SendInput
    return int(send_input(len(inputs), (Input * len(inputs))(*inputs), ctypes.sizeof(Input)))


@cache
def _user32() -> Any:
    return win32.library("user32")
