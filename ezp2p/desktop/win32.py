"""Windows' own functions, by ctypes: its libraries, its errors, a thread that takes its messages.

Elsewhere this can be imported and checked, not called. What comes from a library is Any, and stays
inside desktop/.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from ctypes import wintypes
from functools import cache
from typing import Any

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

_log = logging.getLogger(__name__)

WM_QUIT = 0x0012
_WM_APP = 0x8000
_PER_MONITOR_AWARE_2 = ctypes.c_void_p(-4)
_TIMEOUT_S = 10.0


def library(name: str) -> Any:
    """Return a library of the system, for the caller alone, who declares its functions' types."""
    if sys.platform != "win32":
        raise OSError(f"{name} is a library of Windows")
    return ctypes.WinDLL(name, use_last_error=True)


def callback(result: Any, *arguments: Any) -> Any:
    """Return the type of a function that Windows may call."""
    if sys.platform != "win32":
        raise OSError("only Windows calls such functions")
    return ctypes.WINFUNCTYPE(result, *arguments, use_last_error=True)


def last_error() -> OSError:
    """Return what the last failed call complained of, in the system's language."""
    if sys.platform != "win32":
        return OSError("not Windows")
    return ctypes.WinError(ctypes.get_last_error())


@contextlib.contextmanager
def unavailable_if_refused(failure: ErrorKey) -> Iterator[None]:
    """Turn an OSError, as `last_error` makes them, into Unavailable(failure)."""
    try:
        yield
    except OSError as error:
        raise Unavailable(failure, why=str(error)) from error


@cache
def see_real_pixels() -> None:
    """Have places and sizes told in the screen's own pixels, not in those of a 96 dpi one.

    Does nothing where somebody has chosen before us, or before Windows 10.
    """
    user32 = library("user32")
    if hasattr(user32, "SetProcessDpiAwarenessContext"):
        user32.SetProcessDpiAwarenessContext(_PER_MONITOR_AWARE_2)
    else:
        user32.SetProcessDPIAware()


class BitmapHeader(ctypes.Structure):
    """BITMAPINFOHEADER: how the pixels of a picture lie in memory."""

    _fields_ = (
        ("biSize", wintypes.DWORD),
        ("biWidth", wintypes.LONG),
        ("biHeight", wintypes.LONG),
        ("biPlanes", wintypes.WORD),
        ("biBitCount", wintypes.WORD),
        ("biCompression", wintypes.DWORD),
        ("biSizeImage", wintypes.DWORD),
        ("biXPelsPerMeter", wintypes.LONG),
        ("biYPelsPerMeter", wintypes.LONG),
        ("biClrUsed", wintypes.DWORD),
        ("biClrImportant", wintypes.DWORD),
    )


class MessageLoop:
    """A thread with a queue of Windows' messages, which windows and hooks need.

    `begin` runs on it first; then it dispatches messages and does what `call` is given, until
    `close`; `end` runs on it last.
    """

    def __init__(self, name: str, begin: Callable[[], None], end: Callable[[], None]) -> None:
        """Return once `begin` has returned; raises what it raises."""
        self._user32 = library("user32")
        self._user32.PostThreadMessageW.argtypes = [
            wintypes.DWORD,
            wintypes.UINT,
            wintypes.WPARAM,
            wintypes.LPARAM,
        ]
        self._begin, self._end = begin, end
        self._calls: deque[Callable[[], None]] = deque()
        self._number = 0
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def call(self, what: Callable[[], None]) -> None:
        """Do this on the thread, soon; may be called from any thread."""
        self._calls.append(what)
        self._user32.PostThreadMessageW(self._number, _WM_APP, 0, 0)

    def close(self) -> None:
        """End the thread and wait for it; on the thread itself, end it after this message."""
        self._user32.PostThreadMessageW(self._number, WM_QUIT, 0, 0)
        if threading.current_thread() is not self._thread:
            self._thread.join(_TIMEOUT_S)
            if self._thread.is_alive():
                _log.warning("%s does not end", self._thread.name)

    def _run(self) -> None:
        message = wintypes.MSG()
        # Only a thread that has looked for messages has a queue for others to post to.
        self._user32.PeekMessageW(ctypes.byref(message), None, 0, 0, 0)
        self._number = threading.get_native_id()
        try:
            self._begin()
        except BaseException as error:
            self._failure = error
            return
        finally:
            self._ready.set()
        try:
            while self._user32.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
                if message.message == _WM_APP and not message.hWnd:
                    while self._calls:
                        self._calls.popleft()()
                else:
                    self._user32.DispatchMessageW(ctypes.byref(message))
        finally:
            self._end()
