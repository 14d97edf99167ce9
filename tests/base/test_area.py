from ezp2p.base.area import Area, hull


def test_overlap_is_what_both_hold() -> None:
    assert Area(0, 0, 10, 10).overlap(Area(6, 8, 10, 10)) == Area(6, 8, 4, 2)


def test_areas_that_only_touch_do_not_overlap() -> None:
    assert Area(0, 0, 10, 10).overlap(Area(10, 0, 5, 5)) is None


def test_hull_holds_all_of_them() -> None:
    assert hull([Area(5, 5, 1, 1), Area(2, 9, 3, 4), Area(7, 6, 2, 2)]) == Area(2, 5, 7, 8)


def test_moved_keeps_the_size() -> None:
    assert Area(1, 2, 3, 4).moved(10, 20) == Area(11, 22, 3, 4)
