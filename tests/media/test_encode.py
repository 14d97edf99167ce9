from itertools import pairwise

import numpy as np
import pytest

from ezp2p.base.area import Area
from ezp2p.media.encode import ENCODERS, STRIP_PIXELS, Content, negotiated, strips
from ezp2p.wire.messages.screen import Jpeg, Lossless, ScreenCodec
from tests.support.pictures import Picture, noise, photo, text
from tests.support.replica import Replica


def test_every_codec_has_an_encoder() -> None:
    assert set(ENCODERS) == set(ScreenCodec)


@pytest.mark.parametrize("picture", [text(300, 200), noise(37, 41)[:, 2:30]])
def test_lossless_is(picture: Picture) -> None:
    height, width = picture.shape[:2]
    part = ENCODERS[ScreenCodec.LOSSLESS]()(picture, Area(0, 0, width, height))
    viewer = Replica()
    viewer.picture = np.zeros((height, width, 3), np.uint8)
    viewer.draw(part)
    assert viewer.equals(picture)


def test_a_jpeg_of_a_photo_is_much_smaller_and_looks_the_same() -> None:
    picture = photo(320, 200)
    area = Area(0, 0, 320, 200)
    exact = ENCODERS[ScreenCodec.LOSSLESS]()(picture, area)
    part = ENCODERS[ScreenCodec.JPEG]()(picture, area)
    assert isinstance(exact, Lossless)
    assert isinstance(part, Jpeg)
    assert len(part.data) * 5 < len(exact.data)
    viewer = Replica()
    viewer.picture = np.zeros((200, 320, 3), np.uint8)
    viewer.draw(part)
    assert np.abs(viewer.picture.astype(int) - picture[..., 2::-1]).mean() < 4


def test_a_viewer_without_jpeg_gets_everything_exact() -> None:
    assert set(negotiated(["planar-zstd", "av2"]).values()) == {ScreenCodec.LOSSLESS}


def test_a_viewer_that_names_nothing_gets_the_floor() -> None:
    assert set(negotiated([]).values()) == {ScreenCodec.LOSSLESS}


def test_photos_go_as_jpeg_and_text_never() -> None:
    assert negotiated(["jpeg", "planar-zstd"]) == {
        Content.INTERFACE: ScreenCodec.LOSSLESS,
        Content.PHOTO: ScreenCodec.JPEG,
    }


def test_strips_are_small_and_cover_the_area() -> None:
    area = Area(7, 9, 3840, 2160)
    found = strips(area)
    assert all(strip.pixels <= STRIP_PIXELS for strip in found)
    assert found[0].y == 9
    assert found[-1].bottom == area.bottom
    assert all(one.bottom == other.y for one, other in pairwise(found))
