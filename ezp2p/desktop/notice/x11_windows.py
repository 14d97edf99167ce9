"""The notice's windows on an X display: the strip, and the frame around the screen.

Neither belongs to the window manager (override-redirect): nobody can close, minimise or cover
them by ordinary means. Their pictures are background pixmaps, so the server repaints them by
itself and an idle notice does nothing at all.
"""

from __future__ import annotations

from typing import Any

import xcffib
import xcffib.randr
import xcffib.shape
import xcffib.xproto
from PIL import Image

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import xserver
from ezp2p.desktop.notice.drawing import ACCENT, Box
from ezp2p.wire.keys import ErrorKey

_PUT_BYTES = 200_000  # below the 256 KiB that every server takes in one request
_SHAPE_BOUNDING, _SHAPE_INPUT, _SHAPE_SET = 0, 2, 0
_CLASS = b"ezp2p\0ezp2p\0"
_ATOM_ATOM, _ATOM_STRING = 4, 31
_WM_NAME, _WM_CLASS = 39, 67
_DEFAULT_DPI = 96.0
_SCALES = (1.0, 3.0)


class Windows:
    """Makes, fills and places the windows over one connection."""

    def __init__(self, connection: Any) -> None:
        """Raises Unavailable(notice.unavailable) where the display lacks what we need."""
        self._connection = connection
        self._core = connection.core
        self._screen = xserver.screen_of(connection)
        self.root = int(self._screen.root)
        if self._screen.root_depth not in (24, 32):
            raise Unavailable(ErrorKey.NOTICE_UNAVAILABLE, why="the display has too few colours")
        self._shape = xserver.extension(connection, xcffib.shape, ErrorKey.NOTICE_UNAVAILABLE)
        names = ("_NET_WM_NAME", "UTF8_STRING", "_NET_WM_WINDOW_TYPE", "_NET_WM_WINDOW_TYPE_DOCK")
        self._atoms = {name: xserver.intern(connection, name) for name in names}
        self._gc = connection.generate_id()
        self._core.CreateGC(self._gc, self.root, 0, [])
        masks = xcffib.xproto.EventMask
        self._core.ChangeWindowAttributes(
            self.root, xcffib.xproto.CW.EventMask, [masks.StructureNotify]
        )

    def scale(self) -> float:
        """Return how much larger than 96 dpi the person has set the display's text."""
        reply = self._core.GetProperty(False, self.root, 23, _ATOM_STRING, 0, 16384).reply()
        resources = bytes(reply.value.buf()).decode("latin-1") if reply.value_len else ""
        for line in resources.splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "Xft.dpi" and value.strip().replace(".", "", 1).isdigit():
                low, high = _SCALES
                return min(high, max(low, float(value) / _DEFAULT_DPI))
        return 1.0

    def whole(self) -> Box:
        """Return the whole screen."""
        size = self._core.GetGeometry(self.root).reply()
        return Box(0, 0, int(size.width), int(size.height))

    def monitor(self) -> Box:
        """Return the primary monitor, or the whole screen where there are none."""
        name = xcffib.randr.key.name
        if not self._core.QueryExtension(len(name), name).reply().present:
            return self.whole()
        randr = self._connection(xcffib.randr.key)
        version = randr.QueryVersion(1, 5).reply()
        if (version.major_version, version.minor_version) < (1, 5):
            return self.whole()
        monitors = list(randr.GetMonitors(self.root, True).reply().monitors)
        monitors.sort(key=lambda monitor: not monitor.primary)
        if not monitors:
            return self.whole()
        first = monitors[0]
        return Box(first.x, first.y, first.x + first.width, first.y + first.height)

    def create_strip(self) -> int:
        """Return a new window for the strip, not shown yet."""
        masks = xcffib.xproto.EventMask
        window = self._create(
            masks.ButtonPress
            | masks.ButtonRelease
            | masks.PointerMotion
            | masks.LeaveWindow
            | masks.StructureNotify
            | masks.VisibilityChange
        )
        kind = [self._atoms["_NET_WM_WINDOW_TYPE_DOCK"]]
        self._property(window, self._atoms["_NET_WM_WINDOW_TYPE"], _ATOM_ATOM, 32, kind)
        self._property(window, _WM_CLASS, _ATOM_STRING, 8, _CLASS)
        return window

    def create_frame(self) -> list[int]:
        """Return four new windows in the accent colour that no click ever meets."""
        red, green, blue = ACCENT
        windows = [self._create(0, red << 16 | green << 8 | blue) for _ in range(4)]
        for window in windows:
            self._shape.Rectangles(_SHAPE_SET, _SHAPE_INPUT, 0, window, 0, 0, 0, [])
        return windows

    def fill(self, window: int, picture: Image.Image, mask: Image.Image) -> None:
        """Let `window` look like `picture`, where `mask` is set."""
        pixmap = self._pixmap(window, self._screen.root_depth, picture)
        self._core.ChangeWindowAttributes(window, xcffib.xproto.CW.BackPixmap, [pixmap])
        self._core.FreePixmap(pixmap)
        self._shape.Rectangles(_SHAPE_SET, _SHAPE_BOUNDING, 0, window, 0, 0, *_rectangles(mask))
        self._core.ClearArea(False, window, 0, 0, 0, 0)

    def name(self, window: int, text: str) -> None:
        """Name `window` for assistive technology and window lists."""
        encoded = text.encode()
        self._property(window, self._atoms["_NET_WM_NAME"], self._atoms["UTF8_STRING"], 8, encoded)
        self._property(window, _WM_NAME, self._atoms["UTF8_STRING"], 8, encoded)

    def place(self, window: int, box: Box) -> None:
        """Put `window` there, above all others."""
        values = xcffib.xproto.ConfigWindow
        mask = values.X | values.Y | values.Width | values.Height | values.StackMode
        size = [box.right - box.left, box.bottom - box.top]
        self._core.ConfigureWindow(window, mask, [box.left, box.top, *size, 0])  # 0: above

    def lift(self, windows: list[int]) -> None:
        """Raise above all others; the last one is on top."""
        for window in windows:
            self._core.ConfigureWindow(window, xcffib.xproto.ConfigWindow.StackMode, [0])

    def show(self, window: int) -> None:
        """Map `window`."""
        self._core.MapWindow(window)

    def destroy(self, windows: list[int]) -> None:
        """Take them away."""
        for window in windows:
            self._core.DestroyWindow(window)

    def _create(self, events: int, pixel: int = 0) -> int:
        window = int(self._connection.generate_id())
        kinds = xcffib.xproto.CW
        self._core.CreateWindow(
            *(0, window, self.root, 0, 0, 1, 1, 0),  # depth and visual as the root's
            xcffib.xproto.WindowClass.InputOutput,
            self._screen.root_visual,
            kinds.BackPixel | kinds.OverrideRedirect | kinds.EventMask,
            [pixel, 1, events],
        )
        return window

    def _property(self, window: int, name: int, kind: int, bits: int, value: Any) -> None:
        self._core.ChangeProperty(0, window, name, kind, bits, len(value), value)

    def _pixmap(self, window: int, depth: int, picture: Image.Image) -> int:
        pixmap = int(self._connection.generate_id())
        width, height = picture.size
        self._core.CreatePixmap(depth, pixmap, window, width, height)
        pixels = picture.convert("RGBA").tobytes("raw", "BGRA")
        rows = max(1, _PUT_BYTES // (4 * width))
        for top in range(0, height, rows):
            part = pixels[4 * width * top : 4 * width * (top + rows)]
            number = len(part) // (4 * width)
            self._core.PutImage(
                *(2, pixmap, self._gc, width, number, 0, top, 0, depth, len(part), part)
            )
        return pixmap


def _rectangles(mask: Image.Image) -> tuple[int, list[Any]]:
    """Return one rectangle per row of the mask, whose rows have one run each."""
    rectangle: Any = xcffib.xproto.RECTANGLE
    rows = []
    for y in range(mask.height):
        box = mask.crop((0, y, mask.width, y + 1)).getbbox()
        if box is not None:
            rows.append(rectangle.synthetic(box[0], y, box[2] - box[0], 1))
    return len(rows), rows
