"""The clipboard on Windows: a window that hears of changes, on a thread of its own.

    WM_CLIPBOARDUPDATE --> another program has copied: `changed`

Opening it, and asking its owner, happens on that thread as well: an owner that hangs holds up
nobody but those who read. What is written stays there when we are gone.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from ctypes import wintypes
from typing import Any, TypeVar

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import win32
from ezp2p.desktop.clipboard import (
    MAX_PICTURE_BYTES,
    MAX_PIXELS,
    MAX_TEXT_BYTES,
    Content,
    Lack,
    Picture,
    Text,
)
from ezp2p.desktop.clipboard.picture import require_writable, to_dib, to_png
from ezp2p.desktop.clipboard.windows_data import CF_DIB, CF_UNICODETEXT, ClipboardData
from ezp2p.wire.keys import ErrorKey

_ANSWER_WITHIN_S = 5.0  # a large picture is made while its owner is asked for it
_PNG = "PNG"  # what browsers and office programs call it
_DIB_BYTES = 4 * MAX_PIXELS
_TEXT_BYTES = 2 * MAX_TEXT_BYTES + 64  # UTF-16, and what the memory is rounded up by
# https://learn.microsoft.com/windows/win32/dataxchg/clipboard-formats, "cloud clipboard and
# clipboard history formats": the first conceal by being there, the others by a zero.
_MARKS = ("ExcludeClipboardContentFromMonitorProcessing", "Clipboard Viewer Ignore")
_PERMISSIONS = ("CanIncludeInClipboardHistory", "CanUploadToCloudClipboard")
_NO = bytes(4)

_WM_CLIPBOARDUPDATE = 0x031D
_GWLP_WNDPROC = -4
_HWND_MESSAGE = -3
_RESULT = ctypes.c_ssize_t  # LRESULT
_MESSAGE = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)

T = TypeVar("T")


class WindowsClipboard:
    """The clipboard of this person's desktop, from its opening until `close`."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Call `changed`, from our thread, whenever another program has copied something."""
        self._changed = changed
        self._user32 = _user32()
        self._data = ClipboardData()
        self._marks = [self._data.format(name) for name in _MARKS]
        self._permissions = [self._data.format(name) for name in _PERMISSIONS]
        self._png = self._data.format(_PNG)
        self._window = 0
        self._heard: Any = None  # what Windows calls; lives as long as the window
        self._seen = int(self._user32.GetClipboardSequenceNumber())
        self._lock = threading.Lock()  # over the next two
        self._waiting: set[Future[Any]] = set()
        self._is_over = False
        self._loop = win32.MessageLoop("clipboard", self._begin, self._end)

    def read(self) -> Content | Lack:
        """See Clipboard."""
        try:
            return self._done(self._read)
        except TimeoutError:
            return Lack.NO_ANSWER

    def write(self, content: Content) -> None:
        """See Clipboard."""
        require_writable(content)
        formats = self._formats_of(content)
        try:
            self._done(lambda: self._write(formats))
        except (TimeoutError, OSError) as error:
            raise Unavailable(ErrorKey.CLIPBOARD_UNAVAILABLE, why=str(error)) from error

    def close(self) -> None:
        """See Clipboard."""
        self._loop.close()

    def _done(self, what: Callable[[], T]) -> T:
        """Do this on our thread and return its result; raises what it raises, TimeoutError."""
        result: Future[T] = Future()
        with self._lock:
            if self._is_over:
                raise Unavailable(ErrorKey.CLIPBOARD_UNAVAILABLE, why="it is closed")
            self._waiting.add(result)

        def do() -> None:
            if result.set_running_or_notify_cancel():
                try:
                    result.set_result(what())
                except (OSError, TimeoutError) as error:
                    result.set_exception(error)

        self._loop.call(do)
        try:
            return result.result(_ANSWER_WITHIN_S)
        finally:
            result.cancel()
            with self._lock:
                self._waiting.discard(result)

    # --- from here on, on our own thread only

    def _begin(self) -> None:
        window = self._user32.CreateWindowExW(
            *(0, "STATIC", "ezp2p clipboard", 0, 0, 0, 0, 0),
            *(_HWND_MESSAGE, None, None, None),
        )
        if not window:
            raise win32.last_error()
        self._window = int(window)
        self._heard = win32.callback(_RESULT, *_MESSAGE)(self._hear)
        self._user32.SetWindowLongPtrW(window, _GWLP_WNDPROC, self._heard)
        if not self._user32.AddClipboardFormatListener(window):
            raise win32.last_error()

    def _end(self) -> None:
        self._user32.RemoveClipboardFormatListener(self._window)
        self._user32.DestroyWindow(self._window)
        with self._lock:
            self._is_over = True
            left = list(self._waiting)
        for result in left:
            if not result.done():
                why = Unavailable(ErrorKey.CLIPBOARD_UNAVAILABLE, why="it is closed")
                result.set_exception(why)

    def _hear(self, window: int, message: int, word: int, long: int) -> int:
        if message != _WM_CLIPBOARDUPDATE:
            return int(self._user32.DefWindowProcW(window, message, word, long))
        number = int(self._user32.GetClipboardSequenceNumber())
        is_ours = self._user32.GetClipboardOwner() == self._window
        is_new, self._seen = number != self._seen, number
        if is_new and not is_ours:
            self._changed()
        return 0

    def _read(self) -> Content | Lack:
        with self._data.opened(self._window):
            if self._is_concealed():
                return Lack.CONCEALED
            if self._data.has(CF_UNICODETEXT):
                return _text(self._data.read(CF_UNICODETEXT, _TEXT_BYTES))
            for kind, limit in ((self._png, MAX_PICTURE_BYTES), (CF_DIB, _DIB_BYTES)):
                if self._data.has(kind):
                    return _picture(self._data.read(kind, limit))
        return Lack.EMPTY

    def _is_concealed(self) -> bool:
        if any(self._data.has(mark) for mark in self._marks):
            return True
        asked = [kind for kind in self._permissions if self._data.has(kind)]
        # Whatever is no clear yes is a no.
        return any(self._data.read(kind, 64) in (_NO, b"", Lack.NO_ANSWER) for kind in asked)

    def _write(self, formats: dict[int, bytes]) -> None:
        with self._data.opened(self._window):
            self._data.replace(formats)

    def _formats_of(self, content: Content) -> dict[int, bytes]:
        """Return what lies on the clipboard for `content`, by format; raises ValueError."""
        if isinstance(content, Text):
            text = re.sub("\r?\n", "\r\n", content.text) + "\0"
            formats = {CF_UNICODETEXT: text.encode("utf-16-le", "surrogatepass")}
        else:
            dib = to_dib(content.png)
            if dib is None:
                raise ValueError("no PNG picture that can be decoded")
            formats = {self._png: content.png, CF_DIB: dib}
        if content.concealed:
            formats |= dict.fromkeys([*self._marks, *self._permissions], _NO)
        return formats


def _text(data: bytes | Lack) -> Text | Lack:
    if isinstance(data, Lack):
        return data
    decoded = data[: len(data) // 2 * 2].decode("utf-16-le", "replace").partition("\0")[0]
    text = decoded.replace("\r\n", "\n")
    if len(text.encode()) > MAX_TEXT_BYTES:
        return Lack.TOO_LARGE
    return Text(text) if text else Lack.EMPTY


def _picture(data: bytes | Lack) -> Picture | Lack:
    if isinstance(data, Lack):
        return data
    png = to_png(data)
    return Picture(png) if png is not None else Lack.NO_ANSWER


def _user32() -> Any:
    user32 = win32.library("user32")
    user32.CreateWindowExW.argtypes = [
        *(wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD),
        *([ctypes.c_int] * 4),
        *(ctypes.c_void_p, wintypes.HMENU, wintypes.HINSTANCE, wintypes.LPVOID),
    ]
    user32.CreateWindowExW.restype = wintypes.HWND
    user32.SetWindowLongPtrW.argtypes = [wintypes.HWND, ctypes.c_int, ctypes.c_void_p]
    user32.SetWindowLongPtrW.restype = ctypes.c_void_p
    user32.DefWindowProcW.argtypes = list(_MESSAGE)
    user32.DefWindowProcW.restype = _RESULT
    user32.GetClipboardOwner.restype = wintypes.HWND
    user32.GetClipboardSequenceNumber.restype = wintypes.DWORD
    for name in ("AddClipboardFormatListener", "RemoveClipboardFormatListener", "DestroyWindow"):
        getattr(user32, name).argtypes = [wintypes.HWND]
    return user32


def open_clipboard(changed: Callable[[], None]) -> WindowsClipboard:
    """Open that of this desktop; raises Unavailable(clipboard.unavailable)."""
    with win32.unavailable_if_refused(ErrorKey.CLIPBOARD_UNAVAILABLE):
        return WindowsClipboard(changed)
