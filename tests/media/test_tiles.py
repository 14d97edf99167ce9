import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ezp2p.base.area import Area
from ezp2p.media.tiles import TILE, covered, grid, rectangles, touched

masks = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.bool_, shape)
)


@given(masks, st.integers(1, TILE), st.integers(1, TILE))
@settings(deadline=None, max_examples=40)
def test_rectangles_cover_exactly_the_squares_set(
    mask: npt.NDArray[np.bool_], last_width: int, last_height: int
) -> None:
    rows, columns = mask.shape
    width, height = (columns - 1) * TILE + last_width, (rows - 1) * TILE + last_height
    painted = np.zeros((height, width), int)
    for area in rectangles(mask, width, height):
        painted[area.y : area.bottom, area.x : area.right] += 1

    wanted = mask.repeat(TILE, axis=0).repeat(TILE, axis=1)[:height, :width]
    assert np.array_equal(painted, wanted.astype(int))


def test_a_block_of_squares_is_one_rectangle() -> None:
    mask = np.zeros((5, 5), bool)
    mask[1:4, 2:4] = True
    assert rectangles(mask, 5 * TILE, 5 * TILE) == [Area(2 * TILE, TILE, 2 * TILE, 3 * TILE)]


def test_a_square_is_covered_only_when_all_of_it_is() -> None:
    mask = np.zeros(grid(200, 100), bool)
    mask[covered(Area(1, 0, 199, 100), 200, 100)] = True
    assert mask.tolist() == [[False, True, True, True], [False, True, True, True]]


def test_a_square_is_touched_by_a_single_pixel() -> None:
    mask = np.zeros(grid(200, 100), bool)
    mask[touched(Area(63, 64, 2, 1))] = True
    assert mask.tolist() == [[False] * 4, [True, True, False, False]]
