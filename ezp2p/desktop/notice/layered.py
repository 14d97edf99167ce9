"""Windows' layered windows: pictures that lie on the desktop, above all else.

They belong to no taskbar, never take the keyboard, and where they are transparent the mouse goes
through them. The system keeps the picture and repaints it by itself.

Source: Window Features, Layered Windows (learn.microsoft.com/windows/win32/winmsg).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import wintypes
from typing import Any

from PIL import Image

from ezp2p.desktop import win32
from ezp2p.desktop.notice.drawing import Box

# What a window procedure gets, and answers with a number or None for the usual answer.
Handler = Callable[[int, int, int, int], int | None]  # window, message, wParam, lParam

_CLASS = "ezp2p notice"
_POPUP = 0x80000000
_TOPMOST, _TRANSPARENT, _TOOL, _LAYERED, _NO_ACTIVATE = 0x8, 0x20, 0x80, 0x80000, 0x08000000
_SHOW_NO_ACTIVATE = 4
_ARROW = 32512
_ABOVE_ALL = wintypes.HWND(-1)
_KEEP_SIZE, _KEEP_PLACE, _KEEP_FOCUS = 0x1, 0x2, 0x10
_ULW_ALPHA = 2
_SM_VIRTUAL_SCREEN = (76, 77, 78, 79)  # left, top, width, height
_SPI_GETWORKAREA = 0x30
_DPI = 96.0
_SCALES = (1.0, 3.0)


class _Class(ctypes.Structure):
    """WNDCLASSW."""

    _fields_ = (
        ("style", wintypes.UINT),
        ("lpfnWndProc", ctypes.c_void_p),
        ("cbClsExtra", ctypes.c_int),
        ("cbWndExtra", ctypes.c_int),
        ("hInstance", wintypes.HINSTANCE),
        ("hIcon", wintypes.HANDLE),
        ("hCursor", wintypes.HANDLE),
        ("hbrBackground", wintypes.HANDLE),
        ("lpszMenuName", wintypes.LPCWSTR),
        ("lpszClassName", wintypes.LPCWSTR),
    )


class _Blend(ctypes.Structure):
    """BLENDFUNCTION."""

    _fields_ = (
        ("BlendOp", ctypes.c_ubyte),
        ("BlendFlags", ctypes.c_ubyte),
        ("SourceConstantAlpha", ctypes.c_ubyte),
        ("AlphaFormat", ctypes.c_ubyte),
    )


class LayeredWindows:
    """Makes and changes such windows, on one thread; raises OSError for what Windows refuses."""

    def __init__(self, handle: Handler) -> None:
        """Give what happens to any of the windows to `handle`."""
        self._handle = handle
        self._user32, self._gdi32 = win32.library("user32"), win32.library("gdi32")
        self._module = _module()
        procedure = win32.callback(
            ctypes.c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM
        )
        _declare(self._user32, self._gdi32)
        self._procedure = procedure(self._handled)  # Windows keeps its address only
        self._class = self._register()

    def create(self, *, mouse: bool) -> int:
        """Return a new window, not shown yet; without `mouse` no click ever meets it."""
        style = _TOPMOST | _TOOL | _LAYERED | _NO_ACTIVATE | (0 if mouse else _TRANSPARENT)
        window = self._user32.CreateWindowExW(
            style, self._class, None, _POPUP, 0, 0, 0, 0, None, None, self._module, None
        )
        if not window:
            raise win32.last_error()
        return int(window)

    def fill(self, window: int, picture: Image.Image, left: int, top: int) -> None:
        """Let `window` look like `picture` (RGBA) and lie there."""
        width, height = picture.size
        screen = self._user32.GetDC(None)
        memory = self._gdi32.CreateCompatibleDC(screen)
        header = win32.BitmapHeader(ctypes.sizeof(win32.BitmapHeader), width, -height, 1, 32)
        bits = ctypes.c_void_p()
        bitmap = self._gdi32.CreateDIBSection(
            memory, ctypes.byref(header), 0, ctypes.byref(bits), None, 0
        )
        try:
            if not bitmap:
                raise win32.last_error()
            ctypes.memmove(bits, _premultiplied(picture), 4 * width * height)
            before = self._gdi32.SelectObject(memory, bitmap)
            self._update(window, screen, memory, (left, top), picture.size)
            self._gdi32.SelectObject(memory, before)
        finally:
            self._gdi32.DeleteObject(bitmap)
            self._gdi32.DeleteDC(memory)
            self._user32.ReleaseDC(None, screen)

    def name(self, window: int, text: str) -> None:
        """Name `window` for assistive technology."""
        self._user32.SetWindowTextW(window, text)

    def move(self, window: int, left: int, top: int) -> None:
        """Put `window` there, above all others."""
        flags = _KEEP_SIZE | _KEEP_FOCUS
        self._user32.SetWindowPos(window, _ABOVE_ALL, left, top, 0, 0, flags)

    def lift(self, window: int) -> None:
        """Raise above all others."""
        flags = _KEEP_SIZE | _KEEP_PLACE | _KEEP_FOCUS
        self._user32.SetWindowPos(window, _ABOVE_ALL, 0, 0, 0, 0, flags)

    def show(self, window: int) -> None:
        """Show `window` without giving it the keyboard."""
        self._user32.ShowWindow(window, _SHOW_NO_ACTIVATE)

    def is_shown(self, window: int) -> bool:
        """Tell whether `window` exists and is shown; may be called from any thread."""
        return bool(self._user32.IsWindowVisible(window))

    def hold_mouse(self, window: int) -> None:
        """Have all of the mouse told to `window` until `let_mouse_go`."""
        self._user32.SetCapture(window)

    def let_mouse_go(self) -> None:
        """Undo `hold_mouse`."""
        self._user32.ReleaseCapture()

    def pointer(self) -> tuple[int, int]:
        """Return where the pointer is."""
        place = wintypes.POINT()
        self._user32.GetCursorPos(ctypes.byref(place))
        return place.x, place.y

    def tick(self, window: int, every_ms: int) -> None:
        """Send `window` a WM_TIMER that often."""
        self._user32.SetTimer(window, 1, every_ms, None)

    def whole(self) -> Box:
        """Return all monitors together."""
        left, top, width, height = (
            int(self._user32.GetSystemMetrics(number)) for number in _SM_VIRTUAL_SCREEN
        )
        return Box(left, top, left + width, top + height)

    def work_area(self) -> Box:
        """Return the primary monitor without its taskbar."""
        area = wintypes.RECT()
        if not self._user32.SystemParametersInfoW(_SPI_GETWORKAREA, 0, ctypes.byref(area), 0):
            return self.whole()
        return Box(area.left, area.top, area.right, area.bottom)

    def scale(self) -> float:
        """Return how much larger than 96 dpi the person has set the primary monitor's text."""
        if not hasattr(self._user32, "GetDpiForSystem"):  # before Windows 10
            return 1.0
        low, high = _SCALES
        return min(high, max(low, float(self._user32.GetDpiForSystem()) / _DPI))

    def close(self, windows: list[int]) -> None:
        """Take the windows away; none can be made any more."""
        for window in windows:
            self._user32.DestroyWindow(window)
        self._user32.UnregisterClassW(self._class, self._module)

    def _register(self) -> str:
        name = f"{_CLASS} {id(self):x}"
        kind = _Class()
        kind.lpfnWndProc = ctypes.cast(self._procedure, ctypes.c_void_p)
        kind.hInstance = self._module
        kind.hCursor = self._user32.LoadCursorW(None, _ARROW)
        kind.lpszClassName = name
        if not self._user32.RegisterClassW(ctypes.byref(kind)):
            raise win32.last_error()
        return name

    def _handled(self, window: int, message: int, wide: int, long: int) -> int:
        answer = self._handle(window, message, wide, long)
        if answer is None:
            answer = int(self._user32.DefWindowProcW(window, message, wide, long))
        return answer

    def _update(
        self, window: int, screen: Any, memory: Any, place: tuple[int, int], size: tuple[int, int]
    ) -> None:
        blend = _Blend(0, 0, 255, 1)  # by the picture's own alpha
        updated = self._user32.UpdateLayeredWindow(
            window,
            screen,
            ctypes.byref(wintypes.POINT(*place)),
            ctypes.byref(wintypes.SIZE(*size)),
            memory,
            ctypes.byref(wintypes.POINT(0, 0)),
            0,
            ctypes.byref(blend),
            _ULW_ALPHA,
        )
        if not updated:
            raise win32.last_error()


def _premultiplied(picture: Image.Image) -> bytes:
    """Return blue green red alpha, colours multiplied by alpha."""
    return picture.convert("RGBa").tobytes("raw", "BGRa")


def _module() -> Any:
    get = win32.library("kernel32").GetModuleHandleW
    get.restype = wintypes.HMODULE
    return get(None)


def _declare(user32: Any, gdi32: Any) -> None:
    handle = wintypes.HANDLE
    user32.CreateWindowExW.restype = wintypes.HWND
    user32.CreateWindowExW.argtypes = [
        *(wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD),
        *(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int),
        *(wintypes.HWND, wintypes.HMENU, wintypes.HINSTANCE, wintypes.LPVOID),
    ]
    user32.DefWindowProcW.restype = ctypes.c_ssize_t
    user32.DefWindowProcW.argtypes = [
        *(wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
    ]
    user32.GetDC.restype = wintypes.HDC
    user32.GetDC.argtypes = [wintypes.HWND]
    user32.ReleaseDC.argtypes = [wintypes.HWND, wintypes.HDC]
    user32.LoadCursorW.restype = handle
    user32.LoadCursorW.argtypes = [wintypes.HINSTANCE, ctypes.c_void_p]
    user32.RegisterClassW.restype = wintypes.ATOM
    user32.UnregisterClassW.argtypes = [wintypes.LPCWSTR, wintypes.HINSTANCE]
    user32.SetWindowPos.argtypes = [
        wintypes.HWND,
        wintypes.HWND,
        *[ctypes.c_int] * 4,
        wintypes.UINT,
    ]
    user32.SetWindowTextW.argtypes = [wintypes.HWND, wintypes.LPCWSTR]
    user32.ShowWindow.argtypes = [wintypes.HWND, ctypes.c_int]
    user32.SetTimer.restype = ctypes.c_size_t
    user32.SetTimer.argtypes = [wintypes.HWND, ctypes.c_size_t, wintypes.UINT, ctypes.c_void_p]
    for function in (user32.DestroyWindow, user32.IsWindowVisible, user32.SetCapture):
        function.argtypes = [wintypes.HWND]
    user32.UpdateLayeredWindow.argtypes = [
        *(wintypes.HWND, wintypes.HDC, ctypes.c_void_p, ctypes.c_void_p, wintypes.HDC),
        *(ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD),
    ]
    for function in (gdi32.CreateCompatibleDC, gdi32.CreateDIBSection, gdi32.SelectObject):
        function.restype = handle
    for function in (gdi32.CreateCompatibleDC, gdi32.DeleteDC, gdi32.DeleteObject):
        function.argtypes = [handle]
    gdi32.CreateDIBSection.argtypes = [
        *(wintypes.HDC, ctypes.c_void_p, wintypes.UINT, ctypes.c_void_p, handle, wintypes.DWORD)
    ]
    gdi32.SelectObject.argtypes = [wintypes.HDC, handle]
