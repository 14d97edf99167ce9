"""The switchboard: who waits, who calls whom, and who has to wait because they guessed.

Commands of the connected come in as method calls with `now`; letters to them, and alarms for
the administrator, go out by `next_letters` and `next_alarms`. It never reads what a call says.

    open_slot ... SlotOpened      join ... Joined + CallArrived      pass_on ... Pass
    left, wake, hang_up ... HangUp to the other end, SlotClosed to the counselor
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ezp2p.base.errors import EzError, PeerError, Unavailable
from ezp2p.rendezvous.calls import Call, Calls
from ezp2p.rendezvous.limits import Alarm, Buckets, Delays, network
from ezp2p.rendezvous.slots import Slot, Slots
from ezp2p.wire.keys import ErrorKey, Role
from ezp2p.wire.signalling import (
    CallArrived,
    CallEnd,
    DiscoveryOffer,
    HangUp,
    Join,
    Joined,
    Pass,
    Problem,
    RelayOffer,
    RendezvousSays,
    SlotClosed,
    SlotOpened,
)

ALARM_FAILURES = 20  # within ...
ALARM_WINDOW_S = 3600.0
_FREE_FAILURES = 3  # a code takes three tries; who burnt one may ask for another at once
_FIRST_DELAY_S = 2.0
_LONGEST_DELAY_S = 300.0
_JOINS_PER_S = 1.0  # an address' calls, right or wrong: 1,000 slots are not scanned in a moment
_JOINS_AT_ONCE = 20
_OPENINGS_PER_S = 0.2  # an account's slots: a site has 1,000 numbers, each busy for 20 minutes
_OPENINGS_AT_ONCE = 30
# The counselor's program says these when the customer's did not hold the code ...
_WRONG = frozenset({CallEnd.CODE_WRONG, CallEnd.CODE_BURNT})
# ... and these when it fell silent or talked nonsense, perhaps to hide a wrong guess.
_DOUBTFUL = frozenset({CallEnd.PROTOCOL, CallEnd.TIMEOUT})


class Relays(Protocol):
    """Who gives a call its relays."""

    def offers(self, call: str, role: Role) -> list[RelayOffer]:
        """Return relays with this role's tickets for this call."""
        ...


@dataclass(frozen=True, slots=True)
class Counselor:
    """A logged-in connection."""

    peer: str
    site: str
    company: str
    account_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Customer:
    """An anonymous connection, and where it comes from."""

    peer: str
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message for a connection."""

    peer: str
    message: RendezvousSays


@dataclass(frozen=True, slots=True)
class GuessingNoticed:
    """So many codes failed at a site within an hour; the latest from `address`."""

    site: str
    address: str


class Switchboard:
    """All slots and calls of this rendezvous."""

    def __init__(
        self,
        chance: random.Random,
        relays: Relays,
        *,
        call_timeout_s: float,
        discovery: DiscoveryOffer | None = None,
    ) -> None:
        """`discovery` is where both ends of every call may ask for their own addresses."""
        self._slots = Slots(chance)
        self._calls = Calls(chance, timeout_s=call_timeout_s)
        self._relays = relays
        self._discovery = discovery
        self._counselors: dict[str, Counselor] = {}
        self._guesses = Delays(
            free=_FREE_FAILURES, first_s=_FIRST_DELAY_S, longest_s=_LONGEST_DELAY_S
        )
        self._joins = Buckets(_JOINS_PER_S, _JOINS_AT_ONCE)
        self._openings = Buckets(_OPENINGS_PER_S, _OPENINGS_AT_ONCE)
        self._failures: dict[str, Alarm] = {}
        self._letters: deque[Letter] = deque()
        self._alarms: deque[GuessingNoticed] = deque()

    def next_letters(self) -> Iterator[Letter]:
        """Yield and forget what must be sent, in order."""
        while self._letters:
            yield self._letters.popleft()

    def next_alarms(self) -> Iterator[GuessingNoticed]:
        """Yield and forget what the administrator must hear."""
        while self._alarms:
            yield self._alarms.popleft()

    def waiting(self, site: str) -> int:
        """Return how many customers could call this site right now."""
        return sum(self._calls.at(slot) is None for slot in self._slots.waiting(site))

    # --- the counselor's requests

    def open_slot(self, counselor: Counselor, now: float) -> None:
        """Give the counselor a number. Raises EzError: slots.full, server.busy."""
        wait_s = self._openings.take(counselor.account_id, now)
        if wait_s > 0:
            raise Unavailable(ErrorKey.SERVER_BUSY, seconds=wait_s)
        slot = self._slots.open(counselor.site, counselor.account_id, counselor.peer, now)
        self._counselors[counselor.peer] = counselor
        self._tell(counselor.peer, SlotOpened(number=slot.number, life_s=slot.ends_at - now))

    def close_slot(self, counselor: Counselor, number: str, now: float) -> None:
        """Close a slot of this connection; anybody calling there is hung up on."""
        slot = self._slots.find(counselor.site, number)
        if slot is None or slot.peer != counselor.peer:
            return  # it has just expired
        self._close(slot, "closed", now)
        call = self._calls.at(slot)
        if call is not None:
            self._end(call, now, {call.customer: CallEnd.GONE})

    # --- the customer's request

    def join(self, customer: Customer, request: Join, now: float) -> None:
        """Call the counselor who waits there.

        Raises EzError: code.wait (with `seconds`), code.expired, code.busy; PeerError for a
        second call at a time.
        """
        stranger = network(customer.address)
        wait_s = self._guesses.wait(stranger, now) or self._joins.take(stranger, now)
        if wait_s > 0:
            raise EzError(ErrorKey.CODE_WAIT, seconds=wait_s)
        if self._calls.of_peer(customer.peer):
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="one call at a time")
        slot = self._slots.find(request.site, request.slot)
        if slot is None:
            raise EzError(ErrorKey.CODE_EXPIRED)
        if self._calls.at(slot) is not None:
            raise EzError(ErrorKey.CODE_BUSY)
        self._connect(customer, slot, now)

    # --- both

    def pass_on(self, peer: str, message: Pass) -> None:
        """Hand a joining message to the other end; one for an ended call is dropped."""
        call = self._calls.live(message.call, peer)
        if call is None:
            return
        if peer == call.counselor:
            call.answered = True
        self._tell(call.other(peer), message)

    def hang_up(self, peer: str, message: HangUp, now: float) -> None:
        """End a call, and learn from the counselor's end how it went."""
        call = self._calls.live(message.call, peer)
        if call is not None:
            self._leave(call, peer, message.why, now)
        elif (call := self._calls.ended(message.call, peer)) is None:
            return
        if peer == call.counselor:
            self._judge(call, message.why, now)

    def left(self, peer: str, now: float) -> None:
        """The connection is gone: so are its calls and slots."""
        for call in self._calls.of_peer(peer):
            self._leave(call, peer, CallEnd.GONE, now)
        for slot in self._slots.of_peer(peer):
            self._slots.close(slot, now)
        self._counselors.pop(peer, None)

    def wake(self, now: float) -> None:
        """Look at the clock, every second or so: slots expire, unfinished calls time out."""
        for slot in self._slots.expired(now):
            self._tell(slot.peer, SlotClosed(number=slot.number, why="expired"))
        for call in self._calls.timed_out(now):
            both = dict.fromkeys((call.customer, call.counselor), CallEnd.TIMEOUT)
            self._end(call, now, both)
            if call.answered:
                self._book_failure(call, now)

    # --- rules

    def _connect(self, customer: Customer, slot: Slot, now: float) -> None:
        call = self._calls.begin(slot, customer.peer, customer.address, now)
        counselor = self._counselors[slot.peer]
        joined = Joined(
            call=call.id,
            company=counselor.company,
            counselor=counselor.name,
            relays=self._relays.offers(call.id, Role.CUSTOMER),
            discovery=self._discovery,
        )
        arrived = CallArrived(
            number=slot.number,
            call=call.id,
            address=customer.address,
            relays=self._relays.offers(call.id, Role.COUNSELOR),
            discovery=self._discovery,
        )
        self._tell(customer.peer, joined)
        self._tell(slot.peer, arrived)

    def _leave(self, call: Call, peer: str, why: CallEnd, now: float) -> None:
        self._end(call, now, {call.other(peer): why})
        # Who leaves after the counselor's answer has had a guess; DONE may still excuse it.
        if peer == call.customer and call.answered:
            self._book_failure(call, now)

    def _judge(self, call: Call, why: CallEnd, now: float) -> None:
        if why is CallEnd.DONE:
            self._slots.close(call.slot, now)
            self._guesses.forgive(network(call.address))
            self._calls.settle(call)
        elif why in _WRONG or (why in _DOUBTFUL and call.answered):
            self._book_failure(call, now)
            self._calls.settle(call)

    def _book_failure(self, call: Call, now: float) -> None:
        if call.failed:
            return
        call.failed = True
        self._guesses.failed(network(call.address), now)
        site = call.slot.site
        alarm = self._failures.setdefault(site, Alarm(ALARM_FAILURES, ALARM_WINDOW_S))
        if alarm.rings(now):
            self._alarms.append(GuessingNoticed(site, call.address))

    def _end(self, call: Call, now: float, told: dict[str, CallEnd]) -> None:
        self._calls.end(call, now)
        for peer, why in told.items():
            self._tell(peer, HangUp(call=call.id, why=why))

    def _close(self, slot: Slot, why: str, now: float) -> None:
        self._slots.close(slot, now)
        self._tell(slot.peer, SlotClosed(number=slot.number, why=why))

    def _tell(self, peer: str, message: RendezvousSays) -> None:
        self._letters.append(Letter(peer, message))


def problem(error: EzError) -> Problem:
    """Return the answer to a request that cannot be."""
    seconds = error.fields.get("seconds", 0.0)
    return Problem(key=error.key, wait_s=seconds if isinstance(seconds, float) else 0.0)
