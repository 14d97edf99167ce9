"""The mouse pointer of Windows for a source that polls: its shape and its place.

A shape is two bitmaps: a mask, and colours that many pointers leave out. In the mask's upper half
a set bit lets the screen through; in its lower half it turns the screen's colour around, which
nobody else can draw: such pixels become black, as a text pointer has them on white paper.

Source: GetCursorInfo, GetIconInfo, ICONINFO, GetDIBits (learn.microsoft.com/windows/win32/api).
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from typing import Any

import numpy as np

from ezp2p.desktop import win32
from ezp2p.desktop.screen import Picture, Pointer

_SHOWING = 0x1
_ARROW = 32512
_SM_LEFT, _SM_TOP = 76, 77
_LARGEST = 512  # pixels in a row or column; pointers for people who see badly have 256


class _CursorInfo(ctypes.Structure):
    """CURSORINFO."""

    _fields_ = (
        ("cbSize", wintypes.DWORD),
        ("flags", wintypes.DWORD),
        ("hCursor", wintypes.HANDLE),
        ("ptScreenPos", wintypes.POINT),
    )


class _IconInfo(ctypes.Structure):
    """ICONINFO."""

    _fields_ = (
        ("fIcon", wintypes.BOOL),
        ("xHotspot", wintypes.DWORD),
        ("yHotspot", wintypes.DWORD),
        ("hbmMask", wintypes.HBITMAP),
        ("hbmColor", wintypes.HBITMAP),
    )


class _Bitmap(ctypes.Structure):
    """BITMAP."""

    _fields_ = (
        ("bmType", wintypes.LONG),
        ("bmWidth", wintypes.LONG),
        ("bmHeight", wintypes.LONG),
        ("bmWidthBytes", wintypes.LONG),
        ("bmPlanes", wintypes.WORD),
        ("bmBitsPixel", wintypes.WORD),
        ("bmBits", wintypes.LPVOID),
    )


class _Header(ctypes.Structure):
    """BITMAPINFO with the masks that GetDIBits may write behind BITMAPINFOHEADER."""

    _fields_ = (("header", win32.BitmapHeader), ("masks", wintypes.DWORD * 3))


class WindowsPointer:
    """Shape and place, as a PolledPointer (see portable.py)."""

    def __init__(self) -> None:
        self._user32, self._gdi32 = win32.library("user32"), win32.library("gdi32")
        _declare(self._user32, self._gdi32)
        self._arrow = self._user32.LoadCursorW(None, _ARROW)
        self._shape: tuple[int, int] | None = None  # whether it is shown, and its handle
        self._place: tuple[int, int] | None = None

    def shape(self) -> Pointer | None:
        """See PolledPointer."""
        info = self._info()
        shape = (info.flags, info.hCursor or 0)
        if shape == self._shape:
            return None
        self._shape = shape
        if info.flags != _SHOWING or not info.hCursor:
            return _nothing()
        # Wine keeps other programs' pointers from us: then the usual one is better than none.
        return self._drawn(info.hCursor) or self._drawn(self._arrow)

    def place(self) -> tuple[int, int] | None:
        """See PolledPointer."""
        spot = self._info().ptScreenPos
        place = (int(spot.x), int(spot.y))
        if place == self._place:
            return None
        self._place = place
        return place

    def close(self) -> None:
        """See PolledPointer."""

    def _info(self) -> Any:
        """Return what is shown; a desktop that is not ours (a locked one) shows nothing."""
        info = _CursorInfo(cbSize=ctypes.sizeof(_CursorInfo))
        self._user32.GetCursorInfo(ctypes.byref(info))
        return info

    def _drawn(self, cursor: int) -> Pointer | None:
        """Return the shape; None for one that has gone meanwhile or cannot be read."""
        icon = _IconInfo()
        if not self._user32.GetIconInfo(cursor, ctypes.byref(icon)):
            return None
        try:
            mask = self._pixels(icon.hbmMask)
            colours = self._pixels(icon.hbmColor) if icon.hbmColor else None
        finally:
            self._gdi32.DeleteObject(icon.hbmMask)
            self._gdi32.DeleteObject(icon.hbmColor)
        if mask is None:
            return None
        picture = _two_coloured(mask) if colours is None else _coloured(mask, colours)
        return Pointer(picture=picture, hot_x=int(icon.xHotspot), hot_y=int(icon.yHotspot))

    def _pixels(self, bitmap: Any) -> Picture | None:
        """Return a bitmap as (height, width, 4): blue, green, red, alpha or 0."""
        size = _Bitmap()
        if not self._gdi32.GetObjectW(bitmap, ctypes.sizeof(size), ctypes.byref(size)):
            return None
        width, height = int(size.bmWidth), int(size.bmHeight)
        if not (0 < width <= _LARGEST and 0 < height <= 2 * _LARGEST):
            return None
        told = win32.BitmapHeader(ctypes.sizeof(win32.BitmapHeader), width, -height, 1, 32)
        header = _Header(told)
        pixels = np.zeros((height, width, 4), np.uint8)
        screen = self._user32.GetDC(None)
        try:
            rows = self._gdi32.GetDIBits(
                *(screen, bitmap, 0, height, pixels.ctypes.data, ctypes.byref(header), 0)
            )
        finally:
            self._user32.ReleaseDC(None, screen)
        return pixels if rows == height else None


def _two_coloured(mask: Picture) -> Picture:
    """Return a pointer without colours: the mask's two halves one above the other."""
    half = mask.shape[0] // 2
    lets_through, turns = mask[:half, :, 0] != 0, mask[half : 2 * half, :, 0] != 0
    picture = np.zeros((half, mask.shape[1], 4), np.uint8)
    picture[~lets_through & turns, :3] = 255
    picture[~lets_through | turns, 3] = 255
    return picture


def _coloured(mask: Picture, colours: Picture) -> Picture:
    """Return red, green, blue, alpha; old pointers have no alpha but the mask."""
    picture = colours[..., [2, 1, 0, 3]].copy()
    if not picture[..., 3].any():
        picture[..., 3] = np.where(mask[: picture.shape[0], :, 0] != 0, 0, 255)
    return picture


def _nothing() -> Pointer:
    return Pointer(picture=np.zeros((1, 1, 4), np.uint8), hot_x=0, hot_y=0)


def _declare(user32: Any, gdi32: Any) -> None:
    handle, structure = wintypes.HANDLE, ctypes.c_void_p
    user32.GetCursorInfo.argtypes = [structure]
    user32.GetIconInfo.argtypes = [handle, structure]
    user32.LoadCursorW.restype = handle
    user32.LoadCursorW.argtypes = [wintypes.HINSTANCE, structure]
    user32.GetDC.restype = wintypes.HDC
    user32.GetDC.argtypes = [wintypes.HWND]
    user32.ReleaseDC.argtypes = [wintypes.HWND, wintypes.HDC]
    gdi32.GetObjectW.argtypes = [handle, ctypes.c_int, structure]
    gdi32.DeleteObject.argtypes = [handle]
    gdi32.GetDIBits.argtypes = [
        *(wintypes.HDC, handle, wintypes.UINT, wintypes.UINT, structure, structure, wintypes.UINT)
    ]
