"""What clipboards have in common: pictures of every kind, and the clipboard in memory."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from ezp2p.desktop.clipboard import MAX_PIXELS, Lack, Picture, Text
from ezp2p.desktop.clipboard.fake import FakeClipboard
from ezp2p.desktop.clipboard.picture import is_png, to_dib, to_png

RED = (200, 30, 90)
FILE_HEADER = 14  # bytes of a BMP that a DIB does not have


def drawn(mode: str = "RGB", kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (6, 4), RED).convert(mode).save(file, kind)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a short PNG that says it is this large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def opened(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return image.convert("RGB")


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "BMP"), ("P", "BMP"), ("L", "BMP"), ("RGB", "TIFF"), ("CMYK", "TIFF"), ("L", "JPEG")],
)
def test_every_kind_of_picture_becomes_png(mode: str, kind: str) -> None:
    png = to_png(drawn(mode, kind))
    assert png is not None
    assert opened(png).size == (6, 4)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_windows_picture_comes_back_as_it_was(mode: str) -> None:
    dib = to_dib(drawn(mode))
    assert dib is not None
    png = to_png(dib)
    assert png is not None
    assert opened(png).tobytes() == opened(drawn(mode)).tobytes()


def test_a_dib_is_a_bitmap_without_its_file_header() -> None:
    assert to_dib(drawn()) == drawn(kind="BMP")[FILE_HEADER:]


def test_what_is_transparent_is_white_on_windows() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (1, 1), (0, 0, 0, 0)).save(file, "PNG")
    dib = to_dib(file.getvalue())
    assert dib is not None
    png = to_png(dib)
    assert png is not None
    assert opened(png).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("width", "height"), [(MAX_PIXELS, 2), (2**31 - 1, 2**31 - 1), (0, 5), (20_000, 20_000)]
)
def test_a_picture_that_would_fill_the_memory_is_none(width: int, height: int) -> None:
    data = bomb(width, height)
    assert not is_png(data)
    assert to_png(data) is None
    assert to_dib(data) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", drawn(kind="BMP")[:40], drawn(kind="JPEG")[:200], drawn()[:20]],
    ids=len,
)
def test_what_is_broken_is_no_picture(data: bytes) -> None:
    assert to_png(data) is None


def test_a_png_that_breaks_off_is_no_picture_for_windows() -> None:
    assert is_png(drawn()[:50])
    assert to_dib(drawn()[:50]) is None


def test_the_clipboard_in_memory_behaves_like_a_real_one() -> None:
    changes: list[str] = []
    clipboard = FakeClipboard(changed=lambda: changes.append("changed"))
    assert clipboard.read() is Lack.EMPTY
    clipboard.write(Text("ours"))
    assert (clipboard.read(), changes) == (Text("ours"), [])
    clipboard.copy(Picture(drawn()))
    assert (clipboard.read(), changes) == (Picture(drawn()), ["changed"])
    clipboard.copy(Text("hunter2", concealed=True))
    assert clipboard.read() is Lack.CONCEALED
    with pytest.raises(ValueError, match="empty"):
        clipboard.write(Text(""))
