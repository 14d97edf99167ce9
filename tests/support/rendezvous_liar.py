"""A rendezvous in memory that may do with the bodies what it likes.

It stands between two joining ends (or between one end and an impostor of its own), takes every
body they pass and delivers what its `trick` makes of it. Without a trick it is honest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ezp2p.session.joining import (
    Agreed,
    CandidatesCame,
    CounselorJoining,
    CustomerJoining,
    Failed,
    Joining,
    JoiningEvent,
)
from ezp2p.wire.keys import Role


@dataclass(frozen=True, slots=True)
class Letter:
    """A body, who passed it, and its place among all that its sender has passed (from 0)."""

    sender: Role
    place: int
    body: bytes


# What becomes of a letter: (receiver, body) pairs in the order of delivery.
Delivery = list[tuple[Role, bytes]]
Trick = Callable[[Letter], Delivery]


def honest(letter: Letter) -> Delivery:
    """Pass it on."""
    return [(letter.sender.other, letter.body)]


@dataclass
class Told:
    """What one end told its program."""

    agreed: list[Agreed] = field(default_factory=list)
    candidates: list[CandidatesCame] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    def note(self, event: JoiningEvent) -> None:
        """Put the event on its list."""
        match event:
            case Agreed():
                self.agreed.append(event)
            case CandidatesCame():
                self.candidates.append(event)
            case Failed():
                self.failed.append(event)


class Liar:
    """Carries a call between two ends until neither has anything more to say."""

    def __init__(
        self, customer: CustomerJoining, counselor: CounselorJoining, trick: Trick = honest
    ) -> None:
        self.now = 0.0
        self.told = {Role.CUSTOMER: Told(), Role.COUNSELOR: Told()}
        self.letters: list[Letter] = []
        self._ends: dict[Role, Joining] = {Role.CUSTOMER: customer, Role.COUNSELOR: counselor}
        self._trick = trick

    def run(self) -> None:
        """Deliver bodies and hang-ups until all is quiet."""
        busy = True
        while busy:
            busy = False
            for role, end in self._ends.items():
                for body in end.bodies_to_pass():
                    busy = True
                    self._deliver(role, body)
                for event in end.next_events():
                    busy = True
                    self.told[role].note(event)
                    if isinstance(event, Failed) and event.hang_up is not None:
                        self._ends[role.other].hung_up(event.hang_up)

    def wait(self, seconds: float) -> None:
        """Let time pass, wake whoever asked for it, then run."""
        self.now += seconds
        for end in self._ends.values():
            end.wake(self.now)
        self.run()

    def keys_agreed(self) -> int:
        """Return how many of the two ends believe in a key."""
        return sum(len(told.agreed) for told in self.told.values())

    def _deliver(self, sender: Role, body: bytes) -> None:
        place = sum(letter.sender is sender for letter in self.letters)
        letter = Letter(sender, place, body)
        self.letters.append(letter)
        for receiver, delivered in self._trick(letter):
            self._ends[receiver].receive(delivered, self.now)
