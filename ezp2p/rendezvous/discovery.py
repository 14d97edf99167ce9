"""Address discovery: tells a program from which address its datagrams come out of its network.

    asked    01 | transaction (16) | zeros          40 bytes
    answer   02 | transaction (16) | port | address      23 bytes, 35 with IPv6

Two ports of one address do it, so that a program sees whether its network keeps one outer port
for both. Rules: nothing is remembered of who asked; an answer is shorter than the question and
goes to where it came from; an address is answered 20 times a second. The wire: wire/datagram.py.
"""

from __future__ import annotations

import ipaddress

from ezp2p.rendezvous.limits import Buckets, network
from ezp2p.rendezvous.udp_port import Address, Answer
from ezp2p.wire.datagram import DISCOVER, DISCOVER_BYTES, DISCOVERED, TRANSACTION_BYTES

# A branch office behind one address, each program asking two ports and again after a loss.
_ANSWERS_PER_S = 20.0
_ANSWERS_AT_ONCE = 200.0
_TRANSACTION_END = 1 + TRANSACTION_BYTES


class Discovery:
    """One for all ports, so that an address has one allowance."""

    def __init__(self) -> None:
        self._allowance = Buckets(_ANSWERS_PER_S, _ANSWERS_AT_ONCE)

    def receive(self, data: bytes, source: Address, now: float, wall: float) -> Answer | None:
        """Return the answer and where it goes; None for what is no question."""
        if len(data) != DISCOVER_BYTES or data[0] != DISCOVER:
            return None
        if self._allowance.take(network(str(source[0])), now) > 0:
            return None
        transaction = data[1:_TRANSACTION_END]
        seen = int(source[1]).to_bytes(2, "big") + _packed(str(source[0]))
        hidden = bytes(a ^ b for a, b in zip(seen, transaction + transaction, strict=False))
        return bytes((DISCOVERED,)) + transaction + hidden, source


def _packed(host: str) -> bytes:
    """Return the address as 4 or 16 bytes; IPv4 that came to an IPv6 socket is IPv4."""
    ip = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped.packed
    return ip.packed
