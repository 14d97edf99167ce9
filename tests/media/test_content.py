import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ezp2p.base.area import Area
from ezp2p.media.content import contents, single_colour
from tests.support.pictures import gradient, noise, photo, text


def test_text_is_interface() -> None:
    assert contents(text(640, 400)).photos == []


def test_text_over_a_wallpaper_is_interface() -> None:
    picture = gradient(640, 400)
    letters = text(640, 400)
    picture[letters[..., 1] < 128] = 255
    assert contents(picture).photos == []


def test_a_stipple_of_two_colours_is_interface() -> None:
    picture = np.zeros((256, 256, 4), np.uint8)
    picture[::2, ::2] = picture[1::2, 1::2] = 255
    assert contents(picture).photos == []


def test_a_photo_is_one() -> None:
    found = contents(photo(640, 400))
    assert found.photos == [Area(0, 0, 640, 400)]
    assert found.interface == []


def test_a_photo_in_a_page_is_found_where_it_is() -> None:
    page = text(640, 640)
    page[128:448, 64:512] = photo(448, 320)
    assert contents(page).photos == [Area(64, 128, 448, 320)]


def test_a_tiny_photo_is_not_worth_losing_detail() -> None:
    assert contents(photo(60, 60)).photos == []


@given(st.integers(1, 300), st.integers(1, 300))
@settings(deadline=None, max_examples=30)
def test_contents_cover_all_of_a_picture(width: int, height: int) -> None:
    picture = text(width, height)
    picture[height // 2 :] = noise(width, height - height // 2)
    found = contents(picture)
    covered = np.zeros((height, width), int)
    for area in found.photos + found.interface:
        covered[area.y : area.bottom, area.x : area.right] += 1
    assert (covered == 1).all()


def test_one_colour_is_recognised_whatever_the_unused_byte_says() -> None:
    picture = np.zeros((20, 20, 4), np.uint8)
    picture[..., :3] = 0x56, 0x34, 0x12
    picture[3, 4, 3] = 255
    assert single_colour(picture) == 0x123456


def test_one_other_pixel_makes_it_no_single_colour() -> None:
    picture = np.zeros((20, 20, 4), np.uint8)
    picture[19, 19, 0] = 1
    assert single_colour(picture) is None
