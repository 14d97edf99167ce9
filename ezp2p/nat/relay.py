"""Our place at a UDP relay: asked for with a ticket, kept, and asked for again when lost.

    asking      04 | zeros (16)  | ticket  -->
                <--  05 | cookie (16)              proves that we own our address
    answering   04 | cookie (16) | ticket  -->
                <--  06 | allocation (8)
    bound       03 | allocation (8) | datagram     both ways
    refreshing  as answering, every 15 s; now and then the answer brings our next ticket
                <--  06 | allocation (8) | ticket

A bind is repeated until it is answered; a relay that forgot us (it was restarted, or our address
changed) is noticed by its silence on pings, and we start anew, with the first ticket if the next
one is not known any more. Sans-IO.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum

from ezp2p.nat.route import Address, Route
from ezp2p.wire.datagram import (
    COOKIE_BYTES,
    RELAY_BIND,
    RELAY_BIND_MIN_BYTES,
    RELAY_BOUND,
    RELAY_CHALLENGE,
    RELAY_HEADER_BYTES,
    RELAYED,
)
from ezp2p.wire.keys import PathKind

RETRY_FIRST_S = 0.1
RETRY_MAX_S = 5.0
REFRESH_S = 15.0
# Silence may be the relay's or only the peer's: ask again, but not often.
LOST_FIRST_S = 1.0
LOST_MAX_S = 10.0
_NO_COOKIE = bytes(COOKIE_BYTES)
# The next ticket fits into a bind.
_LONGEST_BOUND = RELAY_HEADER_BYTES + RELAY_BIND_MIN_BYTES - 1 - COOKIE_BYTES


class RelayState(Enum):
    """How far we are with the relay."""

    ASKING = "asking"
    ANSWERING = "answering"
    BOUND = "bound"
    REFRESHING = "refreshing"


class Tickets:
    """The ticket we got with the call, and the relay's own that followed it."""

    def __init__(self, first: bytes) -> None:
        self._first = first
        self._next: bytes | None = None
        self.current = first

    def follow(self, successor: bytes) -> None:
        """The relay wants to be shown this one from now on."""
        self._next = self.current = successor

    def try_other(self) -> None:
        """This one is not answered: perhaps the relay was restarted and knows but the first."""
        is_first = self.current == self._first
        self.current = self._next if is_first and self._next is not None else self._first


class RelayPlace:
    """One relay that may carry our datagrams."""

    def __init__(self, address: Address, ticket: bytes, now: float) -> None:
        self.route = Route(PathKind.RELAY_UDP, address)
        self.state = RelayState.ASKING
        self.wake_at: float | None = now
        self._tickets = Tickets(ticket)
        self._cookie = _NO_COOKIE
        self._header: bytes | None = None
        self._retry_s = RETRY_FIRST_S
        self._lost_s = LOST_FIRST_S
        self._patient_until = now + LOST_FIRST_S
        self._outbox: deque[bytes] = deque()

    @property
    def usable(self) -> bool:
        """Whether it has ever given us a place; while we ask again, the old one may still do."""
        return self._header is not None

    def wrap(self, data: bytes) -> bytes:
        """Return `data` as the relay wants it; only when `usable`."""
        if self._header is None:
            raise ValueError("the relay has given us no place yet")
        return self._header + data

    def unwrap(self, data: bytes) -> bytes | None:
        """Return what the peer sent through the relay, None for anything else."""
        if len(data) <= RELAY_HEADER_BYTES or data[0] != RELAYED or not self.usable:
            return None
        return data[RELAY_HEADER_BYTES:]

    def receive(self, data: bytes, now: float) -> None:
        """Take an answer of the relay; anything unexpected is ignored."""
        kind = data[0] if data else None
        if kind == RELAY_CHALLENGE and len(data) == 1 + COOKIE_BYTES:
            self._challenged(data[1:], now)
        elif kind == RELAY_BOUND and RELAY_HEADER_BYTES <= len(data) <= _LONGEST_BOUND:
            self._bound(data[1:RELAY_HEADER_BYTES], data[RELAY_HEADER_BYTES:], now)

    def renew(self, ticket: bytes, now: float) -> None:
        """Bind again with a fresh ticket; the old place serves meanwhile."""
        self._tickets = Tickets(ticket)
        self._ask(now)

    def watch(self, now: float, *, silent: bool) -> None:
        """Whether the path through it answers pings: after a while of silence, ask again."""
        if not silent:
            self._lost_s = LOST_FIRST_S
            self._patient_until = now + self._lost_s
        elif self.usable and now >= self._patient_until and self._is_settled:
            self._lost_s = min(2 * self._lost_s, LOST_MAX_S)
            self._patient_until = now + self._lost_s
            self._ask(now)

    def wake(self, now: float) -> None:
        """Bind again if no answer came; to be called at or after `wake_at`."""
        if self.wake_at is None or now < self.wake_at:
            return
        if self.state is RelayState.BOUND:
            self.state = RelayState.REFRESHING
            self._retry_s = RETRY_FIRST_S
        elif self._retry_s >= RETRY_MAX_S:
            # Cookie and ticket may be of a relay that has been restarted since.
            self.state = RelayState.ASKING
            self._cookie = _NO_COOKIE
            self._tickets.try_other()
        self._bind(now)

    def datagrams(self) -> Iterator[bytes]:
        """Yield and forget what the relay shall get."""
        while self._outbox:
            yield self._outbox.popleft()

    @property
    def _is_settled(self) -> bool:
        return self.state in (RelayState.BOUND, RelayState.REFRESHING)

    def _ask(self, now: float) -> None:
        self.state = RelayState.ASKING
        self._cookie = _NO_COOKIE
        self._retry_s = RETRY_FIRST_S
        self.wake_at = now

    def _challenged(self, cookie: bytes, now: float) -> None:
        if self.state is RelayState.BOUND:
            return
        self._cookie = cookie
        # Answered at once only when we had asked: forged challenges shall not make us send.
        # A refreshing place says it with its next bind.
        if self.state is RelayState.ASKING:
            self.state = RelayState.ANSWERING
            self._retry_s = RETRY_FIRST_S
            self._bind(now)

    def _bound(self, allocation: bytes, successor: bytes, now: float) -> None:
        header = bytes((RELAYED,)) + allocation
        # Whoever forges an answer to a refreshing place would have to know its allocation.
        refreshed = self.state is RelayState.REFRESHING and header == self._header
        if self.state is RelayState.ANSWERING or refreshed:
            self.state = RelayState.BOUND
            self._header = header
            self.wake_at = now + REFRESH_S
            if successor:
                # It counts from when it is shown; the one before may be nearly spent.
                self._tickets.follow(successor)
                self.wake_at = now + RETRY_FIRST_S

    def _bind(self, now: float) -> None:
        bind = bytes((RELAY_BIND,)) + self._cookie + self._tickets.current
        self._outbox.append(bind.ljust(RELAY_BIND_MIN_BYTES, b"\0"))
        self.wake_at = now + self._retry_s
        self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)
