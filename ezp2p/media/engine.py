"""The replica of a screen, kept for one viewer: what has to be said so that both are equal.

    source.damage() -> gathered -> grab -> changed -> contents -> encoders -> parts
                                             |                      |
                                          replica  <-- copied --  lossy map -> refine()

The replica is what the viewer has, once it has applied every part in order (its lossy squares
apart, until they are refined). So nothing may be left out of what an engine returns.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import numpy as np

from ezp2p.base.area import Area
from ezp2p.media import Picture
from ezp2p.media.content import contents, single_colour
from ezp2p.media.detect import changed, gathered
from ezp2p.media.encode import ENCODERS, EXACT, Content, fill, negotiated, strips
from ezp2p.media.lossy import LossyMap
from ezp2p.wire.messages.screen import Part


class PictureSource(Protocol):
    """What the engine needs of a screen; a desktop's ScreenSource is one."""

    @property
    def width(self) -> int:
        """Pixels in a row."""
        ...

    @property
    def height(self) -> int:
        """Rows."""
        ...

    def damage(self) -> list[Area]:
        """Return and forget where something may have changed."""
        ...

    def grab(self, area: Area) -> Picture:
        """Return the pixels of `area`, valid until the next call."""
        ...


class ScreenEngine:
    """Turns a source's changes into parts of frames. Made anew when the size changes."""

    def __init__(self, source: PictureSource, viewer_codecs: Collection[str]) -> None:
        self._source = source
        self._codecs = negotiated(viewer_codecs)
        self._encoders = {codec: ENCODERS[codec]() for codec in set(self._codecs.values())}
        self._replica: Picture = np.zeros((source.height, source.width, 4), np.uint8)
        self._lossy = LossyMap(source.width, source.height)

    @property
    def refine_at(self) -> float | None:
        """When `refine` will have something to do (seconds); None if everything is exact."""
        return self._lossy.still_at

    def whole(self, now: float) -> list[Part]:
        """Return parts that cover the whole screen. Raises what the source raises."""
        self._source.damage()  # forgotten: what follows is newer
        screen = Area(0, 0, self._source.width, self._source.height)
        self._replica[:] = self._source.grab(screen)
        return self._written(screen, now)

    def changes(self, now: float) -> list[Part]:
        """Return what changed since the last call, often nothing. Raises as the source does."""
        parts: list[Part] = []
        for damaged in gathered(self._source.damage()):
            current = self._source.grab(damaged)
            replica = _part(self._replica, damaged)
            areas = changed(replica, current)
            for area in areas:
                _part(replica, area)[:] = _part(current, area)
            for area in areas:
                parts += self._written(area.moved(damaged.x, damaged.y), now)
        return parts

    def refine(self, now: float, most_pixels: int) -> list[Part]:
        """Return exact pixels for about `most_pixels` of what was written lossy and is still."""
        return [
            self._encoded(Content.INTERFACE, strip, now)
            for area in self._lossy.take_still(now, most_pixels)
            for strip in strips(area)
        ]

    def _written(self, area: Area, now: float) -> list[Part]:
        picture = _part(self._replica, area)
        colour = single_colour(picture)
        if colour is not None:
            self._lossy.wrote_exact(area, now)
            return [fill(colour, area)]
        found = contents(picture)
        return [
            self._encoded(content, strip, now)
            for content, areas in (
                (Content.INTERFACE, found.interface),
                (Content.PHOTO, found.photos),
            )
            for part in areas
            for strip in strips(part.moved(area.x, area.y))
        ]

    def _encoded(self, content: Content, area: Area, now: float) -> Part:
        codec = self._codecs[content]
        if codec in EXACT:
            self._lossy.wrote_exact(area, now)
        else:
            self._lossy.wrote_lossy(area, now)
        return self._encoders[codec](_part(self._replica, area), area)


def _part(picture: Picture, area: Area) -> Picture:
    return picture[area.y : area.bottom, area.x : area.right]
