"""Pictures on clipboards: PNG with us, anything from BMP to TIFF with other programs.

A small file may unpack to gigabytes: sizes are read from the header, before anything is decoded.
"""

from __future__ import annotations

import io
import struct

from PIL import Image

from ezp2p.desktop.clipboard import MAX_PICTURE_BYTES, MAX_PIXELS, Content, Text

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"  # the signature and the head of the first chunk
_FORMATS = ("BMP", "DIB", "JPEG", "PNG", "TIFF")
# What Pillow's decoders raise at bytes that are no picture, or far too large a one.
_BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)


def is_png(data: bytes) -> bool:
    """Tell whether `data` begins as a PNG file of acceptable size (RFC 2083, 3.1 and 4.1.1)."""
    if not data.startswith(_PNG) or not len(_PNG) + 8 <= len(data) <= MAX_PICTURE_BYTES:
        return False
    width, height = struct.unpack_from(">II", data, len(_PNG))
    return bool(0 < width * height <= MAX_PIXELS)


def to_png(data: bytes) -> bytes | None:
    """Return the picture (BMP, Windows' DIB, JPEG, PNG or TIFF) as PNG; None if it is none."""
    if is_png(data):
        return data
    picture = _opened(data)
    if picture is None:
        return None
    plain = picture if picture.mode in ("1", "L", "LA", "P", "RGB", "RGBA") else None
    file = io.BytesIO()
    try:
        (plain or picture.convert("RGB")).save(file, "PNG", compress_level=1)
    except _BROKEN:
        return None
    return file.getvalue() if file.tell() <= MAX_PICTURE_BYTES else None


def to_dib(png: bytes) -> bytes | None:
    """Return a PNG as Windows' DIB: a BMP without its file header; None if it is broken.

    What is transparent becomes white, as the programs that only know DIBs have no transparency.
    """
    picture = _opened(png)
    if picture is None:
        return None
    file = io.BytesIO()
    try:
        whole = picture.convert("RGBA")
        paper = Image.new("RGBA", whole.size, "white")
        Image.alpha_composite(paper, whole).convert("RGB").save(file, "DIB")
    except _BROKEN:
        return None
    return file.getvalue()


def _opened(data: bytes) -> Image.Image | None:
    """Return the picture, not yet decoded, if it is one of acceptable size."""
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    except _BROKEN:
        return None
    width, height = picture.size
    return picture if 0 < width * height <= MAX_PIXELS else None


def require_writable(content: Content) -> None:
    """Raise ValueError for what `Clipboard.write` does not take."""
    if isinstance(content, Text):
        if not content.text or "\0" in content.text:
            raise ValueError("a clipboard text is neither empty nor has it a NUL")
    elif not is_png(content.png):
        raise ValueError("no PNG picture of acceptable size")
