"""The relay: carries datagrams between the two ends of a call when nothing more direct works.

    by UDP     bind without a cookie  ->  challenge: a cookie for the address it came from
               bind with the cookie   ->  the ticket is read; the address gets its side's seat
    by tube    bind                   ->  the same, without a cookie: TCP has proved the address
    both roles seated                 ->  datagrams go from one seat to the other, and nowhere else

A tube is a WebSocket that carries many datagrams a message. A role may have a seat of each kind;
what comes by one kind goes on by the same, or by the other where the peer has none alive.

Rules: an answer is never longer than what it answers; only a genuine ticket takes memory; a half
pair is forgotten after 20 s, a silent pair after two minutes; a ticket's bytes stay spent until it
expires. A seat is given away (the network changed) only once its holder has fallen silent: a ticket
somebody copied off the wire does not push a living end out. Whoever is half through its ticket gets
a successor with the answer to its next bind, as long as both ends are there: one in ten minutes,
so that a budget is also a rate. The wire: wire/datagram.py.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ezp2p.base.errors import PeerError
from ezp2p.rendezvous.limits import Buckets, network
from ezp2p.rendezvous.tickets import (
    CALL_AT,
    TICKET_BUDGET_BYTES,
    TICKET_LIFE_S,
    Ticket,
    read_ticket,
    sign_successor,
)
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
    unpack,
)
from ezp2p.wire.keys import Role

HALF_PAIR_S = 20.0
SILENT_PAIR_S = 120.0
REPLACE_AFTER_S = 2.0  # a seat whose holder is silent for so long may be given away
LIVELY_S = 8.0  # programs ping a seat they keep in reserve every 5 s
SUCCESSOR_EVERY_S = 600.0
COOKIE_LIFE_S = 30.0  # a cookie is good for one to two of these
LARGEST_DATAGRAM = RELAY_HEADER_BYTES + 9000  # jumbo frames; what is longer is dropped
_PAIRS = 10_000
_METERS = 100_000
# Reading a ticket costs 0.1 ms; what an address may cost us a second. A branch office fits.
_BINDS_PER_S = 20.0
_BINDS_AT_ONCE = 100.0
_TICKET_AT = 1 + COOKIE_BYTES


class Tube(Protocol):
    """A WebSocket that carries datagrams; takes or drops them, and never waits."""

    @property
    def host(self) -> str:
        """The address it comes from."""
        ...

    def put(self, datagram: bytes) -> None:
        """Send one datagram, perhaps together with the next ones."""
        ...

    def put_message(self, message: bytes) -> None:
        """Send a whole message as another tube has got it."""
        ...

    def let_go(self) -> None:
        """Close: there is no seat for it any more."""
        ...


Way = Address | Tube


@dataclass(slots=True)
class _Meter:
    """What one end has carried and may carry; kept until its tickets expire."""

    expires_at: int
    allowed_bytes: int
    granted_bytes: int  # by the latest ticket
    spent_bytes: int = 0
    renewed_at: float = float("-inf")
    successor: bytes = b""  # told again until it is used: an answer may get lost


@dataclass(slots=True, eq=False)
class _Seat:
    """One end of a pair, reached one way."""

    way: Way
    role: Role
    signed: bytes  # its ticket as it came
    expires_at: int
    meter: _Meter
    heard_at: float
    other: _Seat | None = None  # where its datagrams go

    @property
    def by_tube(self) -> bool:
        return not isinstance(self.way, tuple)


@dataclass(slots=True, eq=False)
class _Pair:
    """The two ends of a call, the one or both that are bound."""

    call: bytes
    allocation: bytes
    seats: list[_Seat] = field(default_factory=list)

    def seat(self, role: Role, *, by_tube: bool) -> _Seat | None:
        for seat in self.seats:
            if seat.role is role and seat.by_tube == by_tube:
                return seat
        return None

    @property
    def is_whole(self) -> bool:
        return len({seat.role for seat in self.seats}) == len(Role)

    def join(self, now: float) -> None:
        """Settle where each seat's datagrams go."""
        for seat in self.seats:
            others = [other for other in self.seats if other.role is not seat.role]
            seat.other = max(others, key=lambda other: _worth(seat, other, now), default=None)


def _head(pair: _Pair) -> bytes:
    return bytes((RELAYED,)) + pair.allocation


def _worth(seat: _Seat, other: _Seat, now: float) -> tuple[bool, float]:
    alike = seat.by_tube == other.by_tube and now - other.heard_at <= LIVELY_S
    return alike, other.heard_at


class RelayTable:
    """Every pair of one relay. `secret` (32 random bytes) makes cookies and successors."""

    def __init__(
        self,
        key: Ed25519PublicKey,
        relay: bytes,
        secret: bytes,
        *,
        largest: int = _PAIRS,
        grant_bytes: int = TICKET_BUDGET_BYTES,
    ) -> None:
        """`grant_bytes` is what a successor adds."""
        self._key = key
        self._relay = relay
        self._secret = secret
        self._largest = largest
        self._grant_bytes = grant_bytes
        self._pairs: dict[bytes, _Pair] = {}  # by call
        # Who may send, under which allocation. Tubes need none.
        self._lanes: dict[tuple[bytes, Address], _Seat] = {}  # by header and address
        self._tubes: dict[Tube, tuple[_Pair, _Seat]] = {}
        # By call and role; kept beyond the pair, else a ticket would renew itself.
        self._meters: dict[tuple[bytes, Role], _Meter] = {}
        self._binds = Buckets(_BINDS_PER_S, _BINDS_AT_ONCE)
        self.refused = 0

    def __len__(self) -> int:
        return len(self._pairs)

    # --- by UDP

    def receive(self, data: bytes, source: Address, now: float, wall: float) -> Answer | None:
        """Return the one datagram that follows from this one by UDP, if any does."""
        if not data:
            return None
        if data[0] == RELAYED:
            return self._forward(data, len(data), source, now)
        if data[0] == RELAY_BIND and len(data) >= RELAY_BIND_MIN_BYTES:
            return self._bind(data, source, now, wall)
        return None

    def is_run(self, run: bytes, size_bytes: int) -> bool:
        """Whether all of these datagrams are relayed, under one allocation."""
        head = run[:RELAY_HEADER_BYTES]
        return run[0] == RELAYED and all(
            run.startswith(head, start) for start in range(size_bytes, len(run), size_bytes)
        )

    def receive_run(
        self, run: bytes, size_bytes: int, source: Address, now: float
    ) -> Answer | None:
        """Return the run that follows from this one by UDP, if any does."""
        return self._forward(run, size_bytes, source, now)

    # --- by tube

    def admit(self, signed: bytes, tube: Tube, now: float, wall: float) -> bytes | None:
        """Give the tube the seat its ticket is for, or its next ticket; return what to answer.

        None means that it has no right to be here.
        """
        return self._take_seat(signed, tube, now, wall)

    def is_seated(self, tube: Tube) -> bool:
        """Whether the tube has a seat; it may have lost it to its successor."""
        return tube in self._tubes

    def carry(self, message: bytes, tube: Tube, now: float) -> Iterator[Answer]:
        """Take a seated tube's datagrams; yield those that go on by UDP, pass on all others."""
        pair, seat = self._tubes[tube]
        other = seat.other
        if not self._count(seat, len(message), now) or other is None:
            return
        if isinstance(other.way, tuple):
            head = _head(pair)
            for datagram in unpack(message):
                data = head + datagram
                if len(data) <= LARGEST_DATAGRAM:
                    yield data, other.way
        else:
            other.way.put_message(message)

    def depart(self, tube: Tube, now: float) -> None:
        """The tube is closed."""
        if tube in self._tubes:
            self._unseat(*self._tubes[tube], now)

    # --- the clock

    def sweep(self, now: float, wall: float) -> None:
        """Forget pairs that are silent, over or never became whole, and expired tickets' sums."""
        for pair in list(self._pairs.values()):
            limit = SILENT_PAIR_S if pair.is_whole else HALF_PAIR_S
            for seat in list(pair.seats):
                if now - seat.heard_at > limit or seat.expires_at <= wall:
                    self._dismiss(pair, seat, now)
            if len(pair.seats) > len(Role):
                pair.join(now)  # one of two ways to an end may have fallen silent
        for key in [key for key, meter in self._meters.items() if meter.expires_at <= wall]:
            del self._meters[key]

    # --- inside

    def _forward(self, data: bytes, size: int, source: Address, now: float) -> Answer | None:
        """Pass on a datagram, or a run of datagrams of this size; return what goes by UDP."""
        # Written out, since nothing of the server runs more often.
        seat = self._lanes.get((data[:RELAY_HEADER_BYTES], source))
        if seat is None or not RELAY_HEADER_BYTES < size <= LARGEST_DATAGRAM:
            return None
        seat.heard_at = now
        meter = seat.meter
        meter.spent_bytes += len(data)
        other = seat.other
        if other is None or meter.spent_bytes > meter.allowed_bytes:
            return None
        way = other.way
        if isinstance(way, tuple):
            return data, way
        for start in range(0, len(data), size):
            way.put(data[start + RELAY_HEADER_BYTES : start + size])
        return None

    def _count(self, seat: _Seat, size_bytes: int, now: float) -> bool:
        """Write down what an end has sent; return whether it is still allowed."""
        seat.heard_at = now
        meter = seat.meter
        meter.spent_bytes += size_bytes
        return meter.spent_bytes <= meter.allowed_bytes

    def _bind(self, data: bytes, source: Address, now: float, wall: float) -> Answer | None:
        if not self._is_ours(data[1:_TICKET_AT], source, now):
            challenge = bytes((RELAY_CHALLENGE,)) + self._cookie(source, now, 0)
            return challenge, source
        bound = self._take_seat(data[_TICKET_AT:], source, now, wall)
        return None if bound is None else (bound, source)

    def _take_seat(self, signed: bytes, way: Way, now: float, wall: float) -> bytes | None:
        """Return the answer to a bind, or None to one that is refused."""
        pair = self._pairs.get(signed[CALL_AT])
        for seat in pair.seats if pair else ():
            if seat.way == way and seat.signed == signed and seat.expires_at > wall:
                assert pair is not None
                seat.heard_at = now
                return self._bound(pair, seat, now, wall)
        host = str(way[0]) if isinstance(way, tuple) else way.host
        if self._binds.take(network(host), now) > 0:
            return None
        try:
            ticket = read_ticket(signed, self._key, self._secret, self._relay, wall)
        except PeerError:
            self.refused += 1
            return None
        found = self._seat(ticket, signed, way, now)
        if found is None:
            self.refused += 1
            return None
        return self._bound(*found, now, wall)

    def _seat(
        self, ticket: Ticket, signed: bytes, way: Way, now: float
    ) -> tuple[_Pair, _Seat] | None:
        """Give the ticket's end its seat, unless somebody living sits there."""
        pair = self._pairs.get(ticket.call)
        if pair is None:
            if len(self._pairs) >= self._largest:
                return None
            pair = _Pair(ticket.call, self._allocation(ticket.call, now))
        if not isinstance(way, tuple) and self._sits_elsewhere(way, ticket):
            return None
        before = pair.seat(ticket.role, by_tube=not isinstance(way, tuple))
        if before and before.way != way and now - before.heard_at < REPLACE_AFTER_S:
            return None
        if any(seat.way == way for seat in pair.seats if seat.role is not ticket.role):
            return None  # a pair of one address with itself carries nothing for anybody
        meter = self._meter(ticket)
        if meter is None:
            return None
        if before and before.way == way:
            self._unseat(pair, before, now)
        elif before:
            self._dismiss(pair, before, now)
        self._pairs[ticket.call] = pair
        ours = _Seat(way, ticket.role, signed, ticket.expires_at, meter, now)
        pair.seats.append(ours)
        if isinstance(way, tuple):
            self._lanes[_head(pair), way] = ours
        else:
            self._tubes[way] = (pair, ours)
        pair.join(now)
        return pair, ours

    def _sits_elsewhere(self, tube: Tube, ticket: Ticket) -> bool:
        if tube not in self._tubes:
            return False
        pair, seat = self._tubes[tube]
        return (pair.call, seat.role) != (ticket.call, ticket.role)

    def _dismiss(self, pair: _Pair, seat: _Seat, now: float) -> None:
        self._unseat(pair, seat, now)
        if not isinstance(seat.way, tuple):
            seat.way.let_go()

    def _unseat(self, pair: _Pair, seat: _Seat, now: float) -> None:
        pair.seats.remove(seat)
        if isinstance(seat.way, tuple):
            self._lanes.pop((_head(pair), seat.way), None)
        else:
            self._tubes.pop(seat.way, None)
        pair.join(now)
        if not pair.seats:
            self._pairs.pop(pair.call, None)

    def _bound(self, pair: _Pair, seat: _Seat, now: float, wall: float) -> bytes:
        bound = bytes((RELAY_BOUND,)) + pair.allocation
        other = seat.other
        if other is None or now - other.heard_at > HALF_PAIR_S:
            return bound
        return bound + self._successor(pair, seat, now, wall)

    def _successor(self, pair: _Pair, seat: _Seat, now: float, wall: float) -> bytes:
        """Return the ticket that follows the seat's, empty while none is needed."""
        meter = seat.meter
        if meter.successor:
            return meter.successor
        left_bytes = meter.allowed_bytes - meter.spent_bytes
        is_old = seat.expires_at - wall < TICKET_LIFE_S / 2
        if not is_old and left_bytes > meter.granted_bytes / 2:
            return b""
        if now - meter.renewed_at < SUCCESSOR_EVERY_S:
            return b""
        ticket = Ticket(
            call=pair.call,
            role=seat.role,
            relay=self._relay,
            expires_at=int(wall) + TICKET_LIFE_S,
            budget_bytes=meter.allowed_bytes + self._grant_bytes,
        )
        meter.renewed_at = now
        meter.successor = sign_successor(ticket, self._secret)
        return meter.successor

    def _meter(self, ticket: Ticket) -> _Meter | None:
        """Return what counts this end's bytes, or None if there is no room to count."""
        key = (ticket.call, ticket.role)
        budget = ticket.budget_bytes
        meter = self._meters.get(key)
        if meter is None:
            if len(self._meters) >= _METERS:
                return None
            meter = self._meters[key] = _Meter(ticket.expires_at, budget, budget)
        if budget > meter.allowed_bytes:
            meter.granted_bytes = budget - meter.allowed_bytes
            meter.allowed_bytes = budget
            meter.successor = b""
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
