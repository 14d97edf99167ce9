"""Tickets for the relay: who may use which relay for which call, until when, for how many bytes.

    version (1) = 1 | call (16) | role (1) | relay (8) | expires (8) | budget (8) | signature (64)

Integers big-endian; `expires` in seconds since 1970 (UTC); `relay` the first 8 bytes of SHA-256
of the relay's "host:port"; the signature is Ed25519 by the rendezvous over all before it. A relay
needs nothing but the rendezvous' public key, so it keeps no accounts and may run apart.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ezp2p.base.clock import Clock
from ezp2p.base.errors import PeerError
from ezp2p.wire.keys import ErrorKey, Role
from ezp2p.wire.signalling import RelayOffer, RelayPort

TICKET_LIFE_S = 24 * 3600
TICKET_BUDGET_BYTES = 4 * 1024**3

_VERSION = 1
_BODY = struct.Struct("!B16sB8sQQ")
_SIGNATURE_BYTES = 64
TICKET_BYTES = _BODY.size + _SIGNATURE_BYTES
_ROLES = (Role.CUSTOMER, Role.COUNSELOR)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a genuine ticket says."""

    call: bytes
    role: Role
    relay: bytes
    expires_at: int
    budget_bytes: int


def relay_id(host: str, udp_port: int) -> bytes:
    """Return the 8 bytes by which tickets name a relay."""
    return hashlib.sha256(f"{host}:{udp_port}".encode()).digest()[:8]


def sign_ticket(ticket: Ticket, key: Ed25519PrivateKey) -> bytes:
    """Return the ticket as bytes that only the rendezvous can make."""
    body = _BODY.pack(
        _VERSION,
        ticket.call,
        _ROLES.index(ticket.role),
        ticket.relay,
        ticket.expires_at,
        ticket.budget_bytes,
    )
    return body + key.sign(body)


def read_ticket(data: bytes, key: Ed25519PublicKey, relay: bytes, wall: float) -> Ticket:
    """Return the ticket at the head of `data` (padding may follow).

    Raises PeerError(peer.protocol) if it is not ours, not for this relay, or its time is over.
    """
    if len(data) < TICKET_BYTES:
        raise PeerError(ErrorKey.PEER_PROTOCOL, why="no ticket")
    body = data[: _BODY.size]
    version, call, role, named_relay, expires_at, budget = _BODY.unpack(body)
    if version != _VERSION or role >= len(_ROLES) or named_relay != relay or expires_at <= wall:
        raise PeerError(ErrorKey.PEER_PROTOCOL, why="ticket not for here and now")
    try:
        key.verify(data[_BODY.size : TICKET_BYTES], body)
    except InvalidSignature:
        raise PeerError(ErrorKey.PEER_PROTOCOL, why="ticket not ours") from None
    return Ticket(call, _ROLES[role], relay, expires_at, budget)


class TicketOffice:
    """Writes the offers that go with a call: one relay for now, our own."""

    def __init__(
        self,
        key: Ed25519PrivateKey,
        host: str,
        udp_port: int,
        ports: list[RelayPort],
        clock: Clock,
    ) -> None:
        self._key = key
        self._ports = ports
        self._clock = clock
        self._host = host
        self._udp_port = udp_port
        self._relay = relay_id(host, udp_port)

    def offers(self, call: str, role: Role) -> list[RelayOffer]:
        """Return the relays this role may use for this call (32 hex digits)."""
        ticket = Ticket(
            bytes.fromhex(call),
            role,
            self._relay,
            int(self._clock.wall()) + TICKET_LIFE_S,
            TICKET_BUDGET_BYTES,
        )
        signed = sign_ticket(ticket, self._key)
        return [
            RelayOffer(host=self._host, udp_port=self._udp_port, ticket=signed, ports=self._ports)
        ]
