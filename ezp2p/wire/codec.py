"""Messages as bytes: MessagePack arrays [number, field, field ...] on links, JSON on HTTP.

Rules for the unknown: an unknown message number, and fields beyond those we know, are ignored
(later versions add them); a missing, mistyped or oversize field is the peer's error.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.wire.keys import ErrorKey


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """The number a message begins with; what follows is skipped, so that it costs no memory.

    Decoded as plain objects, 32 MiB of empty lists would take 2 GB.
    """

    number: int


_HEAD = msgspec.msgpack.Decoder(_Head)


class Codec:
    """Encodes and decodes the messages of one channel, given as a union of Structs."""

    def __init__(self, messages: Any, *, limit_bytes: int) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(messages)
        self._numbers = {
            getattr(kind, "__struct_config__").tag  # noqa: B009 - msgspec's own name for it
            for kind in (getattr(messages, "__args__", None) or (messages,))
        }
        self.limit_bytes = limit_bytes

    def encode(self, message: msgspec.Struct) -> bytes:
        """Return `message` as MessagePack."""
        return self._encoder.encode(message)

    def decode(self, data: bytes | memoryview) -> Any:
        """Return the message in `data`, or None if a later version invented it.

        Raises PeerError(peer.protocol) for anything malformed or too long.
        """
        if len(data) > self.limit_bytes:
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="oversize")
        try:
            return self._decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if self._is_unknown(data):
                return None
            raise PeerError(ErrorKey.PEER_PROTOCOL, why=str(error)) from None

    def _is_unknown(self, data: bytes | memoryview) -> bool:
        try:
            return _HEAD.decode(data).number not in self._numbers
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
