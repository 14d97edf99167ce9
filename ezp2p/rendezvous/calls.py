"""Calls: one customer and one counselor who are joining at a slot, and how calls went.

A call lasts until somebody hangs up or its time is over. For a while after, its verdict may
still come in: the customer's program may leave before the counselor's says that they have met.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ezp2p.rendezvous.slots import Slot

VERDICT_S = 60.0  # how long after its end a call is remembered


@dataclass(slots=True, kw_only=True)
class Call:
    """One joining. `customer` and `counselor` are connections, `address` is the customer's."""

    id: str
    slot: Slot
    customer: str
    counselor: str
    address: str
    ends_at: float
    answered: bool = False  # the counselor's end has said something: a guess may be spent
    failed: bool = False  # already booked as a failure

    def other(self, peer: str) -> str:
        """Return the connection at the other end."""
        return self.counselor if peer == self.customer else self.customer


class Calls:
    """The calls that go on, and those that ended a moment ago."""

    def __init__(self, chance: random.Random, *, timeout_s: float) -> None:
        self._chance = chance
        self._timeout_s = timeout_s
        self._live: dict[str, Call] = {}
        self._ended: dict[str, tuple[Call, float]] = {}  # until when remembered, oldest first

    def begin(self, slot: Slot, customer: str, address: str, now: float) -> Call:
        """Connect a customer with the counselor at `slot`."""
        call = Call(
            id=f"{self._chance.getrandbits(128):032x}",
            slot=slot,
            customer=customer,
            counselor=slot.peer,
            address=address,
            ends_at=now + self._timeout_s,
        )
        self._live[call.id] = call
        return call

    def live(self, call_id: str, peer: str) -> Call | None:
        """Return the call that goes on under this id, if `peer` is part of it."""
        call = self._live.get(call_id)
        return call if call and peer in (call.customer, call.counselor) else None

    def ended(self, call_id: str, peer: str) -> Call | None:
        """Return the call that ended a moment ago, if `peer` was part of it."""
        call, _ = self._ended.get(call_id, (None, 0.0))
        return call if call and peer in (call.customer, call.counselor) else None

    def at(self, slot: Slot) -> Call | None:
        """Return the call that goes on at a slot."""
        return next((call for call in self._live.values() if call.slot == slot), None)

    def of_peer(self, peer: str) -> list[Call]:
        """Return the calls that a connection is part of."""
        return [c for c in self._live.values() if peer in (c.customer, c.counselor)]

    def end(self, call: Call, now: float) -> None:
        """The call is over; remember it for its verdict."""
        if self._live.pop(call.id, None) is not None:
            self._ended[call.id] = (call, now + VERDICT_S)

    def settle(self, call: Call) -> None:
        """The verdict is in."""
        self._ended.pop(call.id, None)

    def timed_out(self, now: float) -> list[Call]:
        """Return the live calls whose time is over; forget the ended ones nobody judged."""
        self._ended = {key: value for key, value in self._ended.items() if value[1] > now}
        return [call for call in self._live.values() if call.ends_at <= now]
