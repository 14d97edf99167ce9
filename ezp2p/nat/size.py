"""How large a datagram a path carries: found by pings that are as large as the datagram would be.

QUIC may send 1200 bytes anywhere. More is faster: each datagram costs its senders and receivers
the same, however long it is. So when a direct path comes into use, a few padded pings go out at
each size worth having (RFC 8899's idea); the largest that is answered is used until the path
changes. The socket must forbid fragmenting, else every size would seem to pass.
"""

from __future__ import annotations

from ezp2p.nat.route import Route
from ezp2p.wire.datagram import SAFE_DATAGRAM_BYTES
from ezp2p.wire.keys import PathKind

# Through most tunnels; Ethernet with IPv6 or PPPoE; Ethernet; jumbo frames and loopback.
SIZES = (1372, 1444, 1472)
LAN_SIZES = (*SIZES, 8900)  # aioquic never completes a transfer above that
ROUNDS = 3
ROUND_S = 0.3


class SizeProbe:
    """The sizes tried on one path, and the largest that passed."""

    def __init__(self, route: Route) -> None:
        self.datagram_bytes = SAFE_DATAGRAM_BYTES
        self.wake_at: float | None = None
        if route.is_relayed:
            self._sizes: tuple[int, ...] = ()
        else:
            self._sizes = LAN_SIZES if route.kind is PathKind.DIRECT_LAN else SIZES
        self._rounds = 0
        self._asked: dict[int, int] = {}  # ping number: size

    def start(self, now: float) -> None:
        """The path has come into use: find out."""
        self.datagram_bytes = SAFE_DATAGRAM_BYTES
        self._rounds = ROUNDS
        self._asked.clear()
        self.wake_at = now if self._sizes else None

    def stop(self) -> None:
        """The path is silent: nothing is known any more."""
        self.datagram_bytes = SAFE_DATAGRAM_BYTES
        self.wake_at = None
        self._asked.clear()

    def due(self, now: float) -> list[int]:
        """Return the sizes to try now."""
        if self.wake_at is None or now < self.wake_at:
            return []
        self._rounds -= 1
        sizes = [size for size in self._sizes if size > self.datagram_bytes]
        self.wake_at = now + ROUND_S if self._rounds and sizes else None
        return sizes

    def asked(self, number: int, size: int) -> None:
        """Ping `number` of this size went out."""
        self._asked[number] = size

    def answered(self, number: int) -> bool:
        """Take a pong; return whether it means that larger datagrams pass than we knew."""
        size = self._asked.pop(number, 0)
        if size <= self.datagram_bytes:
            return False
        self.datagram_bytes = size
        return True
