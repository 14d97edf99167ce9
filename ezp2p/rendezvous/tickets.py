"""Tickets for the relay: who may use which relay for which call, until when, for how many bytes.

    version (1) | call (16) | role (1) | relay (8) | expires (8) | budget (8) | signature

    version 1   by the rendezvous, for a call; the signature is Ed25519 (64)
    version 2   a successor, by the relay itself; HMAC-SHA256 by a secret of its own (32)

Integers big-endian; `expires` in seconds since 1970 (UTC); `relay` the first 8 bytes of SHA-256
of the relay's "host:port"; the signature is over all before it. A successor's budget contains its
predecessors'. A relay needs nothing but the rendezvous' public key, so it keeps no accounts and
may run apart; and since it renews what it carries, a session outlives the rendezvous.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ezp2p.base.clock import Clock
from ezp2p.base.errors import PeerError
from ezp2p.wire.keys import ErrorKey, Role
from ezp2p.wire.signalling import RelayOffer, RelayPort

TICKET_LIFE_S = 24 * 3600
TICKET_BUDGET_BYTES = 4 * 1024**3

_BY_RENDEZVOUS, _BY_RELAY = 1, 2
_BODY = struct.Struct("!B16sB8sQQ")
_SIGNATURE_BYTES = 64
_MAC_BYTES = 32
TICKET_BYTES = _BODY.size + _SIGNATURE_BYTES
SUCCESSOR_BYTES = _BODY.size + _MAC_BYTES
CALL_AT = slice(1, 17)
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
    body = _pack(_BY_RENDEZVOUS, ticket)
    return body + key.sign(body)


def sign_successor(ticket: Ticket, secret: bytes) -> bytes:
    """Return the ticket as bytes that only this relay can make and read."""
    body = _pack(_BY_RELAY, ticket)
    return body + _mac(body, secret)


def read_ticket(
    data: bytes, key: Ed25519PublicKey, secret: bytes, relay: bytes, wall: float
) -> Ticket:
    """Return the ticket at the head of `data` (padding may follow).

    Raises PeerError(peer.protocol) if it is neither the rendezvous' nor ours, not for this relay,
    or its time is over.
    """
    if len(data) < SUCCESSOR_BYTES:
        raise PeerError(ErrorKey.PEER_PROTOCOL, why="no ticket")
    body = data[: _BODY.size]
    version, call, role, named_relay, expires_at, budget = _BODY.unpack(body)
    if role >= len(_ROLES) or named_relay != relay or expires_at <= wall:
        raise PeerError(ErrorKey.PEER_PROTOCOL, why="ticket not for here and now")
    if not _is_genuine(version, body, data[_BODY.size :], key, secret):
        raise PeerError(ErrorKey.PEER_PROTOCOL, why="ticket not ours")
    return Ticket(call, _ROLES[role], relay, expires_at, budget)


def _pack(version: int, ticket: Ticket) -> bytes:
    return _BODY.pack(
        version,
        ticket.call,
        _ROLES.index(ticket.role),
        ticket.relay,
        ticket.expires_at,
        ticket.budget_bytes,
    )


def _is_genuine(
    version: int, body: bytes, rest: bytes, key: Ed25519PublicKey, secret: bytes
) -> bool:
    if version == _BY_RELAY:
        return hmac.compare_digest(rest[:_MAC_BYTES], _mac(body, secret))
    if version != _BY_RENDEZVOUS or len(rest) < _SIGNATURE_BYTES:
        return False
    try:
        key.verify(rest[:_SIGNATURE_BYTES], body)
    except InvalidSignature:
        return False
    return True


def _mac(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"ticket" + body, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """Where a relay is: its host, its UDP port, and the TCP ports with its WebSocket."""

    host: str
    udp_port: int
    ports: tuple[RelayPort, ...] = ()

    @property
    def id(self) -> bytes:
        """The 8 bytes by which tickets name it."""
        return relay_id(self.host, self.udp_port)

    def __str__(self) -> str:
        """As `--relay` of the rendezvous reads it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        words = [f"udp://{host}:{self.udp_port}"]
        words += [f"http{'s' * port.tls}://{host}:{port.port}" for port in self.ports]
        return ",".join(words)


class TicketOffice:
    """Writes the offers that go with a call: one for each relay of ours."""

    def __init__(
        self, key: Ed25519PrivateKey, relays: Sequence[RelayAddress], clock: Clock
    ) -> None:
        self._key = key
        self._relays = tuple(relays)
        self._clock = clock

    def offers(self, call: str, role: Role) -> list[RelayOffer]:
        """Return the relays this role may use for this call (32 hex digits)."""
        return [self._offer(relay, bytes.fromhex(call), role) for relay in self._relays]

    def _offer(self, relay: RelayAddress, call: bytes, role: Role) -> RelayOffer:
        expires_at = int(self._clock.wall()) + TICKET_LIFE_S
        ticket = Ticket(call, role, relay.id, expires_at, TICKET_BUDGET_BYTES)
        return RelayOffer(
            host=relay.host,
            udp_port=relay.udp_port,
            ticket=sign_ticket(ticket, self._key),
            ports=list(relay.ports),
        )
