"""Another program that copies and pastes, with Windows' functions and without a line of ours.

python copier.py copy      takes {"13": "base64", "PNG": "base64"} from stdin: formats and data
python copier.py paste F   writes what the clipboard has of format F to stdout, as base64
python copier.py promise   promises a text, says so, and hangs when it is asked for it
"""

from __future__ import annotations

import base64
import ctypes
import json
import sys
import time
from ctypes import wintypes

TEXT = 13
_MOVEABLE, _MESSAGES_ONLY = 2, -3

_user32, _kernel32 = ctypes.WinDLL("user32"), ctypes.WinDLL("kernel32")
_user32.GetClipboardData.restype = wintypes.HANDLE
_user32.SetClipboardData.argtypes = [wintypes.UINT, wintypes.HANDLE]
_user32.OpenClipboard.argtypes = [wintypes.HWND]
_user32.CreateWindowExW.argtypes = [
    *(wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD),
    *([ctypes.c_int] * 4),
    *([ctypes.c_void_p] * 4),
]
_user32.CreateWindowExW.restype = wintypes.HWND
_kernel32.GlobalAlloc.argtypes = [wintypes.UINT, ctypes.c_size_t]
for _function in (_kernel32.GlobalAlloc, _kernel32.GlobalLock):
    _function.restype = ctypes.c_void_p
for _function in (_kernel32.GlobalLock, _kernel32.GlobalUnlock, _kernel32.GlobalSize):
    _function.argtypes = [ctypes.c_void_p]


def number(name: str) -> int:
    """Return a format's number."""
    return int(name) if name.isdigit() else int(_user32.RegisterClipboardFormatW(name))


def open_clipboard(window: int | None = None) -> None:
    """Have it alone, as soon as nobody else has."""
    while not _user32.OpenClipboard(window):
        time.sleep(0.01)


def copy(formats: dict[str, str]) -> None:
    """Put these there."""
    open_clipboard()
    _user32.EmptyClipboard()
    for name, encoded in formats.items():
        data = base64.b64decode(encoded)
        block = _kernel32.GlobalAlloc(_MOVEABLE, len(data))
        ctypes.memmove(_kernel32.GlobalLock(block), data, len(data))
        _kernel32.GlobalUnlock(block)
        if not _user32.SetClipboardData(number(name), block):
            raise SystemExit(f"{name} is not taken")
    _user32.CloseClipboard()


def paste(name: str) -> bytes:
    """Return what there is of this format; empty if there is nothing."""
    open_clipboard()
    block = _user32.GetClipboardData(number(name))
    if not block:
        return b""
    data = ctypes.string_at(_kernel32.GlobalLock(block), _kernel32.GlobalSize(block))
    _user32.CloseClipboard()
    return data


def promise() -> None:
    """Promise a text, and hang: no messages are taken."""
    window = _user32.CreateWindowExW(
        *(0, "STATIC", "", 0, 0, 0, 0, 0, _MESSAGES_ONLY, None, None, None)
    )
    open_clipboard(window)
    _user32.EmptyClipboard()
    _user32.SetClipboardData(TEXT, None)
    _user32.CloseClipboard()
    sys.stdout.write("promised\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["copy"]:
            copy(json.load(sys.stdin))
        case ["paste", name]:
            sys.stdout.write(base64.b64encode(paste(name)).decode())
        case ["promise"]:
            promise()
