import pytest
import simplejpeg
import zstandard

from ezp2p.base.errors import PeerError
from ezp2p.media.check import check_part
from ezp2p.wire.messages.screen import Copy, Fill, Jpeg, Lossless, Part
from tests.support.pictures import photo

ZEROS = zstandard.ZstdCompressor().compress(bytes(10 * 10 * 3))
PHOTO = simplejpeg.encode_jpeg(photo(16, 16), colorspace="BGRX")

good = {
    "a_colour_in_the_corner": Fill(90, 90, 10, 10, 0),
    "a_move": Copy(0, 0, 10, 10, 90, 90),
    "pixels": Lossless(0, 0, 10, 10, ZEROS),
    "a_photo": Jpeg(0, 0, 16, 16, PHOTO),
}
bad = {
    "a_colour_beyond_the_border": Fill(91, 90, 10, 10, 0),
    "a_move_from_beyond_the_border": Copy(0, 0, 10, 10, 0, 91),
    "a_bomb": Lossless(0, 0, 10, 10, zstandard.ZstdCompressor().compress(bytes(10**7))),
    "too_few_pixels": Lossless(0, 0, 10, 11, ZEROS),
    "no_zstd": Lossless(0, 0, 10, 10, b"hello"),
    "nothing": Lossless(0, 0, 10, 10, b""),
    "a_photo_of_another_size": Jpeg(0, 0, 16, 17, PHOTO),
    "no_photo": Jpeg(0, 0, 16, 16, b"\xff\xd8 no"),
    "an_empty_photo": Jpeg(0, 0, 16, 16, b""),
}


@pytest.mark.parametrize("part", good.values(), ids=good)
def test_passes(part: Part) -> None:
    check_part(part, 100, 100)


@pytest.mark.parametrize("part", bad.values(), ids=bad)
def test_refused(part: Part) -> None:
    with pytest.raises(PeerError):
        check_part(part, 100, 100)
