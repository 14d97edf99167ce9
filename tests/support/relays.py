"""A real rendezvous' relay, and tickets for two ends of one call."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ezp2p.base.clock import SystemClock
from ezp2p.rendezvous.folder import relay_key
from ezp2p.rendezvous.tickets import RelayAddress, Ticket, sign_ticket
from ezp2p.wire.keys import Role
from ezp2p.wire.signalling import RelayOffer, RelayPort
from tests.support.rendezvous import RunningRendezvous


@dataclass
class CallAtRelay:
    """One call, and what the rendezvous would offer for it."""

    server: RunningRendezvous
    budget_bytes: int = 2**30
    call: bytes = field(default_factory=lambda: os.urandom(16))

    def offer(self, role: Role, ports: list[RelayPort] | None = None) -> RelayOffer:
        """Return this role's offer; its ports are the server's unless told otherwise."""
        started = self.server.started
        relay = RelayAddress("127.0.0.1", started.udp_port)
        expires_at = int(SystemClock().wall()) + 24 * 3600
        ticket = Ticket(self.call, role, relay.id, expires_at, self.budget_bytes)
        return RelayOffer(
            host=relay.host,
            udp_port=relay.udp_port,
            ticket=sign_ticket(ticket, relay_key(self.server.config.data)),
            ports=list(started.ports) if ports is None else ports,
        )
