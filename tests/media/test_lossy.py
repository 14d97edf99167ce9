from ezp2p.base.area import Area
from ezp2p.media.lossy import STILL_S, LossyMap
from ezp2p.media.tiles import TILE

MUCH = 10**9


def test_a_still_square_is_refined_once() -> None:
    lossy = LossyMap(200, 100)
    lossy.wrote_lossy(Area(0, 0, TILE, TILE), 10.0)
    assert lossy.still_at == 10.0 + STILL_S
    assert lossy.take_still(10.0 + STILL_S / 2, MUCH) == []
    assert lossy.take_still(10.0 + STILL_S, MUCH) == [Area(0, 0, TILE, TILE)]
    assert lossy.still_at is None


def test_a_square_that_moves_waits() -> None:
    lossy = LossyMap(200, 100)
    lossy.wrote_lossy(Area(0, 0, TILE, TILE), 10.0)
    lossy.wrote_exact(Area(5, 5, 9, 9), 10.2)
    assert lossy.take_still(10.0 + STILL_S, MUCH) == []
    assert lossy.take_still(10.2 + STILL_S, MUCH) == [Area(0, 0, TILE, TILE)]


def test_a_square_written_exactly_all_over_is_done() -> None:
    lossy = LossyMap(200, 100)
    lossy.wrote_lossy(Area(130, 70, 70, 30), 10.0)
    lossy.wrote_exact(Area(128, 64, 72, 36), 10.1)  # up to the cut corner
    assert lossy.still_at is None


def test_refinement_comes_in_steps() -> None:
    lossy = LossyMap(10 * TILE, TILE)
    lossy.wrote_lossy(Area(0, 0, 10 * TILE, TILE), 10.0)
    steps = []
    while lossy.still_at is not None:
        steps += lossy.take_still(11.0, 4 * TILE * TILE)
    assert [area.width // TILE for area in steps] == [4, 4, 2]
