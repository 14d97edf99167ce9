"""The clipboard of Windows while we have it open: data by format, in blocks of global memory."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes
from typing import Any

from ezp2p.desktop import win32
from ezp2p.desktop.clipboard import Lack

CF_DIB, CF_UNICODETEXT = 8, 13
OPEN_WITHIN_S = 2.0  # another program has it for the moment of a copy
_TRY_EVERY_S = 0.01
_GMEM_MOVEABLE = 0x0002


class ClipboardData:
    """Reads and puts data; between `opened` only."""

    def __init__(self) -> None:
        self._user32 = _user32()
        self._kernel32 = _kernel32()

    @contextmanager
    def opened(self, window: int) -> Iterator[None]:
        """Have it alone, on behalf of `window`; raises TimeoutError."""
        until = time.monotonic() + OPEN_WITHIN_S
        while not self._user32.OpenClipboard(window):
            if time.monotonic() >= until:
                raise TimeoutError("another program has the clipboard")
            time.sleep(_TRY_EVERY_S)
        try:
            yield
        finally:
            self._user32.CloseClipboard()

    def format(self, name: str) -> int:
        """Return the number of a format that has a name; raises OSError."""
        number = int(self._user32.RegisterClipboardFormatW(name))
        if not number:
            raise win32.last_error()
        return number

    def has(self, kind: int) -> bool:
        """Tell whether there is something of this format."""
        return bool(self._user32.IsClipboardFormatAvailable(kind))

    def read(self, kind: int, limit_bytes: int) -> bytes | Lack:
        """Return what there is of this format; its owner may make it only now, and hang."""
        block = self._user32.GetClipboardData(kind)
        if not block:
            return Lack.NO_ANSWER
        size = int(self._kernel32.GlobalSize(block))
        if size > limit_bytes:
            return Lack.TOO_LARGE
        address = self._kernel32.GlobalLock(block)
        if not address:
            return Lack.NO_ANSWER
        try:
            return ctypes.string_at(address, size)
        finally:
            self._kernel32.GlobalUnlock(block)

    def replace(self, contents: dict[int, bytes]) -> None:
        """Put these formats there instead of all that was; raises OSError."""
        if not self._user32.EmptyClipboard():
            raise win32.last_error()
        for kind, data in contents.items():
            self._put(kind, data)

    def _put(self, kind: int, data: bytes) -> None:
        block = self._kernel32.GlobalAlloc(_GMEM_MOVEABLE, len(data))
        address = self._kernel32.GlobalLock(block) if block else None
        if not address:
            raise win32.last_error()
        ctypes.memmove(address, data, len(data))
        self._kernel32.GlobalUnlock(block)
        if not self._user32.SetClipboardData(kind, block):  # else the block is the system's
            error = win32.last_error()
            self._kernel32.GlobalFree(block)
            raise error


def _user32() -> Any:
    user32 = win32.library("user32")
    user32.OpenClipboard.argtypes = [wintypes.HWND]
    user32.RegisterClipboardFormatW.argtypes = [wintypes.LPCWSTR]
    user32.RegisterClipboardFormatW.restype = wintypes.UINT
    user32.IsClipboardFormatAvailable.argtypes = [wintypes.UINT]
    user32.GetClipboardData.argtypes = [wintypes.UINT]
    user32.GetClipboardData.restype = wintypes.HANDLE
    user32.SetClipboardData.argtypes = [wintypes.UINT, wintypes.HANDLE]
    user32.SetClipboardData.restype = wintypes.HANDLE
    return user32


def _kernel32() -> Any:
    kernel32 = win32.library("kernel32")
    kernel32.GlobalAlloc.argtypes = [wintypes.UINT, ctypes.c_size_t]
    kernel32.GlobalAlloc.restype = wintypes.HGLOBAL
    for function in (kernel32.GlobalLock, kernel32.GlobalUnlock, kernel32.GlobalFree):
        function.argtypes = [wintypes.HGLOBAL]
    kernel32.GlobalLock.restype = ctypes.c_void_p
    kernel32.GlobalFree.restype = wintypes.HGLOBAL
    kernel32.GlobalSize.argtypes = [wintypes.HGLOBAL]
    kernel32.GlobalSize.restype = ctypes.c_size_t
    return kernel32
