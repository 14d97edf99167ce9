"""Two QUIC connections of ours joined in memory, with a clock of their own."""

from __future__ import annotations

import os

from aioquic.quic.events import QuicEvent

from ezp2p.link import quic
from ezp2p.link.certificate import make_identity
from ezp2p.link.connection import Connection


class Joined:
    """A client (the counselor's) and a server, and what they told."""

    def __init__(self) -> None:
        identity, knock = make_identity(), os.urandom(20)
        self.now = 0.0
        self.client = quic.client(identity.der, knock, 0.01, self.now)
        self.server = quic.server(identity, knock, 0.01)
        self.events: dict[Connection, list[QuicEvent]] = {self.client: [], self.server: []}
        self.settle()

    def settle(self, rounds: int = 20) -> None:
        """Carry datagrams to and fro, and let acknowledgements fall due."""
        for _ in range(rounds):
            for here, there in ((self.client, self.server), (self.server, self.client)):
                there.take(here.datagrams(self.now), self.now)
                for end in (here, there):
                    while (event := end.next_event()) is not None:
                        self.events[end].append(event)
            self.now += 0.002
