"""A counselor's waiting slots: up to five places where a customer may call.

    OPENING --opened--> WAITING --called--> CALLING --agreed--> SESSION --over--> OPENING
       ^                   |                   |
       +--expired, burnt, renewed--------------+--failed--> WAITING

A place keeps its number of the row (1 to 5); its public number, its code and its link are new
each time it opens. The secrets are made here and never leave but by the counselor's mouth, the
link and the QR code. No socket lives here: messages for the rendezvous wait in `outbox`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ezp2p.base.errors import UsageError
from ezp2p.session.tries import Tries
from ezp2p.wire.bridge import SlotState
from ezp2p.wire.code import AccessCode, new_secret
from ezp2p.wire.invitation import Invitation, ServerAddress, new_link_secret
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import MAX_SLOTS, SLOT_LIFE_S, CloseSlot, OpenSlot

SlotRequest = OpenSlot | CloseSlot


@dataclass(slots=True)
class Slot:
    """One place in the row; number, code and link are empty while it opens."""

    place: int
    state: SlotState = SlotState.OPENING
    number: str = ""
    code: AccessCode | None = None
    invitation: Invitation | None = None
    until: float = 0.0
    tries: Tries = field(default_factory=Tries)
    caller: str = ""
    problem: str = ""
    session: int = 0


@dataclass
class Slots:
    """All places of one counselor."""

    server: ServerAddress
    places: dict[int, Slot] = field(default_factory=dict)
    outbox: deque[SlotRequest] = field(default_factory=deque)
    _opening: deque[int] = field(default_factory=deque)

    def add(self) -> Slot:
        """Wait for one more customer; raises UsageError(slots.full) beyond five."""
        free = [place for place in range(1, MAX_SLOTS + 1) if place not in self.places]
        if not free:
            raise UsageError(ErrorKey.SLOTS_FULL, n=MAX_SLOTS)
        slot = self.places[free[0]] = Slot(free[0])
        self._open(slot)
        return slot

    def remove(self, place: int) -> None:
        """Stop waiting there; a place with a call or a session stays."""
        slot = self.places.get(place)
        if slot is not None and slot.state in (SlotState.OPENING, SlotState.WAITING):
            self._close(slot)
            del self.places[place]

    def renew(self, place: int, problem: str = "") -> None:
        """Open the place anew with another number and other secrets; `problem` says why.

        One with a session stays, and so does one that is being opened already.
        """
        slot = self.places.get(place)
        under_way = slot is not None and slot.state is SlotState.OPENING and place in self._opening
        if slot is not None and slot.state is not SlotState.SESSION and not under_way:
            self._close(slot)
            self._open(slot, problem)

    def opened(self, number: str, life_s: float, now: float) -> Slot | None:
        """Take the number for the place that has waited longest; None if none waits."""
        while self._opening:
            slot = self.places.get(self._opening.popleft())
            if slot is None or slot.state is not SlotState.OPENING:
                continue
            slot.state = SlotState.WAITING
            slot.number = number
            slot.code = AccessCode(number, new_secret())
            slot.invitation = Invitation(self.server, number, new_link_secret())
            # No longer than ours, whatever the rendezvous says (it may say "nan").
            slot.until = now + (life_s if 0 <= life_s <= SLOT_LIFE_S else SLOT_LIFE_S)
            slot.tries = Tries()
            return slot
        self.outbox.append(CloseSlot(number=number))
        return None

    def closed(self, number: str) -> Slot | None:
        """The rendezvous closed this number (its time was over): open the place again."""
        slot = self.at(number)
        if slot is None or slot.state is not SlotState.WAITING:
            return None
        slot.number = ""
        self._open(slot)
        return slot

    def refused(self, problem: str) -> Slot | None:
        """The rendezvous would not open the place that has waited longest."""
        while self._opening:
            slot = self.places.get(self._opening.popleft())
            if slot is not None and slot.state is SlotState.OPENING:
                slot.problem = problem
                return slot
        return None

    def called(self, number: str, caller: str) -> Slot | None:
        """Somebody calls; None if nobody waits under this number."""
        slot = self.at(number)
        if slot is None or slot.state is not SlotState.WAITING:
            return None
        slot.state, slot.caller, slot.problem = SlotState.CALLING, caller, ""
        return slot

    def failed(self, slot: Slot, problem: str) -> None:
        """The call came to nothing; after the last try the place gets new secrets."""
        if slot.state is not SlotState.CALLING:
            return
        slot.state, slot.caller, slot.problem = SlotState.WAITING, "", problem
        if slot.tries.left <= 0:
            self.renew(slot.place, ErrorKey.CODE_BURNT)

    def agreed(self, slot: Slot, session: int) -> None:
        """The call became a session; its number is used up."""
        slot.state, slot.session, slot.problem = SlotState.SESSION, session, ""
        slot.code = slot.invitation = None

    def over(self, session: int) -> None:
        """The session has ended: the place waits again."""
        for slot in self.places.values():
            if slot.state is SlotState.SESSION and slot.session == session:
                slot.session = 0
                self._close(slot)
                self._open(slot)

    def connection_lost(self) -> None:
        """The rendezvous forgets every number with the connection: open all places anew."""
        self.outbox.clear()
        self._opening.clear()
        for slot in self.places.values():
            slot.number = ""
            if slot.state is not SlotState.SESSION:
                self._open(slot)

    def at(self, number: str) -> Slot | None:
        """Return the place with this public number."""
        return next((s for s in self.places.values() if number and s.number == number), None)

    def _open(self, slot: Slot, problem: str = "") -> None:
        slot.state, slot.problem, slot.caller = SlotState.OPENING, problem, ""
        slot.number, slot.code, slot.invitation = "", None, None
        self._opening.append(slot.place)
        self.outbox.append(OpenSlot())

    def _close(self, slot: Slot) -> None:
        if slot.number:
            self.outbox.append(CloseSlot(number=slot.number))
        slot.number = ""
