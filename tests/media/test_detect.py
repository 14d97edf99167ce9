import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ezp2p.base.area import Area, hull
from ezp2p.media.detect import MOST_AREAS, changed, gathered
from tests.support.pictures import Picture, noise, text


@st.composite
def edits(draw: st.DrawFn) -> tuple[Picture, Picture]:
    """A picture and the same with some rectangles painted over, both cut out of larger ones."""
    width, height = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    left = draw(st.integers(0, 3))
    before = noise(width + left + 3, height, seed=draw(st.integers(0, 99)))
    after = before.copy()
    for _ in range(draw(st.integers(0, 6))):
        x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        w, h = draw(st.integers(1, 90)), draw(st.integers(1, 90))
        after[y : y + h, left + x : left + x + w] ^= draw(st.integers(0, 255))
    inside = (slice(None), slice(left, left + width))
    packed = draw(st.booleans())
    return before[inside], np.ascontiguousarray(after[inside]) if packed else after[inside]


@given(edits())
@settings(deadline=None, max_examples=40)
def test_painting_the_areas_over_makes_both_equal(pair: tuple[Picture, Picture]) -> None:
    before, after = pair
    replica = before.copy()
    painted = np.zeros(before.shape[:2], int)
    for area in changed(before, after):
        place = (slice(area.y, area.bottom), slice(area.x, area.right))
        assert area.right <= before.shape[1]
        assert area.bottom <= before.shape[0]
        replica[place] = after[place]
        painted[place] += 1
    assert np.array_equal(replica, after)
    assert painted.max(initial=0) <= 1, "areas overlap"


@given(edits())
@settings(deadline=None, max_examples=40)
def test_every_area_begins_and_ends_where_pixels_differ(pair: tuple[Picture, Picture]) -> None:
    before, after = pair
    differs = (before != after).any(axis=2)
    for area in changed(before, after):
        part = differs[area.y : area.bottom, area.x : area.right]
        assert part[0].any()
        assert part[-1].any()
        assert part[:, :2].any()  # two pixels are compared at once
        assert part[:, -2:].any()


def test_equal_pictures_have_no_areas() -> None:
    picture = text(640, 480)
    assert changed(picture, picture.copy()) == []


def test_a_letter_is_one_small_area() -> None:
    before = text(640, 480)
    after = before.copy()
    after[200:210, 320:326] = 7  # across the border of two squares
    assert changed(before, after) == [Area(320, 200, 6, 10)]


def test_nearby_areas_are_grabbed_at_once() -> None:
    assert gathered([Area(0, 0, 10, 10), Area(30, 5, 10, 10)]) == [Area(0, 0, 40, 15)]


def test_far_areas_are_grabbed_apart() -> None:
    corners = [Area(0, 0, 10, 10), Area(1900, 1000, 10, 10)]
    assert sorted(gathered(corners), key=lambda area: area.x) == corners


@given(
    st.lists(
        st.builds(
            Area, st.integers(0, 3000), st.integers(0, 2000), st.integers(1, 300), st.integers(1, 9)
        ),
        max_size=200,
    )
)
@settings(deadline=None, max_examples=40)
def test_gathered_areas_are_few_and_lose_nothing(areas: list[Area]) -> None:
    found = gathered(areas)
    assert len(found) <= MOST_AREAS
    for area in areas:
        assert any(hull([area, one]) == one for one in found)
