"""Under which address the world sees our UDP port, as the rendezvous tells on two ports.

    wake --ask both--> answers --same----> STEADY    any peer may use the address
      ^                   |  +---differ--> VARYING   each destination sees another port
      |                   +--one only----> UNKNOWN
      +--- 20 s ----------+--none in 1.5 s> SILENT   UDP does not pass

Asked again every 20 s for as long as it is kept, which also keeps the mapping (networks forget one
after 30 s without a datagram, some later: RFC 4787, 4.3) and notices a new outer address. An
answer counts only from the address that was asked and under the round's 16 random bytes: who
cannot read our datagrams cannot tell us anything. Sans-IO.
"""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from ezp2p.nat.route import Address, address_of
from ezp2p.wire.datagram import DISCOVER, DISCOVER_BYTES, DISCOVERED, TRANSACTION_BYTES
from ezp2p.wire.keys import PortMapping

RandomBytes = Callable[[int], bytes]

RETRY_S = (0.1, 0.2, 0.4, 0.8)  # between the questions of a round, the last before giving up
REFRESH_S = 20.0
# A router that counts its ports up leaves others' connections between ours, but few.
LARGEST_STEP = 16
_TRANSACTION_END = 1 + TRANSACTION_BYTES
_PORT_BYTES = 2


class Discovery:
    """Asks one or two ports of one server; `seen` is what each has told, in their order."""

    def __init__(self, servers: Sequence[Address], random: RandomBytes, now: float) -> None:
        self.wake_at: float | None = now
        self.mapping = PortMapping.UNKNOWN
        # Whether all have told, or one has had the time to: two words are better than one.
        self.settled = False
        self._servers = tuple(servers)
        self._random = random
        self._seen: dict[Address, Address] = {}  # by the server that told
        self._answered: set[Address] = set()  # in this round
        self._transaction = b""
        self._asked = 0
        self._outbox: deque[tuple[bytes, Address]] = deque()

    @property
    def address(self) -> Address | None:
        """Our address as it was seen last; the last server's word, as the latest mapping's."""
        told = [self._seen[server] for server in self._servers if server in self._seen]
        return told[-1] if told else None

    @property
    def server(self) -> Address:
        """Whom we ask."""
        return self._servers[0]

    @property
    def step(self) -> int:
        """How far apart two mappings made one after the other were; 0 if that foretells nothing."""
        if self.mapping is not PortMapping.VARYING:
            return 0
        first, second = (self._seen[server] for server in self._servers)
        step = second.port - first.port
        return step if first.host == second.host and abs(step) <= LARGEST_STEP else 0

    def receive(self, data: bytes, sender: Address, now: float) -> bool:
        """Take a datagram; return whether it was an answer to us that tells something new."""
        if sender not in self._servers or data[:1] != bytes((DISCOVERED,)):
            return False
        if not self._transaction or data[1:_TRANSACTION_END] != self._transaction:
            return False
        address = _read(data[_TRANSACTION_END:], self._transaction)
        if address is None:
            return False
        before = (self.mapping, self.address)
        self._seen[sender] = address
        self._answered.add(sender)
        if len(self._answered) == len(self._servers):
            self.wake_at = now + REFRESH_S
            self._asked = 0
            self.settled = True
        self._judge()
        return (self.mapping, self.address) != before

    def wake(self, now: float) -> None:
        """Ask, ask again, or give this round up; to be called at or after `wake_at`."""
        if self.wake_at is None or now < self.wake_at:
            return
        if self._asked == len(RETRY_S):
            self._give_up(now)
            return
        self.settled = self.settled or self._asked > 0
        if self._asked == 0:
            self._transaction = self._random(TRANSACTION_BYTES)
            self._answered.clear()
        question = (bytes((DISCOVER,)) + self._transaction).ljust(DISCOVER_BYTES, b"\0")
        self._outbox += [(question, s) for s in self._servers if s not in self._answered]
        self.wake_at = now + RETRY_S[self._asked]
        self._asked += 1

    def datagrams(self) -> Iterator[tuple[bytes, Address]]:
        """Yield and forget the questions to send, and where to."""
        while self._outbox:
            yield self._outbox.popleft()

    def ask_again(self, now: float) -> None:
        """Our network has changed: begin a round now."""
        self._asked = 0
        self.wake_at = now

    def _give_up(self, now: float) -> None:
        self._asked = 0
        self.wake_at = now + REFRESH_S
        if not self._answered:
            self._seen.clear()
        self._judge()

    def _judge(self) -> None:
        told = [self._seen[server] for server in self._servers if server in self._seen]
        if len(told) > 1:
            self.mapping = PortMapping.STEADY if told[0] == told[1] else PortMapping.VARYING
        elif told or self._asked:
            self.mapping = PortMapping.UNKNOWN
        else:
            self.mapping = PortMapping.SILENT


def _read(hidden: bytes, transaction: bytes) -> Address | None:
    """Return the address in an answer, None if there is none that a machine could have."""
    if len(hidden) not in (_PORT_BYTES + 4, _PORT_BYTES + 16):
        return None
    shown = bytes(a ^ b for a, b in zip(hidden, transaction + transaction, strict=False))
    host = str(ipaddress.ip_address(shown[_PORT_BYTES:]))
    return address_of(host, int.from_bytes(shown[:_PORT_BYTES], "big"))
