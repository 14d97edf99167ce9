"""How a customer and a counselor who share a code come to trust each other's programs.

Two ends without input or output: bodies of signalling's Pass in; bodies, events and a wake-up
time out. Whoever passes the bodies on may lie, and gets a refusal for it.

    state      customer's end                      counselor's end
    WAITING    start() -> Offer                    Offer   -> Answer            spends a try
    SHARING    Answer  -> Confirm  spends a try    Confirm -> Confirm, AGREED
    CONFIRMING Confirm -> AGREED
    AGREED     Sealed  -> candidates               Sealed  -> candidates

Anything else in a state is the other end's error. The counselor says nothing that depends on
the secret before the customer has proved to know it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import msgspec

from ezp2p.base.errors import EzError, PeerError
from ezp2p.link.keys import SessionKeys
from ezp2p.link.pake import Agreement, Meeting, Pake, RandomBytes
from ezp2p.link.seal import Opener, Sealer
from ezp2p.session.tries import Tries
from ezp2p.wire.joining import (
    JOINING,
    JOINING_VERSION,
    MAX_OFFERS,
    SEALED,
    Answer,
    CandidateOffer,
    Candidates,
    Certificate,
    Confirm,
    Offer,
    Sealed,
    SealedMessage,
    SecretKind,
    Welcome,
)
from ezp2p.wire.keys import ErrorKey, PortMapping, Role
from ezp2p.wire.signalling import CallEnd

STEP_S = 20.0  # no step needs a person; a slow line and a slow machine need less
SESSION_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class Agreed:
    """Both ends know the secret; what the link needs from it. Never shown or logged."""

    keys: SessionKeys
    certificate: bytes  # the customer's, DER; authentic, but only its maker vouches for its form
    nonce: bytes  # 32 bytes, for the proof
    session: bytes  # 16 bytes, made by the counselor's program


@dataclass(frozen=True, slots=True)
class CandidatesCame:
    """The other program may be reached there, as it says: addresses not yet looked at.

    `mapping` is what it says that its network does.
    """

    offers: tuple[CandidateOffer, ...]
    mapping: str = PortMapping.UNKNOWN.value


@dataclass(frozen=True, slots=True)
class Failed:
    """No session comes of this call. `hang_up` is what to tell the rendezvous, None for nothing."""

    key: ErrorKey
    tries_left: int
    hang_up: CallEnd | None


JoiningEvent = Agreed | CandidatesCame | Failed


class State(Enum):
    """How far a call has come."""

    WAITING = auto()
    SHARING = auto()
    CONFIRMING = auto()
    AGREED = auto()
    FAILED = auto()


# What we say when we end the call, by what went wrong ...
_SAID: Mapping[str, CallEnd] = {
    ErrorKey.CODE_WRONG: CallEnd.CODE_WRONG,
    ErrorKey.CODE_BURNT: CallEnd.CODE_BURNT,
    ErrorKey.PEER_VERSION: CallEnd.VERSION,
    ErrorKey.PEER_GONE: CallEnd.TIMEOUT,
}
# ... and what it means when we hear it. Only words: a rendezvous can say them too.
_HEARD: Mapping[CallEnd, ErrorKey] = {
    CallEnd.CODE_WRONG: ErrorKey.CODE_WRONG,
    CallEnd.CODE_BURNT: ErrorKey.CODE_BURNT,
    CallEnd.VERSION: ErrorKey.PEER_VERSION,
    CallEnd.PROTOCOL: ErrorKey.PEER_PROTOCOL,
    CallEnd.REFUSED: ErrorKey.CONSENT_REFUSED,
}


class Joining(ABC):
    """What both ends have in common."""

    role: Role

    def __init__(self, site: str, slot: str, tries: Tries, random: RandomBytes) -> None:
        self.wake_at: float | None = None
        self._site = site
        self._slot = slot
        self._tries = tries
        self._random = random
        self._state = State.WAITING
        self._bodies: deque[bytes] = deque()
        self._events: deque[JoiningEvent] = deque()
        self._held: list[tuple[list[CandidateOffer], PortMapping]] = []
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None

    # --- what the program calls

    def receive(self, body: bytes, now: float) -> None:
        """Take a body that claims to come from the other end. Never raises: it fails instead."""
        if self._state is State.FAILED:
            return
        try:
            message = JOINING.decode(body)
            if message is not None:
                self._step(message, now)
        except EzError as error:
            self._fail(self._blame(error))

    def hung_up(self, why: CallEnd) -> None:
        """The rendezvous says that the other end has ended the call."""
        if self._state is State.AGREED and why is CallEnd.DONE:
            return
        self._fail(_HEARD.get(why, ErrorKey.PEER_GONE), said_by_them=True)

    def wake(self, now: float) -> None:
        """Call at or after `wake_at`: a step that takes too long fails."""
        if self.wake_at is not None and now >= self.wake_at:
            self._fail(ErrorKey.PEER_GONE)

    def offer_candidates(
        self, offers: Sequence[CandidateOffer], mapping: PortMapping = PortMapping.UNKNOWN
    ) -> None:
        """Tell the other end where datagrams reach us; kept until both ends have agreed.

        No offers: only what our network does.
        """
        self._held.append((list(offers), mapping))
        if self._state is State.AGREED:
            self._send_candidates()

    def bodies_to_pass(self) -> Iterator[bytes]:
        """Yield and forget what the other end should get, in order."""
        while self._bodies:
            yield self._bodies.popleft()

    def next_events(self) -> Iterator[JoiningEvent]:
        """Yield and forget what happened, in order."""
        while self._events:
            yield self._events.popleft()

    # --- what the ends share

    @abstractmethod
    def _steps(self) -> Mapping[tuple[State, type[Any]], Callable[[Any, float], None]]:
        """Return what each message does in each state; what is not there is an error."""

    def _blame(self, error: EzError) -> ErrorKey:
        return ErrorKey(error.key)

    def _step(self, message: msgspec.Struct, now: float) -> None:
        step = self._steps().get((self._state, type(message)))
        if step is None:
            why = f"{type(message).__name__} while {self._state.name}"
            raise PeerError(ErrorKey.PEER_PROTOCOL, why=why)
        step(message, now)

    def _meeting(self, kind: SecretKind, secret: str) -> Meeting:
        return Meeting(site=self._site, slot=self._slot, kind=kind, secret=secret)

    def _share_keys(self, agreement: Agreement) -> None:
        ours, theirs = agreement.keys.seal_customer, agreement.keys.seal_counselor
        if self.role is Role.COUNSELOR:
            ours, theirs = theirs, ours
        self._sealer, self._opener = Sealer(ours), Opener(theirs)

    def _seal(self, message: SealedMessage) -> tuple[int, bytes]:
        assert self._sealer is not None  # nothing is sealed before both shares are known
        return self._sealer.seal(SEALED.encode(message))

    def _open(self, number: int, box: bytes) -> SealedMessage | None:
        assert self._opener is not None  # the table lets nothing sealed in before
        message: SealedMessage | None = SEALED.decode(self._opener.open(number, box))
        return message

    def _pass(self, message: msgspec.Struct) -> None:
        self._bodies.append(JOINING.encode(message))

    def _enter(self, state: State, now: float) -> None:
        self._state = state
        self.wake_at = None if state is State.AGREED else now + STEP_S

    def _agree(self, agreed: Agreed, now: float) -> None:
        self._enter(State.AGREED, now)
        self._events.append(agreed)
        self._send_candidates()

    def _send_candidates(self) -> None:
        for offers, mapping in self._held:
            for first in range(0, max(1, len(offers)), MAX_OFFERS):
                some = Candidates(offers[first : first + MAX_OFFERS], mapping)
                self._pass(Sealed(*self._seal(some)))
        self._held.clear()

    def _take_sealed(self, message: Sealed, now: float) -> None:
        inside = self._open(message.number, message.box)
        if isinstance(inside, Candidates):
            self._events.append(CandidatesCame(tuple(inside.offers), inside.mapping))
        elif inside is not None:
            raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(inside).__name__)

    def _fail(self, key: ErrorKey, *, said_by_them: bool = False) -> None:
        if self._state is State.FAILED:
            return
        if self._tries.left == 0 and self._state is not State.AGREED:
            key = ErrorKey.CODE_BURNT
        self._state = State.FAILED
        self.wake_at = None
        self._bodies.clear()
        hang_up = None if said_by_them else _SAID.get(key, CallEnd.PROTOCOL)
        self._events.append(Failed(key, self._tries.left, hang_up))


class CustomerJoining(Joining):
    """The end of the person who typed the code, or opened the link."""

    role = Role.CUSTOMER

    def __init__(
        self,
        *,
        secret: str,
        kind: SecretKind,
        site: str,
        slot: str,
        certificate: bytes,
        nonce: bytes,
        tries: Tries,
        random: RandomBytes,
    ) -> None:
        """`certificate` is our QUIC certificate (DER), `nonce` 32 random bytes for the proof."""
        super().__init__(site, slot, tries, random)
        self._kind = kind
        self._certificate = Certificate(certificate, nonce)
        self._pake = Pake(self.role, self._meeting(kind, secret), random)
        self._agreement: Agreement | None = None

    def start(self, now: float) -> None:
        """Begin, or fail at once when no try is left."""
        if self._tries.left == 0:
            self._fail(ErrorKey.CODE_BURNT)
            return
        self._pass(Offer(JOINING_VERSION, self._kind, self._pake.share))
        self._enter(State.SHARING, now)

    def _steps(self) -> Mapping[tuple[State, type[Any]], Callable[[Any, float], None]]:
        return {
            (State.SHARING, Answer): self._confirm,
            (State.CONFIRMING, Confirm): self._check,
            (State.AGREED, Sealed): self._take_sealed,
        }

    def _confirm(self, answer: Answer, now: float) -> None:
        if answer.version != JOINING_VERSION:
            raise PeerError(ErrorKey.PEER_VERSION)
        agreement = self._pake.agree(answer.share, their_version=answer.version)
        # From here on an impostor can tell whether its guess was right.
        self._tries.spend()
        self._agreement = agreement
        self._share_keys(agreement)
        _, box = self._seal(self._certificate)
        self._pass(Confirm(agreement.tag(self.role, self._certificate.der), box))
        self._enter(State.CONFIRMING, now)

    def _check(self, confirm: Confirm, now: float) -> None:
        assert self._agreement is not None  # set on the way into CONFIRMING
        inside = self._open(0, confirm.box)
        self._agreement.check(confirm.tag, self.role.other, self._certificate.der)
        if not isinstance(inside, Welcome):
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="no welcome")
        ours = self._certificate
        self._agree(Agreed(self._agreement.keys, ours.der, ours.nonce, inside.session), now)


@dataclass(frozen=True, slots=True, repr=False)
class SlotSecrets:
    """What opens one slot: the code's five digits, and the link's 128 bits."""

    code: str
    link: str

    def of(self, kind: SecretKind) -> str:
        """Return the secret of this kind."""
        return self.code if kind is SecretKind.CODE else self.link


class CounselorJoining(Joining):
    """The end of the person who waits at a slot; one call at a time."""

    role = Role.COUNSELOR

    def __init__(
        self,
        *,
        secrets: SlotSecrets,
        site: str,
        slot: str,
        tries: Tries,
        random: RandomBytes,
        now: float,
    ) -> None:
        """`tries` is the slot's, shared by all calls at it."""
        super().__init__(site, slot, tries, random)
        self._secrets = secrets
        self._agreement: Agreement | None = None
        self._enter(State.WAITING, now)

    def _steps(self) -> Mapping[tuple[State, type[Any]], Callable[[Any, float], None]]:
        return {
            (State.WAITING, Offer): self._answer,
            (State.SHARING, Confirm): self._welcome,
            (State.AGREED, Sealed): self._take_sealed,
        }

    def _blame(self, error: EzError) -> ErrorKey:
        # The caller could not prove that it knows the secret: most often a misheard digit.
        if self._state is State.SHARING and error.key == ErrorKey.PEER_UNTRUSTED:
            return ErrorKey.CODE_WRONG
        return super()._blame(error)

    def _answer(self, offer: Offer, now: float) -> None:
        if offer.version != JOINING_VERSION:
            raise PeerError(ErrorKey.PEER_VERSION)
        meeting = self._meeting(offer.kind, self._secrets.of(offer.kind))
        pake = Pake(self.role, meeting, self._random)
        self._agreement = pake.agree(offer.share, their_version=offer.version)
        # Whatever the caller does now, aborting included, it may have made its guess.
        self._tries.spend()
        self._share_keys(self._agreement)
        self._pass(Answer(JOINING_VERSION, pake.share))
        self._enter(State.SHARING, now)

    def _welcome(self, confirm: Confirm, now: float) -> None:
        assert self._agreement is not None  # set on the way into SHARING
        inside = self._open(0, confirm.box)
        if not isinstance(inside, Certificate):
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="no certificate")
        self._agreement.check(confirm.tag, self.role.other, inside.der)
        session = self._random(SESSION_BYTES)
        _, box = self._seal(Welcome(session))
        self._pass(Confirm(self._agreement.tag(self.role, inside.der), box))
        self._agree(Agreed(self._agreement.keys, inside.der, inside.nonce, session), now)
