"""The session channel: who is there, what is allowed, and how it ends.

    counselor -> customer   Proof, Hello, AskGrants, Echo, End
    customer  -> counselor  Hello, GrantsChanged, Echoed, End (and Echo, Echoed both ways)
    both ways               LaneOffer, LaneMissed, AskLane
    both ways               Reachable, at once and whenever there is something new

`Proof` is the first thing a counselor says; a customer answers nothing else before it fits.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ezp2p.wire.joining import MAX_OFFERS, CandidateOffer
from ezp2p.wire.keys import EndReason, Grant, PortMapping
from ezp2p.wire.messages.fields import U8, U16, U32, Hash, Line, Message, Word

PROTOCOL_VERSION = 1

Grants = Annotated[list[Grant], Meta(max_length=32)]
Features = Annotated[list[Word], Meta(max_length=64)]


class Proof(Message, frozen=True, tag=1):
    """HMAC-SHA256(proof key, role | certificate fingerprint | nonce | session id)."""

    mac: Hash


class Hello(Message, frozen=True, tag=2):
    """What a program speaks: protocol version, program version, system, optional features."""

    version: U16
    program: Word
    system: Word
    name: Line
    features: Features = []


class AskGrants(Message, frozen=True, tag=3):
    """The counselor would like these; `reason` is what the counselor typed about it, if so."""

    grants: Grants
    reason: Line = ""


class GrantsChanged(Message, frozen=True, tag=4):
    """What the customer allows from now on: the whole list, not a difference.

    `answer` is 0 when it changed on its own, 1 after a yes, 2 after a no, 3 after a time-out.
    """

    granted: Grants
    answer: U8 = 0


class Echo(Message, frozen=True, tag=5):
    """Please send this number back: measures the round trip between the two programs."""

    number: U32


class Echoed(Message, frozen=True, tag=6):
    """The number of an Echo, back."""

    number: U32


class End(Message, frozen=True, tag=7):
    """The session is over, and why."""

    reason: EndReason


class LaneOffer(Message, frozen=True, tag=8):
    """We listen on this TCP port for a bulk lane of this number; what each end must show."""

    number: U32
    port: Annotated[int, Meta(ge=1, le=65535)]
    callers_pass: Hash
    hosts_pass: Hash


class LaneMissed(Message, frozen=True, tag=9):
    """The lane that was offered or asked for under this number cannot be opened so."""

    number: U32


class AskLane(Message, frozen=True, tag=10):
    """Our offer under this number was of no use: please listen, and offer it yourself."""

    number: U32


class Reachable(Message, frozen=True, tag=11):
    """More addresses of the sender, and what its network does; as Candidates in joining.

    They are said again here, since what went through a rendezvous may have been dropped there.
    """

    offers: Annotated[list[CandidateOffer], Meta(max_length=MAX_OFFERS)]
    mapping: Word = PortMapping.UNKNOWN.value


SessionMessage = (
    Proof
    | Hello
    | AskGrants
    | GrantsChanged
    | Echo
    | Echoed
    | End
    | LaneOffer
    | LaneMissed
    | AskLane
    | Reachable
)
