"""The mouse pointer of an X server: its shape by XFIXES, its place by XInput 2 and asking.

A mouse tells of up to 1,000 moves a second. So we listen for the first one only, ask for the
place from then on as often as somebody wants to know, and listen again once it stands still:
a still pointer costs nothing, a moving one as much as its reader likes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xcffib
import xcffib.xfixes
import xcffib.xinput

from ezp2p.desktop.screen import Picture, Pointer
from ezp2p.desktop.xserver import extension
from ezp2p.wire.keys import ErrorKey

_XINPUT = "XInputExtension"


class X11Pointer:
    """Shape and place of the pointer, over somebody's connection. Raises xcffib's exceptions."""

    def __init__(self, connection: Any, root: int) -> None:
        self._connection = connection
        self._root = root
        self._shape_changed = True
        self._place: tuple[int, int] | None = None
        self._xfixes = extension(connection, xcffib.xfixes, ErrorKey.SCREEN_UNAVAILABLE)
        self._xfixes.QueryVersion(5, 0).reply()
        self._xfixes.SelectCursorInput(root, xcffib.xfixes.CursorNotifyMask.DisplayCursor)
        self._xinput = self._open_xinput()
        self._listening = False

    def concerns(self, event: object) -> bool:
        """Take an event of the connection; tell whether shape or place may have changed."""
        if isinstance(event, xcffib.xfixes.CursorNotifyEvent):
            self._shape_changed = True
            return True
        if isinstance(event, xcffib.xinput.RawMotionEvent):
            first = self._listening
            self._listen(wanted=False)
            return first
        return False

    def shape(self) -> Pointer | None:
        """Return the shape if it changed since the last call."""
        if not self._shape_changed:
            return None
        self._shape_changed = False
        image = self._xfixes.GetCursorImage().reply()
        pixels = np.frombuffer(image.cursor_image.raw, np.uint8)
        picture = pixels.reshape(image.height, image.width, 4)
        return Pointer(picture=_straight(picture), hot_x=image.xhot, hot_y=image.yhot)

    def place(self) -> tuple[int, int] | None:
        """Return the place if it changed since the last call, else listen for moves."""
        moved = self._asked()
        if moved is None and not self._listening:
            # Listen first, then ask again: a move between the two is not lost.
            self._listen(wanted=True)
            moved = self._asked()
        return moved

    def _asked(self) -> tuple[int, int] | None:
        answer = self._connection.core.QueryPointer(self._root).reply()
        place = (max(answer.root_x, 0), max(answer.root_y, 0))
        if place == self._place:
            return None
        self._place = place
        return place

    def _open_xinput(self) -> Any:
        name = _XINPUT
        if not self._connection.core.QueryExtension(len(name), name).reply().present:
            return None
        xinput = self._connection(xcffib.xinput.key)
        version = xinput.XIQueryVersion(2, 2).reply()
        # Raw events of 2.1 and later reach us also while another program grabs the pointer.
        return xinput if (version.major_version, version.minor_version) >= (2, 1) else None

    def _listen(self, *, wanted: bool) -> None:
        if self._xinput is None or wanted == self._listening:
            return
        self._listening = wanted
        event_mask: Any = xcffib.xinput.EventMask
        mask = event_mask.synthetic(
            xcffib.xinput.Device.AllMaster,
            1,
            [xcffib.xinput.XIEventMask.RawMotion if wanted else 0],
        )
        self._xinput.XISelectEvents(self._root, 1, [mask])


def _straight(picture: Picture) -> Picture:
    """Return premultiplied blue green red alpha as straight red green blue alpha."""
    alpha = picture[..., 3:].astype(np.uint16)
    colours = picture[..., 2::-1].astype(np.uint16)
    straight = np.minimum((colours * 255 + alpha // 2) // np.maximum(alpha, 1), 255)
    return np.concatenate([straight, alpha], axis=2).astype(np.uint8)
