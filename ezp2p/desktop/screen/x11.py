"""The screen of an X server, taken the fast way: MIT-SHM for pixels, DAMAGE for what changed.

    X server --DamageNotify--> wait()      idle costs nothing: one thread sleeps on a socket
             <--Subtract------ damage()    exact rectangles (about 4x more than really changed)
             --pixels into---> Segment     grab(): one round trip, no copy on our side

A DamageNotify comes once and not again until damage() has subtracted. So whatever reads events
must remember it, and nothing but damage() may forget it.
"""

from __future__ import annotations

import selectors
from typing import Any

import numpy as np
import xcffib
import xcffib.damage
import xcffib.shm
import xcffib.xfixes
import xcffib.xproto

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.screen import Area, Picture, Pointer, ScreenChanged
from ezp2p.desktop.screen.bell import Bell
from ezp2p.desktop.screen.segment import Segment
from ezp2p.desktop.screen.x11_pointer import X11Pointer
from ezp2p.desktop.xserver import connect, extension, screen_of, unavailable_if_broken
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import ScreenDriver

_FAILURE = ErrorKey.SCREEN_UNAVAILABLE
_ALL_PLANES = 0xFFFFFFFF
_RECTANGLE = np.dtype([("x", "<i2"), ("y", "<i2"), ("width", "<u2"), ("height", "<u2")])


class X11Screen:
    """The root window of a display, as a ScreenSource (see there)."""

    driver = ScreenDriver.FAST

    def __init__(self) -> None:
        """Connect to $DISPLAY; raises Unavailable where it lacks something we need."""
        self._connection = connect(_FAILURE)
        self._segment: Segment | None = None
        self._bell = Bell()
        self._selector = selectors.DefaultSelector()
        self._damaged = False
        self._resized = False
        try:
            with unavailable_if_broken(_FAILURE):
                self._set_up()
        except Unavailable:
            self.close()
            raise

    def _set_up(self) -> None:
        connection = self._connection
        screen = screen_of(connection)
        _require_plain_pixels(connection.get_setup(), screen)
        self._root = screen.root
        self._shm = extension(connection, xcffib.shm, _FAILURE)
        self._xfixes = extension(connection, xcffib.xfixes, _FAILURE)
        self._xfixes.QueryVersion(5, 0).reply()
        self._pointer = X11Pointer(connection, self._root)
        self._damage = extension(connection, xcffib.damage, _FAILURE)
        self._damage.QueryVersion(1, 1).reply()
        self._damage_id = connection.generate_id()
        self._region_id = connection.generate_id()
        connection.core.ChangeWindowAttributesChecked(
            self._root, xcffib.xproto.CW.EventMask, [xcffib.xproto.EventMask.StructureNotify]
        ).check()
        self.width, self.height = self._size()
        self._share_memory()
        self._xfixes.CreateRegion(self._region_id, 0, [])
        self._damage.CreateChecked(
            self._damage_id, self._root, xcffib.damage.ReportLevel.NonEmpty
        ).check()
        self._selector.register(connection.get_file_descriptor(), selectors.EVENT_READ)
        self._selector.register(self._bell, selectors.EVENT_READ)

    def wait(self, timeout_s: float | None) -> bool:
        """See ScreenSource."""
        with unavailable_if_broken(_FAILURE):
            self._connection.flush()
            if self._read_events():  # some may have come along with a reply
                return True
            self._selector.select(timeout_s)
            rung = self._bell.silence()
            return self._read_events() or rung

    def interrupt(self) -> None:
        """See ScreenSource."""
        self._bell.ring()

    def damage(self) -> list[Area]:
        """See ScreenSource."""
        if not self._damaged:
            return []
        self._damaged = False
        with unavailable_if_broken(_FAILURE):
            self._damage.Subtract(self._damage_id, 0, self._region_id)
            region = self._xfixes.FetchRegion(self._region_id).reply()
        screen = Area(0, 0, self.width, self.height)
        rectangles = np.frombuffer(region.rectangles.raw, _RECTANGLE)
        areas = (screen.overlap(Area(*rectangle)) for rectangle in rectangles.tolist())
        return [area for area in areas if area]

    def grab(self, area: Area) -> Picture:
        """See ScreenSource."""
        assert self._segment is not None
        with unavailable_if_broken(_FAILURE):
            try:
                self._shm.GetImage(
                    self._root,
                    area.x,
                    area.y,
                    area.width,
                    area.height,
                    _ALL_PLANES,
                    xcffib.xproto.ImageFormat.ZPixmap,
                    self._segment.id_for_server,
                    0,
                ).reply()
            except xcffib.xproto.MatchError:
                # The screen shrank, and the news of it is still on its way to us.
                if self._size() == (self.width, self.height):
                    raise
                self._resized = True
                raise ScreenChanged from None
        pixels = self._segment.bytes[: area.pixels * 4]
        return pixels.reshape(area.height, area.width, 4)

    def resized(self) -> bool:
        """See ScreenSource."""
        if not self._resized:
            return False
        self._resized = False
        with unavailable_if_broken(_FAILURE):
            size = self._size()
            if size == (self.width, self.height):
                return False
            self.width, self.height = size
            self._share_memory()
        return True

    def pointer(self) -> Pointer | None:
        """See ScreenSource."""
        with unavailable_if_broken(_FAILURE):
            return self._pointer.shape()

    def pointer_place(self) -> tuple[int, int] | None:
        """See ScreenSource."""
        with unavailable_if_broken(_FAILURE):
            return self._pointer.place()

    def close(self) -> None:
        """See ScreenSource."""
        self._selector.close()
        self._connection.disconnect()
        if self._segment:
            self._segment.close()
            self._segment = None
        self._bell.close()

    def _read_events(self) -> bool:
        any_news = False
        while (event := self._connection.poll_for_event()) is not None:
            if isinstance(event, xcffib.damage.NotifyEvent):
                self._damaged = any_news = True
            elif isinstance(event, xcffib.xproto.ConfigureNotifyEvent):
                if event.window == self._root:
                    self._resized = any_news = True
            elif self._pointer.concerns(event):
                any_news = True
        return any_news

    def _size(self) -> tuple[int, int]:
        geometry = self._connection.core.GetGeometry(self._root).reply()
        return geometry.width, geometry.height

    def _share_memory(self) -> None:
        """Have a segment that holds the whole screen, and only that one."""
        old, self._segment = self._segment, None
        if old:
            self._shm.Detach(old.id_for_server)
            old.close()
        segment = Segment(self.width * self.height * 4)
        try:
            segment.id_for_server = self._connection.generate_id()
            self._shm.AttachChecked(segment.id_for_server, segment.id, False).check()
        except xcffib.XcffibException:  # another machine's server, or another container's
            segment.close()
            raise
        finally:
            segment.remove_when_unused()
        self._segment = segment


def _require_plain_pixels(setup: Any, screen: Any) -> None:
    """Raise Unavailable unless pixels lie in memory as blue, green, red, unused bytes."""
    formats = {known.depth: known.bits_per_pixel for known in setup.pixmap_formats}
    masks = {
        (visual.red_mask, visual.green_mask, visual.blue_mask)
        for depth in screen.allowed_depths
        for visual in depth.visuals
        if visual.visual_id == screen.root_visual
    }
    plain = (
        screen.root_depth in (24, 32)
        and formats.get(screen.root_depth) == 32
        and masks == {(0xFF0000, 0x00FF00, 0x0000FF)}
        and setup.image_byte_order == xcffib.xproto.ImageOrder.LSBFirst
    )
    if not plain:
        why = f"pixels of depth {screen.root_depth} in an order of their own"
        raise Unavailable(_FAILURE, why=why)
