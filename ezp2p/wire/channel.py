"""The channels of a link: which stream each uses, what goes first, how long a message may be.

Channel n rides on QUIC stream 4n, a bidirectional stream that the counselor's side opens.
Numbers are never reused. A frame on a stream is a 32-bit big-endian length and the message.
"""

from __future__ import annotations

from enum import IntEnum

KIB = 1024
MIB = 1024 * KIB


class Channel(IntEnum):
    """A channel's number."""

    SESSION = 0
    INPUT = 1
    CURSOR = 2
    SCREEN = 3
    CHAT = 4

    @property
    def stream_id(self) -> int:
        """The QUIC stream that carries it."""
        return 4 * self


# Send order: lower first. Bulk (files, later) comes last and its un-acked bytes are capped.
PRIORITY: dict[Channel, int] = {
    Channel.INPUT: 0,
    Channel.SESSION: 0,
    Channel.CURSOR: 1,
    Channel.CHAT: 1,
    Channel.SCREEN: 2,
}

# Longest message in bytes; a longer one is the peer's error and closes the link.
FRAME_LIMIT: dict[Channel, int] = {
    Channel.SESSION: 64 * KIB,
    Channel.INPUT: 64 * KIB,
    Channel.CURSOR: 1 * MIB,
    Channel.SCREEN: 32 * MIB,
    Channel.CHAT: 64 * KIB,
}
