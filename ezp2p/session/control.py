"""The two ends of the session channel: hello, asking and granting, echo, the end.

counselor                     customer
Hello              <->        Hello          first from both; versions are compared
AskGrants           ->
                   <-         GrantsChanged  after the customer's answer, and at each change
Echo               <->        Echoed         once a second, for the round trip people read
LaneOffer, AskLane <->        LaneMissed     a bulk lane beside the link (session/lanes.py)
Reachable          <->        Reachable      where datagrams may reach the sender
End                <->        End
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.wire.joining import MAX_OFFERS, CandidateOffer
from ezp2p.wire.keys import EndReason, ErrorKey, Grant, PortMapping
from ezp2p.wire.messages import session as words

ECHO_EVERY_S = 1.0
HELLO_WITHIN_S = 20.0  # of the link's opening; programs greet without a person


@dataclass(frozen=True, slots=True)
class Greeted:
    """The other program said who it is, and speaks our version."""

    hello: words.Hello


@dataclass(frozen=True, slots=True)
class VersionRefused:
    """The other program speaks another version."""

    theirs: int


@dataclass(frozen=True, slots=True)
class HelloMissed:
    """The other program has not said who it is in time."""


@dataclass(frozen=True, slots=True)
class GrantsAsked:
    """The counselor would like these."""

    grants: tuple[Grant, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class GrantsAnnounced:
    """The customer allows exactly these; `answer` as in GrantsChanged."""

    granted: frozenset[Grant]
    answer: int


@dataclass(frozen=True, slots=True)
class RoundTripMeasured:
    """From program to program and back, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class LaneSaid:
    """The other program said something about a bulk lane."""

    message: words.LaneOffer | words.LaneMissed | words.AskLane


@dataclass(frozen=True, slots=True)
class AddressesTold:
    """The other program may be reached there, as it says; and what its network does."""

    offers: tuple[CandidateOffer, ...]
    mapping: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The other side ended the session."""

    reason: EndReason


ControlEvent = (
    Greeted
    | VersionRefused
    | HelloMissed
    | GrantsAsked
    | GrantsAnnounced
    | RoundTripMeasured
    | LaneSaid
    | AddressesTold
    | Ended
)


class ControlEnd(End[ControlEvent]):
    """What both sides do on this channel."""

    def __init__(self, hello: words.Hello) -> None:
        super().__init__()
        self._greeted = False
        self._echoes: dict[int, float] = {}
        self._echo_number = 0
        self._send(hello)

    def expect_hello(self, now: float) -> None:
        """The link is open: the other program has so long to say who it is."""
        if not self._greeted:
            self.wake_at = now + HELLO_WITHIN_S

    def start_echo(self, now: float) -> None:
        """Measure the round trip now and then again each second."""
        self._echo(now)

    def wake(self, now: float) -> None:
        """Send the next echo, or tell that there was no hello."""
        if self._greeted:
            self._echo(now)
        else:
            self.wake_at = None
            self._tell(HelloMissed())

    def tell_addresses(self, offers: Sequence[CandidateOffer], mapping: PortMapping) -> None:
        """Tell the other program where it may reach us; none: only what our network does."""
        for first in range(0, max(1, len(offers)), MAX_OFFERS):
            self._send(words.Reachable(list(offers[first : first + MAX_OFFERS]), mapping))

    def say_end(self, reason: EndReason) -> None:
        """Tell the other side that the session is over."""
        self._send(words.End(reason))

    def say_lane(self, message: words.LaneOffer | words.LaneMissed | words.AskLane) -> None:
        """Tell the other side something about a bulk lane."""
        self._send(message)

    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Take a message; whatever comes before Hello is the peer's error."""
        match message:
            case words.Hello() if not self._greeted:
                self._greet(message)
            case words.End(reason):
                self._tell(Ended(reason))
            case _ if not self._greeted:
                raise PeerError(ErrorKey.PEER_PROTOCOL, why="no hello")
            case words.Echo(number):
                self._send(words.Echoed(number))
            case words.Echoed(number):
                sent_at = self._echoes.pop(number, None)
                if sent_at is not None:
                    self._tell(RoundTripMeasured(now - sent_at))
            case words.LaneOffer() | words.LaneMissed() | words.AskLane():
                self._tell(LaneSaid(message))
            case words.Reachable(offers, mapping):
                self._tell(AddressesTold(tuple(offers), mapping))
            case _:
                self._receive_own(message)

    def _receive_own(self, message: msgspec.Struct) -> None:
        raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(message).__name__)

    def _greet(self, hello: words.Hello) -> None:
        self._greeted = True
        self.wake_at = None
        if hello.version != words.PROTOCOL_VERSION:
            self._tell(VersionRefused(hello.version))
        else:
            self._tell(Greeted(hello))

    def _echo(self, now: float) -> None:
        self._echo_number += 1
        # A silent peer must not make us remember for ever.
        if len(self._echoes) > 60:
            self._echoes.clear()
        self._echoes[self._echo_number] = now
        self._send(words.Echo(self._echo_number))
        self.wake_at = now + ECHO_EVERY_S


class CustomerControl(ControlEnd):
    """The customer's end: is asked, and announces what is allowed."""

    def announce_grants(self, granted: frozenset[Grant], *, answer: int = 0) -> None:
        """Tell the counselor what is allowed from now on."""
        self._send(words.GrantsChanged(sorted(granted), answer))

    def _receive_own(self, message: msgspec.Struct) -> None:
        if not isinstance(message, words.AskGrants):
            return super()._receive_own(message)
        if message.grants:
            self._tell(GrantsAsked(tuple(dict.fromkeys(message.grants)), message.reason))
        return None


class CounselorControl(ControlEnd):
    """The counselor's end: asks, and is told."""

    def ask_grants(self, grants: tuple[Grant, ...], reason: str = "") -> None:
        """Ask the customer for these."""
        self._send(words.AskGrants(list(grants), reason))

    def _receive_own(self, message: msgspec.Struct) -> None:
        if not isinstance(message, words.GrantsChanged):
            return super()._receive_own(message)
        self._tell(GrantsAnnounced(frozenset(message.granted), message.answer))
        return None
