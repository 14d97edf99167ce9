"""How two programs that share a code come to share a key (bodies of signalling's Pass).

    customer                                           counselor
    Offer(version, secret kind, SPAKE2 message)  ->
                                                 <-    Answer(version, SPAKE2 message)
    Confirm(tag, sealed Certificate)             ->    (checked before anything is said back)
                                                 <-    Confirm(tag, sealed Welcome)
    Sealed(Candidates)                          <->    Sealed(Candidates)

MessagePack arrays as on the link. A rendezvous in the middle sees none of the sealed parts and
gets one guess at the secret per call; each end counts the tries for itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from ezp2p.wire.codec import Codec
from ezp2p.wire.keys import PortMapping
from ezp2p.wire.messages.fields import U16, U53, Hash, Line, Message, Word

JOINING_VERSION = 1
CODE_TRIES = 3
MAX_OFFERS = 16  # in one message

Share = Annotated[bytes, Meta(min_length=33, max_length=33)]
Box = Annotated[bytes, Meta(max_length=8192)]


class SecretKind(StrEnum):
    """What the two people share: typed digits or a link."""

    CODE = "code"
    LINK = "link"


class Offer(Message, frozen=True, tag=1):
    """The customer's SPAKE2 message, made with the secret it was given."""

    version: U16
    kind: SecretKind
    share: Share


class Answer(Message, frozen=True, tag=2):
    """The counselor's SPAKE2 message; sending it spends a try."""

    version: U16
    share: Share


class Confirm(Message, frozen=True, tag=3):
    """Proof of the same key, bound to the whole conversation, and the first sealed thing."""

    tag: Hash
    box: Box


class Sealed(Message, frozen=True, tag=4):
    """AES-256-GCM under this direction's key; numbers count up from 1, none is used twice."""

    number: U53
    box: Box


JoiningMessage = Offer | Answer | Confirm | Sealed


class Certificate(Message, frozen=True, tag=1):
    """The customer's QUIC certificate of this session (DER) and the nonce of the proof."""

    der: Annotated[bytes, Meta(max_length=4096)]
    nonce: Hash


class Welcome(Message, frozen=True, tag=2):
    """The counselor accepts; the session's random id, made by the counselor's program."""

    session: Annotated[bytes, Meta(min_length=16, max_length=16)]


class CandidateOffer(Message, frozen=True, tag=3):
    """One place where datagrams may reach us: an address and how we know it.

    A `step` other than 0: our network takes another port for each destination, so many further
    on; the address is of the latest one.
    """

    host: Annotated[str, Meta(max_length=45)]
    port: Annotated[int, Meta(ge=1, le=65535)]
    kind: Line
    step: Annotated[int, Meta(ge=-16, le=16)] = 0


class Candidates(Message, frozen=True, tag=4):
    """More places, and what our network does (PortMapping); may come at any time."""

    offers: Annotated[list[CandidateOffer], Meta(max_length=MAX_OFFERS)]
    mapping: Word = PortMapping.UNKNOWN.value


SealedMessage = Certificate | Welcome | Candidates

JOINING = Codec(JoiningMessage, limit_bytes=10 * 1024)
SEALED = Codec(SealedMessage, limit_bytes=8 * 1024)
