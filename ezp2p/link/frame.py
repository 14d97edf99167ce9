"""Messages on a stream: a 32-bit big-endian length, then so many bytes.

A frame of length 0 carries nothing and is skipped: the counselor opens each stream with one,
because aioquic's server side can send only on streams it has seen.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ezp2p.base.errors import PeerError
from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.keys import ErrorKey

LENGTH_BYTES = 4
OPENING = bytes(LENGTH_BYTES)
_LENGTH = struct.Struct(">I")


def frame(channel: Channel, data: bytes) -> bytes:
    """Return `data` framed; raises ValueError if it is longer than the channel allows."""
    if not 0 < len(data) <= FRAME_LIMIT[channel]:
        raise ValueError(f"{len(data)} bytes are no message for {channel.name}")
    return _LENGTH.pack(len(data)) + data


class FrameReader:
    """Cuts what arrives on one channel's stream into messages."""

    def __init__(self, channel: Channel) -> None:
        self._limit_bytes = FRAME_LIMIT[channel]
        self._buffer = bytearray()

    def messages(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that `data` completes.

        Raises PeerError(peer.protocol) as soon as a frame announces more than the channel allows,
        before any of it is kept.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= LENGTH_BYTES:
                (length,) = _LENGTH.unpack_from(buffer, start)
                if length > self._limit_bytes:
                    raise PeerError(ErrorKey.PEER_PROTOCOL, why="oversize frame")
                stop = start + LENGTH_BYTES + length
                if stop > len(buffer):
                    break
                message = bytes(memoryview(buffer)[start + LENGTH_BYTES : stop])
                start = stop
                if message:
                    yield message
        finally:
            del buffer[:start]
