"""The relay: carries datagrams between the two ends of a call when nothing more direct works.

    bind without a cookie  ->  challenge: a cookie for the address it came from (nothing is kept)
    bind with the cookie   ->  the ticket is read; the address is bound to its call and role
    both roles bound       ->  datagrams go from one bound address to the other, and nowhere else

Rules: an answer is never longer than what it answers; only a genuine ticket takes memory; a half
pair is forgotten after 20 s, a silent pair after two minutes; a ticket's bytes stay spent until it
expires. A bound address is replaced (the network changed) only once it has fallen silent: a
ticket somebody copied off the wire does not push a living end out. The wire: wire/datagram.py.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ezp2p.base.errors import PeerError
from ezp2p.rendezvous.limits import Buckets, network
from ezp2p.rendezvous.tickets import Ticket, read_ticket
from ezp2p.rendezvous.udp_port import Address, Answer
from ezp2p.wire.datagram import (
    ALLOCATION_BYTES,
    COOKIE_BYTES,
    RELAY_BIND,
    RELAY_BIND_MIN_BYTES,
    RELAY_BOUND,
    RELAY_CHALLENGE,
    RELAY_HEADER_BYTES,
    RELAYED,
)
from ezp2p.wire.keys import Role

HALF_PAIR_S = 20.0
SILENT_PAIR_S = 120.0
REPLACE_AFTER_S = 2.0  # a bound address silent for so long may be replaced
COOKIE_LIFE_S = 30.0  # a cookie is good for one to two of these
LARGEST_DATAGRAM = RELAY_HEADER_BYTES + 9000  # jumbo frames; what is longer is dropped
_PAIRS = 10_000
_METERS = 100_000
# Reading a ticket costs 0.1 ms; what an address may cost us a second. A branch office fits.
_BINDS_PER_S = 20.0
_BINDS_AT_ONCE = 100.0
_TICKET_AT = 1 + COOKIE_BYTES


@dataclass(slots=True)
class _Meter:
    """What the tickets of one end have carried; kept until they expire."""

    expires_at: int
    spent_bytes: int = 0


@dataclass(slots=True)
class _Seat:
    """One end of a pair."""

    address: Address
    ticket: Ticket
    meter: _Meter
    heard_at: float


@dataclass(slots=True)
class _Pair:
    """The two ends of a call, the one or both that are bound."""

    call: bytes
    allocation: bytes
    seats: dict[Role, _Seat] = field(default_factory=dict)


class RelayTable:
    """Every pair of one relay. `secret` (32 random bytes) makes the cookies."""

    def __init__(
        self, key: Ed25519PublicKey, relay: bytes, secret: bytes, *, largest: int = _PAIRS
    ) -> None:
        self._key = key
        self._relay = relay
        self._secret = secret
        self._largest = largest
        self._pairs: dict[bytes, _Pair] = {}  # by call
        # Whole pairs only: who may send under which allocation, and where it goes.
        self._lanes: dict[tuple[bytes, Address], tuple[_Seat, _Seat]] = {}
        # By call and role; kept beyond the pair, else a ticket would renew itself.
        self._meters: dict[tuple[bytes, Role], _Meter] = {}
        self._binds = Buckets(_BINDS_PER_S, _BINDS_AT_ONCE)
        self.refused = 0

    def __len__(self) -> int:
        return len(self._pairs)

    def receive(self, data: bytes, source: Address, now: float, wall: float) -> Answer | None:
        """Return the one datagram that follows from this one and where it goes, if any does."""
        if not data:
            return None
        if data[0] == RELAYED:
            return self._forward(data, source, now)
        if data[0] == RELAY_BIND and len(data) >= RELAY_BIND_MIN_BYTES:
            return self._bind(data, source, now, wall)
        return None

    def sweep(self, now: float, wall: float) -> None:
        """Forget pairs that are silent, over or never became whole, and expired tickets' sums."""
        for pair in list(self._pairs.values()):
            limit = SILENT_PAIR_S if len(pair.seats) == len(Role) else HALF_PAIR_S
            for role, seat in list(pair.seats.items()):
                if now - seat.heard_at > limit or seat.ticket.expires_at <= wall:
                    self._unseat(pair, role)
            if not pair.seats:
                del self._pairs[pair.call]
        for key in [key for key, meter in self._meters.items() if meter.expires_at <= wall]:
            del self._meters[key]

    def _forward(self, data: bytes, source: Address, now: float) -> Answer | None:
        lane = self._lanes.get((data[1:RELAY_HEADER_BYTES], source))
        if lane is None or not RELAY_HEADER_BYTES < len(data) <= LARGEST_DATAGRAM:
            return None
        seat, other = lane
        seat.heard_at = now
        seat.meter.spent_bytes += len(data)
        if seat.meter.spent_bytes > seat.ticket.budget_bytes:
            return None
        return data, other.address

    def _bind(self, data: bytes, source: Address, now: float, wall: float) -> Answer | None:
        if not self._is_ours(data[1:_TICKET_AT], source, now):
            return bytes((RELAY_CHALLENGE,)) + self._cookie(source, now, 0), source
        if self._binds.take(network(str(source[0])), now) > 0:
            return None
        try:
            ticket = read_ticket(data[_TICKET_AT:], self._key, self._relay, wall)
        except PeerError:
            self.refused += 1
            return None
        pair = self._seat(ticket, source, now)
        if pair is None:
            self.refused += 1
            return None
        return bytes((RELAY_BOUND,)) + pair.allocation, source

    def _seat(self, ticket: Ticket, source: Address, now: float) -> _Pair | None:
        """Give the ticket's end its place, unless somebody living sits there."""
        pair = self._pairs.get(ticket.call)
        if pair is None:
            if len(self._pairs) >= self._largest:
                return None
            pair = _Pair(ticket.call, self._allocation(ticket.call, now))
        seat = pair.seats.get(ticket.role)
        if seat and seat.address != source and now - seat.heard_at < REPLACE_AFTER_S:
            return None
        other = pair.seats.get(ticket.role.other)
        if other and other.address == source:
            return None  # a pair of one address with itself carries nothing for anybody
        meter = self._meter(ticket)
        if meter is None:
            return None
        if seat:
            self._unseat(pair, ticket.role)
        self._pairs[ticket.call] = pair
        pair.seats[ticket.role] = ours = _Seat(source, ticket, meter, now)
        if other:
            self._lanes[pair.allocation, source] = (ours, other)
            self._lanes[pair.allocation, other.address] = (other, ours)
        return pair

    def _unseat(self, pair: _Pair, role: Role) -> None:
        for seat in pair.seats.values():
            self._lanes.pop((pair.allocation, seat.address), None)
        del pair.seats[role]

    def _meter(self, ticket: Ticket) -> _Meter | None:
        """Return what counts this end's bytes, or None if there is no room to count."""
        key = (ticket.call, ticket.role)
        meter = self._meters.get(key)
        if meter is None:
            if len(self._meters) >= _METERS:
                return None
            meter = self._meters[key] = _Meter(ticket.expires_at)
        meter.expires_at = max(meter.expires_at, ticket.expires_at)
        return meter

    def _allocation(self, call: bytes, now: float) -> bytes:
        """Return a name for the pair that only its ends learn."""
        seed = b"allocation" + call + repr(now).encode()
        return hmac.digest(self._secret, seed, hashlib.sha256)[:ALLOCATION_BYTES]

    def _cookie(self, source: Address, now: float, age: int) -> bytes:
        seed = repr((source, int(now // COOKIE_LIFE_S) - age)).encode()
        return hmac.digest(self._secret, b"cookie" + seed, hashlib.sha256)[:COOKIE_BYTES]

    def _is_ours(self, cookie: bytes, source: Address, now: float) -> bool:
        return any(hmac.compare_digest(cookie, self._cookie(source, now, age)) for age in (0, 1))
