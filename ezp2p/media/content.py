"""What a part of the screen is: one colour, an interface with text, or a photo.

Interfaces repeat their colours, photos hardly ever do: so the colours in a sample of each square
are counted. What is colourful but regular (a gradient) is recognised by packing some rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import zstandard

from ezp2p.base.area import Area
from ezp2p.media import Picture
from ezp2p.media.tiles import TILE, Mask, grid, rectangles

SAMPLE = 16  # pixels per square and direction: 256 in all
PHOTO_COLOURS = 120  # different colours among the 256 of a photo
# Below this a lossless picture is so small that losing detail saves nothing.
SMALLEST_PHOTO = TILE * TILE
# Rows that pack better than this, in bytes a pixel, are no photo: text has 0.01 to 0.3, smooth
# photos have 1 to 3, and a good JPEG 0.2.
PHOTO_BYTES = 0.5
PROBE_ROWS = 8
PROBES = 3


@dataclass(slots=True)
class Contents:
    """An area taken apart: `photos` may be written lossy, `interface` never."""

    photos: list[Area] = field(default_factory=list)
    interface: list[Area] = field(default_factory=list)


def single_colour(picture: Picture) -> int | None:
    """Return the colour 0xRRGGBB that fills all of `picture`, or None."""
    words = picture.view(np.uint32)[..., 0]
    first = int(words[0, 0]) & 0xFFFFFF
    # One row decides most cases before the whole is looked at.
    if ((words[0] & 0xFFFFFF) == first).all() and ((words & 0xFFFFFF) == first).all():
        return first
    return None


def contents(picture: Picture) -> Contents:
    """Return disjoint areas, in pixels of `picture`, that cover it."""
    height, width = picture.shape[:2]
    whole = Area(0, 0, width, height)
    if whole.pixels < SMALLEST_PHOTO:
        return Contents(interface=[whole])
    photos = photo_squares(picture)
    if not photos.any():
        return Contents(interface=[whole])
    found = Contents(interface=rectangles(~photos, width, height))
    for area in rectangles(photos, width, height):
        part = picture[area.y : area.bottom, area.x : area.right]
        (found.interface if _packs_well(part) else found.photos).append(area)
    return found


def photo_squares(picture: Picture) -> Mask:
    """Return which squares of `picture` look like parts of a photo."""
    height, width = picture.shape[:2]
    rows, columns = grid(width, height)
    colours = picture.view(np.uint32)[..., 0]
    sample = colours[np.ix_(_spread(height, rows), _spread(width, columns))] & 0xFFFFFF
    squares = sample.reshape(rows, SAMPLE, columns, SAMPLE).swapaxes(1, 2)
    ordered = np.sort(squares.reshape(rows, columns, SAMPLE * SAMPLE), axis=2)
    different = (np.diff(ordered, axis=2) != 0).sum(axis=2) + 1
    return np.asarray(different >= PHOTO_COLOURS)


def _packs_well(picture: Picture) -> bool:
    height = picture.shape[0]
    starts = range(0, max(height - PROBE_ROWS, 1), max(height // PROBES, 1))
    rows = np.concatenate([picture[y : y + PROBE_ROWS] for y in starts])
    planes = np.ascontiguousarray(np.moveaxis(rows[..., :3], 2, 0))
    packed = zstandard.ZstdCompressor(level=1).compress(planes.data)
    return bool(len(packed) < PHOTO_BYTES * rows.shape[0] * rows.shape[1])


def _spread(length: int, squares: int) -> npt.NDArray[np.intp]:
    """Return SAMPLE positions in each square along one side of `length` pixels.

    They lie unevenly, so as not to be in step with a pattern. The last square may be cut.
    """
    sizes = np.full(squares, TILE)
    sizes[-1] = length - TILE * (squares - 1)
    uneven = (np.arange(SAMPLE) * TILE + TILE // 2) // SAMPLE + np.arange(SAMPLE) * 5 % 4 - 2
    inside: npt.NDArray[np.intp] = uneven[None, :] * sizes[:, None] // TILE
    return (np.arange(squares)[:, None] * TILE + inside).ravel()
