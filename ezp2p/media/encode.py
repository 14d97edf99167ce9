"""How a rectangle is written: one table of encoders, and what both sides can use of it.

Another codec (a video encoder for areas that never rest, say) is one more row of ENCODERS,
one more name in PREFERRED, and one more Part in wire/messages/screen.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import Enum, auto

import numpy as np
import simplejpeg
import zstandard

from ezp2p.base.area import Area
from ezp2p.media import Picture
from ezp2p.wire.messages.screen import Fill, Jpeg, Lossless, Part, ScreenCodec

JPEG_QUALITY = 80
ZSTD_LEVEL = 1  # higher ones save 5 % on text and cost twice the time
# A typed letter is different: a third fewer bytes for some 10 microseconds more.
SMALL_PIXELS = 4096
SMALL_ZSTD_LEVEL = 9
# Larger areas are written in strips: a part stays far below the limit of a message (3 bytes a
# pixel at worst), and a viewer can begin before the end is there.
STRIP_PIXELS = 512 * 1024

# Writes the pixels of an area as a part there. One viewer's encoder may remember what it wrote.
Encoder = Callable[[Picture, Area], Part]


class Content(Enum):
    """What an area shows, as far as its encoder is concerned."""

    INTERFACE = auto()
    PHOTO = auto()


class LosslessEncoder:
    """Exact pixels: zstd over the planes red, green, blue (2.6x smaller than mixed)."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._small_zstd = zstandard.ZstdCompressor(level=SMALL_ZSTD_LEVEL)

    def __call__(self, picture: Picture, area: Area) -> Part:
        """Return `picture` as a part at `area`."""
        planes = np.ascontiguousarray(np.moveaxis(picture[..., 2::-1], 2, 0))
        zstd = self._small_zstd if area.pixels <= SMALL_PIXELS else self._zstd
        data = zstd.compress(planes.data)
        return Lossless(area.x, area.y, area.width, area.height, data)


def encode_jpeg(picture: Picture, area: Area) -> Part:
    """Return a JPEG with full colour resolution: red text on blue stays readable."""
    data = simplejpeg.encode_jpeg(
        np.ascontiguousarray(picture),
        quality=JPEG_QUALITY,
        colorspace="BGRX",
        colorsubsampling="444",
        fastdct=True,
    )
    return Jpeg(area.x, area.y, area.width, area.height, data)


ENCODERS: Mapping[ScreenCodec, Callable[[], Encoder]] = {
    ScreenCodec.LOSSLESS: LosslessEncoder,
    ScreenCodec.JPEG: lambda: encode_jpeg,
}

# What shows exact pixels needs no refinement later.
EXACT = frozenset({ScreenCodec.LOSSLESS})

# Best first. LOSSLESS is the floor that every viewer has.
PREFERRED: Mapping[Content, tuple[ScreenCodec, ...]] = {
    Content.INTERFACE: (ScreenCodec.LOSSLESS,),
    Content.PHOTO: (ScreenCodec.JPEG, ScreenCodec.LOSSLESS),
}


def negotiated(viewer_codecs: Collection[str]) -> dict[Content, ScreenCodec]:
    """Return what to write each content with for a viewer that reads `viewer_codecs`."""
    return {
        content: next(
            codec for codec in codecs if codec in viewer_codecs or codec is ScreenCodec.LOSSLESS
        )
        for content, codecs in PREFERRED.items()
    }


def strips(area: Area) -> list[Area]:
    """Return `area` in pieces of at most STRIP_PIXELS, top to bottom."""
    rows = max(STRIP_PIXELS // area.width, 1)
    return [
        Area(area.x, y, area.width, min(rows, area.bottom - y))
        for y in range(area.y, area.bottom, rows)
    ]


def fill(colour: int, area: Area) -> Part:
    """Return one colour over `area`."""
    return Fill(area.x, area.y, area.width, area.height, colour)
