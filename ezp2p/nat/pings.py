"""Authenticated pings and pongs: the proof that a route leads to the peer and back.

    ping  10 | number (8) | kind (1) | zeros | MAC (16)   MAC = HMAC-SHA256(ping key, all before it
    pong  11 | number (8) | MAC (16)                      | role of the sender), truncated; the
                                                          number is the ping's
The kind (place in PathKind) is what the sender takes this route for: only the one who was told of
an opened port knows that it is one. The zeros, none or many, make a ping as long as a datagram
whose passing is in question.
The role in the MAC makes a reflected datagram worthless. The sender counts its pings up, and a
number is taken once only: so a recorded ping, replayed from elsewhere, gets no answer.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from ezp2p.wire.datagram import MAC_BYTES, NUMBER_BYTES, PING, PONG
from ezp2p.wire.keys import PathKind, Role

PONG_BYTES = 1 + NUMBER_BYTES + MAC_BYTES
PING_BYTES = PONG_BYTES + 1
PING_MAX_BYTES = 9000
# Pings overtake each other on routes of different length; later than this many they are refused.
REPLAY_WINDOW = 1024
_HEAD_BYTES = 1 + NUMBER_BYTES
_KINDS = tuple(PathKind)


@dataclass(frozen=True, slots=True)
class Heard:
    """A ping or pong of the peer that carried the right MAC.

    `kind` is the peer's word for a ping's route; None in a pong, or for a kind we do not know.
    """

    is_pong: bool
    number: int
    kind: PathKind | None = None


class PingSigner:
    """Writes our pings and pongs and reads the peer's."""

    def __init__(self, key: bytes, our_role: Role) -> None:
        self._key = key
        self._ours = our_role.encode()
        self._theirs = our_role.other.encode()
        self._last_sent = 0
        self._seen = _ReplayWindow()

    def ping(self, kind: PathKind, size_bytes: int = PING_BYTES) -> tuple[int, bytes]:
        """Return the next number and its ping for a route of this kind, padded to so many bytes."""
        self._last_sent += 1
        rest = bytes((_KINDS.index(kind),)).ljust(1 + size_bytes - PING_BYTES, b"\0")
        return self._last_sent, self._sign(PING, self._last_sent, rest)

    def pong(self, number: int) -> bytes:
        """Return the answer to the peer's ping `number`."""
        return self._sign(PONG, number, b"")

    def read(self, data: bytes) -> Heard | None:
        """Return what the peer said, or None for anything forged, reflected, replayed or cut."""
        is_pong = data[:1] == bytes((PONG,))
        if not is_pong and data[:1] != bytes((PING,)):
            return None
        if is_pong and len(data) != PONG_BYTES:
            return None
        if not is_pong and not PING_BYTES <= len(data) <= PING_MAX_BYTES:
            return None
        signed = data[:-MAC_BYTES]
        if not hmac.compare_digest(data[-MAC_BYTES:], self._mac(signed, self._theirs)):
            return None
        number = int.from_bytes(signed[1:_HEAD_BYTES], "big")
        if not is_pong and not self._seen.take(number):
            return None
        if is_pong or signed[_HEAD_BYTES] >= len(_KINDS):
            return Heard(is_pong, number)
        return Heard(is_pong, number, _KINDS[signed[_HEAD_BYTES]])

    def _sign(self, first: int, number: int, rest: bytes) -> bytes:
        signed = bytes((first,)) + number.to_bytes(NUMBER_BYTES, "big") + rest
        return signed + self._mac(signed, self._ours)

    def _mac(self, signed: bytes, role: bytes) -> bytes:
        return hmac.digest(self._key, signed + role, "sha256")[:MAC_BYTES]


class _ReplayWindow:
    """Which of the latest REPLAY_WINDOW numbers were seen, as bits below the highest one."""

    def __init__(self) -> None:
        self._highest = 0
        self._bits = 0

    def take(self, number: int) -> bool:
        """Return whether `number` is new, and remember it."""
        ahead = number - self._highest
        if ahead > 0:
            # A jump beyond the window forgets all; shifting by it would build a huge integer.
            self._bits = (self._bits << ahead if ahead < REPLAY_WINDOW else 0) | 1
            self._bits &= (1 << REPLAY_WINDOW) - 1
            self._highest = number
            return True
        bit = 1 << -ahead if -ahead < REPLAY_WINDOW else 0
        if not bit or self._bits & bit:
            return False
        self._bits |= bit
        return True
