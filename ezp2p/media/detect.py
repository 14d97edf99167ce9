"""Where two pictures differ: the rectangles worth sending, cut to what really changed.

Damage that a system reports is about four times larger than what changed, so every reported
area is compared with what the viewer has. Bands of rows that are equal cost one pass over
memory; only bands that differ are looked at by squares.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ezp2p.base.area import Area, hull
from ezp2p.media import Picture
from ezp2p.media.tiles import TILE, grid, rectangles

Words = npt.NDArray[Any]  # a picture's rows as 64-bit words of two pixels, or 32-bit ones

# What another grab costs, in pixels that could be compared meanwhile (0.1 ms at 1 Gpixel/s).
GRAB_PIXELS = 100_000
# More rectangles than this are joined before anything else is done.
MOST_AREAS = 32


def changed(previous: Picture, current: Picture) -> list[Area]:
    """Return disjoint areas that hold every pixel in which two pictures of one size differ.

    Each is cut to the rows and columns that differ (to two columns where the width is even).
    """
    height, width = current.shape[:2]
    old, new = _words(previous, current)
    mask = np.zeros(grid(width, height), bool)
    step = TILE * old.shape[1] // width  # words in a square's row
    columns = np.arange(0, old.shape[1], step)
    for index, y in enumerate(range(0, height, TILE)):
        differs = old[y : y + TILE] != new[y : y + TILE]
        if differs.any():
            mask[index] = np.logical_or.reduceat(differs.any(axis=0), columns)
    if not mask.any():
        return []
    per_word = width // old.shape[1]
    return [_trimmed(old, new, area, per_word) for area in rectangles(mask, width, height)]


def gathered(areas: Iterable[Area]) -> list[Area]:
    """Return few areas that cover all of `areas`, so that grabbing them is cheap.

    Two become one where the pixels this adds cost less than another grab.
    """
    todo = list(areas)
    if len(todo) > MOST_AREAS:
        todo = _rows_joined(todo)
    done: list[Area] = []
    while todo:
        area = todo.pop()
        for other in done:
            both = hull((area, other))
            if both.pixels - area.pixels - other.pixels < GRAB_PIXELS:
                done.remove(other)
                todo.append(both)  # it may now reach others
                break
        else:
            done.append(area)
    return done


def _rows_joined(areas: list[Area]) -> list[Area]:
    """Return at most MOST_AREAS hulls, one per strip of rows."""
    top, bottom = min(a.y for a in areas), max(a.bottom for a in areas)
    strip = -(-(bottom - top) // MOST_AREAS)
    strips: dict[int, list[Area]] = {}
    for area in areas:
        strips.setdefault((area.y - top) // strip, []).append(area)
    return [hull(members) for members in strips.values()]


def _words(*pictures: Picture) -> list[Words]:
    """Return rows as words as wide as all allow: views, also of parts of larger pictures."""
    height, width = pictures[0].shape[:2]
    wide = width % 2 == 0 and all(
        picture.ctypes.data % 8 == 0 and picture.strides[0] % 8 == 0 for picture in pictures
    )
    word = np.uint64 if wide else np.uint32
    return [picture.reshape(height, width * 4).view(word) for picture in pictures]


def _trimmed(old: Words, new: Words, area: Area, per_word: int) -> Area:
    """Return `area`, made of whole squares that all differ, without its equal rows and columns.

    Those can only lie in the outermost squares, so the inner ones are not looked at again.
    """
    left, right = area.x // per_word, -(-area.right // per_word)
    step = TILE // per_word
    last_row = area.y + (area.height - 1) // TILE * TILE
    last_column = left + (right - left - 1) // step * step
    above = _differing(old, new, (area.y, min(area.y + TILE, area.bottom)), (left, right), axis=1)
    below = _differing(old, new, (last_row, area.bottom), (left, right), axis=1)
    before = _differing(old, new, (area.y, area.bottom), (left, min(left + step, right)), axis=0)
    after = _differing(old, new, (area.y, area.bottom), (last_column, right), axis=0)
    x, x_end = (left + before[0]) * per_word, (last_column + after[-1] + 1) * per_word
    y, y_end = area.y + above[0], last_row + below[-1] + 1
    return Area(x, y, x_end - x, y_end - y)


def _differing(
    old: Words, new: Words, rows: tuple[int, int], columns: tuple[int, int], *, axis: int
) -> list[int]:
    """Return which columns (axis 0) or rows (axis 1) of a part differ, counted from its corner."""
    part = (slice(*rows), slice(*columns))
    found: list[int] = np.flatnonzero((old[part] != new[part]).any(axis=axis)).tolist()
    return found
