"""Windows' own Notepad: a window that other people wrote, which takes keys and text.

    with notepad() as paper:
        hand.type_text("안녕")
        paper.wait_for("안녕")

Its text is read by WM_GETTEXT from its one edit control, as the window itself holds it.
"""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import time
from collections.abc import Callable, Iterator
from ctypes import wintypes
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 20.0
_LOOK_EVERY_S = 0.02
_STARTS = 3
_WM_SETTEXT, _WM_GETTEXT, _WM_GETTEXTLENGTH = 0x0C, 0x0D, 0x0E
_EM_GETFIRSTVISIBLELINE = 0xCE

_user32 = ctypes.WinDLL("user32")
_user32.FindWindowExW.restype = wintypes.HWND
_user32.GetForegroundWindow.restype = wintypes.HWND
_user32.SendMessageW.argtypes = [
    wintypes.HWND,
    wintypes.UINT,
    wintypes.WPARAM,
    ctypes.c_void_p,
]
_user32.FindWindowExW.argtypes = [
    wintypes.HWND,
    wintypes.HWND,
    wintypes.LPCWSTR,
    wintypes.LPCWSTR,
]
_user32.MoveWindow.argtypes = [wintypes.HWND] + [ctypes.c_int] * 4 + [wintypes.BOOL]
for _function in (_user32.SetForegroundWindow, _user32.IsWindowVisible):
    _function.argtypes = [wintypes.HWND]
_user32.GetWindowThreadProcessId.argtypes = [wintypes.HWND, ctypes.POINTER(wintypes.DWORD)]


def until(ask: Callable[[], T | None], what: str) -> T:
    """Ask again and again until there is an answer; return it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"never seen: {what}"
        time.sleep(_LOOK_EVERY_S)
    return answer


class Notepad:
    """A running Notepad that has the keyboard."""

    def __init__(self, window: int, paper: int) -> None:
        self.window = window
        self._paper = paper

    @property
    def text(self) -> str:
        """What stands in it."""
        length = _user32.SendMessageW(self._paper, _WM_GETTEXTLENGTH, 0, None)
        buffer = ctypes.create_unicode_buffer(length + 1)
        _user32.SendMessageW(self._paper, _WM_GETTEXT, length + 1, ctypes.addressof(buffer))
        return buffer.value.replace("\r\n", "\n")

    @property
    def first_line(self) -> int:
        """The number of the topmost line that can be seen."""
        return int(_user32.SendMessageW(self._paper, _EM_GETFIRSTVISIBLELINE, 0, None))

    def clear(self) -> None:
        """Make the paper empty."""
        empty = ctypes.create_unicode_buffer("")
        _user32.SendMessageW(self._paper, _WM_SETTEXT, 0, ctypes.addressof(empty))

    def wait_for(self, text: str) -> None:
        """Wait until exactly this stands in it."""
        deadline = time.monotonic() + PATIENCE_S
        while (seen := self.text) != text:
            assert time.monotonic() < deadline, f"{seen!r} stands there, not {text!r}"
            time.sleep(_LOOK_EVERY_S)

    def move(self, x: int, y: int, width: int, height: int) -> None:
        """Put its window there."""
        _user32.MoveWindow(self.window, x, y, width, height, True)


@contextlib.contextmanager
def notepad(*arguments: str) -> Iterator[Notepad]:
    """Run Notepad, in front of everything else."""
    process = _started(*arguments)
    try:
        window = until(lambda: _window_of(process.pid), "Notepad's window")
        paper = until(lambda: _user32.FindWindowExW(window, None, "Edit", None), "its paper")
        _user32.SetForegroundWindow(window)
        until(lambda: _user32.GetForegroundWindow() == window, "Notepad in front")
        yield Notepad(window, paper)
    finally:
        process.kill()
        process.wait()


def _started(*arguments: str) -> subprocess.Popen[bytes]:
    """Start it; again if it dies at once, as under Wine while the desktop is only coming up."""
    for _ in range(_STARTS):
        process = subprocess.Popen(["notepad.exe", *arguments])
        until(lambda: _window_of(process.pid) or process.poll() is not None, "Notepad")  # noqa: B023
        if process.poll() is None:
            break
    return process


def _window_of(process: int) -> int | None:
    window = None
    while window := _user32.FindWindowExW(None, window, "Notepad", None):
        owner = wintypes.DWORD()
        _user32.GetWindowThreadProcessId(window, ctypes.byref(owner))
        if owner.value == process and _user32.IsWindowVisible(window):
            return int(window)
    return None
