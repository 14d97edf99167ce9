"""The squares a picture is judged by, and the rectangles that squares add up to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ezp2p.base.area import Area

TILE = 64  # pixels of a square's side

Mask = npt.NDArray[np.bool_]


def grid(width: int, height: int) -> tuple[int, int]:
    """Return the shape (rows, columns) of a mask over so many pixels."""
    return -(-height // TILE), -(-width // TILE)


def rectangles(mask: Mask, width: int, height: int) -> list[Area]:
    """Return disjoint areas in pixels that cover exactly the squares set in `mask`.

    Neighbours in a row become one run; equal runs in consecutive rows become one rectangle.
    The last squares are cut at `width` and `height`.
    """
    finished: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}  # (first, end) column -> first row
    for row in range(mask.shape[0]):
        runs = _runs(mask[row])
        for run in [run for run in growing if run not in runs]:
            finished.append((*run, growing.pop(run), row))
        for run in runs:
            growing.setdefault(run, row)
    finished += [(*run, first, mask.shape[0]) for run, first in growing.items()]
    return [
        Area(
            first * TILE,
            top * TILE,
            min(end * TILE, width) - first * TILE,
            min(bottom * TILE, height) - top * TILE,
        )
        for first, end, top, bottom in finished
    ]


def touched(area: Area) -> tuple[slice, slice]:
    """Return the index of every square that `area` covers at least partly."""
    return (
        slice(area.y // TILE, -(-area.bottom // TILE)),
        slice(area.x // TILE, -(-area.right // TILE)),
    )


def covered(area: Area, width: int, height: int) -> tuple[slice, slice]:
    """Return the index of every square of a width x height picture that `area` covers wholly."""
    right = area.right + TILE - 1 if area.right == width else area.right
    bottom = area.bottom + TILE - 1 if area.bottom == height else area.bottom
    return (
        slice(-(-area.y // TILE), bottom // TILE),
        slice(-(-area.x // TILE), right // TILE),
    )


def _runs(row: Mask) -> set[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(row, prepend=False, append=False)).tolist()
    return set(zip(edges[::2], edges[1::2], strict=True))
