"""Boxes that only the other end can open, passed on by somebody who must not read them.

AES-256-GCM, one key per direction, so that a box sent back to its sender never opens. The
number of a box is its nonce; it only counts up, and a box never opens twice.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ezp2p.base.errors import PeerError
from ezp2p.wire.keys import ErrorKey

TAG_BYTES = 16
MOST_BOXES = 2**32  # per key; far below what GCM allows for counted nonces


class Sealer:
    """The sending end of one direction; numbers its boxes from 0."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._next = 0

    def seal(self, plain: bytes) -> tuple[int, bytes]:
        """Return (number, box); the box is TAG_BYTES longer than `plain`."""
        number = self._next
        if number >= MOST_BOXES:
            raise OverflowError("this key has sealed enough")
        self._next += 1
        return number, self._cipher.encrypt(_nonce(number), plain, None)


class Opener:
    """The receiving end of one direction."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._least = 0

    def open(self, number: int, box: bytes) -> bytes:
        """Return what was sealed; numbers may leave gaps but never stand still or go back.

        Raises PeerError(peer.untrusted) for a box that was replayed, reordered, damaged or
        sealed by somebody else. A box that does not open uses up no number.
        """
        if not self._least <= number < MOST_BOXES:
            raise PeerError(ErrorKey.PEER_UNTRUSTED, why="number")
        try:
            plain = self._cipher.decrypt(_nonce(number), box, None)
        except (InvalidTag, ValueError):
            raise PeerError(ErrorKey.PEER_UNTRUSTED, why="box") from None
        self._least = number + 1
        return plain


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
