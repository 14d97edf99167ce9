"""Whether a part that somebody sent can be shown: inside the picture, and no bomb.

A few bytes of zstd or JPEG can claim gigabytes. Both say in their head how much they hold, so
that is compared with the rectangle before any decoder sees them.
"""

from __future__ import annotations

import simplejpeg
import zstandard

from ezp2p.base.errors import PeerError
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import Copy, Jpeg, Lossless, Part


def check_part(part: Part, width: int, height: int) -> None:
    """Raise PeerError(peer.protocol) unless `part` fits a picture of width x height."""
    if part.x + part.width > width or part.y + part.height > height:
        raise _broken("outside of the picture")
    match part:
        case Copy():
            if part.from_x + part.width > width or part.from_y + part.height > height:
                raise _broken("copied from outside of the picture")
        case Lossless():
            if _zstd_size(part.data) != part.width * part.height * 3:
                raise _broken("zstd of another size")
        case Jpeg():
            if _jpeg_size(part.data) != (part.width, part.height):
                raise _broken("JPEG of another size")


def _zstd_size(data: bytes) -> int:
    try:
        return zstandard.frame_content_size(data)
    except zstandard.ZstdError:
        raise _broken("no zstd") from None


def _jpeg_size(data: bytes) -> tuple[int, int]:
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):  # the latter for colours it has no name for
        raise _broken("no JPEG") from None
    return width, height


def _broken(why: str) -> PeerError:
    return PeerError(ErrorKey.PEER_PROTOCOL, why=why)
