"""A program on an X server that paints: the customer's side of a test.

Every method returns only when the server has done it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xcffib
import xcffib.randr
import xcffib.render
import xcffib.xproto
import xcffib.xtest

from tests.support.pictures import Picture
from tests.support.xvfb import Display

_REQUEST_BYTES = 200_000  # below the 256 KiB that every server takes
_NO_TIME = 0
_MOTION_NOTIFY = 6  # the number of that event in the core protocol


class Painter:
    """Paints on the root window of `display`, which is 24 bits deep."""

    def __init__(self, display: Display) -> None:
        connection: Any = xcffib.Connection
        with display.as_ours():
            self._connection = connection(display=display.name)
        self._screen = self._connection.get_setup().roots[0]
        self._root = self._screen.root
        self._context = self._connection.generate_id()
        self._connection.core.CreateGC(self._context, self._root, 0, [])
        self._sync()

    def __enter__(self) -> Painter:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.disconnect()

    def paint(self, x: int, y: int, picture: Picture) -> None:
        """Show `picture` (height, width, 4) there."""
        height, width = picture.shape[:2]
        rows = max(_REQUEST_BYTES // (width * 4), 1)
        for top in range(0, height, rows):
            strip = np.ascontiguousarray(picture[top : top + rows])
            self._connection.core.PutImage(
                xcffib.xproto.ImageFormat.ZPixmap,
                self._root,
                self._context,
                width,
                strip.shape[0],
                x,
                y + top,
                0,
                self._screen.root_depth,
                strip.nbytes,
                strip.tobytes(),
            )
        self._sync()

    def fill(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        """Show one colour 0xRRGGBB."""
        core = self._connection.core
        core.ChangeGC(self._context, xcffib.xproto.GC.Foreground, [colour])
        rectangle: Any = xcffib.xproto.RECTANGLE
        area = rectangle.synthetic(x, y, width, height)
        core.PolyFillRectangle(self._root, self._context, 1, [area])
        self._sync()

    def resize(self, width: int, height: int) -> None:
        """Give the screen another size, at most that which it began with."""
        randr = self._connection(xcffib.randr.key)
        randr.QueryVersion(1, 3).reply()
        resources = randr.GetScreenResources(self._root).reply()
        for crtc in resources.crtcs:  # a monitor would not fit any more
            stamp = resources.config_timestamp
            rotation = xcffib.randr.Rotation.Rotate_0
            randr.SetCrtcConfig(crtc, _NO_TIME, stamp, 0, 0, 0, rotation, 0, []).reply()
        randr.SetScreenSizeChecked(self._root, width, height, 300, 200).check()

    def move_pointer(self, right: int, down: int) -> None:
        """Push the mouse by so many pixels, as a hand does."""
        xtest = self._connection(xcffib.xtest.key)
        relative = 1
        xtest.FakeInputChecked(
            _MOTION_NOTIFY,
            relative,
            _NO_TIME,
            self._root,
            right,
            down,
            0,
        ).check()
        self._sync()

    def show_pointer(self, picture: Picture, hot_x: int, hot_y: int) -> None:
        """Let the pointer look so: (height, width, 4) red green blue alpha, not premultiplied."""
        core, render = self._connection.core, self._connection(xcffib.render.key)
        formats = render.QueryPictFormats().reply().formats
        argb = next(one.id for one in formats if one.depth == 32 and one.direct.alpha_mask == 255)
        height, width = picture.shape[:2]
        pixmap, context, drawing, cursor = (self._connection.generate_id() for _ in range(4))
        core.CreatePixmap(32, pixmap, self._root, width, height)
        core.CreateGC(context, pixmap, 0, [])
        data = _premultiplied(picture).tobytes()
        core.PutImage(
            xcffib.xproto.ImageFormat.ZPixmap,
            pixmap, context, width, height, 0, 0, 0, 32, len(data), data,
        )  # fmt: skip
        render.CreatePicture(drawing, pixmap, argb, 0, [])
        render.CreateCursor(cursor, drawing, hot_x, hot_y)
        core.ChangeWindowAttributesChecked(self._root, xcffib.xproto.CW.Cursor, [cursor]).check()

    def _sync(self) -> None:
        self._connection.core.GetInputFocus().reply()


def _premultiplied(picture: Picture) -> Picture:
    alpha = picture[..., 3:].astype(np.uint16)
    colours = (picture[..., 2::-1].astype(np.uint16) * alpha + 127) // 255
    return np.concatenate([colours, alpha], axis=2).astype(np.uint8)
