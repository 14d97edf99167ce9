"""The way back of one session: how its two programs meet again when no path is left.

    lost --SeekReunion--> rendezvous --Reunited--> Hail <-> Hail --Letter--> the other's addresses
    found --LeaveReunion--> rendezvous

The link lives on all the while and is mended as soon as one address answers; nothing is asked
and nothing agreed anew, since both ends hold the session's keys. The rendezvous learns a name
that says nothing, and may lie: what does not open is dropped.

Sans-IO: signalling's messages in; messages and events out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ezp2p.base.errors import PeerError
from ezp2p.link.keys import KEY_BYTES
from ezp2p.link.pake import RandomBytes
from ezp2p.link.seal import Opener, Sealer
from ezp2p.wire.joining import SEALED, CandidateOffer, Candidates
from ezp2p.wire.keys import Role
from ezp2p.wire.reunion import REUNION, Hail, Letter
from ezp2p.wire.signalling import (
    CallEnd,
    HangUp,
    LeaveReunion,
    Pass,
    RelayOffer,
    Reunited,
    SeekReunion,
)

NONCE_BYTES = 32
NAME_BYTES = 16
OFFERS_AT_ONCE = 16  # as many as a Candidates message may hold

Saying = SeekReunion | LeaveReunion | Pass
Hearing = Reunited | Pass | HangUp


@dataclass(frozen=True, slots=True)
class AddressesCame:
    """The other program says that it may be reached there now."""

    offers: tuple[CandidateOffer, ...]


@dataclass(frozen=True, slots=True)
class RelaysOffered:
    """The rendezvous gives us both fresh tickets for these."""

    relays: tuple[RelayOffer, ...]


ReunionEvent = AddressesCame | RelaysOffered


class Reunion:
    """One end. Say `lost` and `found`, and `line_opened` when a line to the rendezvous is new."""

    def __init__(
        self,
        resume_key: bytes,
        role: Role,
        random: RandomBytes,
        addresses: Callable[[], Sequence[CandidateOffer]],
    ) -> None:
        """`resume_key` is the session's; `addresses` tells where we may be reached right now."""
        self.name = _derive(resume_key, b"", b"reunion name")[:NAME_BYTES].hex()
        self._key = resume_key
        self._role = role
        self._random = random
        self._addresses = addresses
        self._seeking = False
        self._call: str | None = None
        self._nonce = b""
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None
        self._outbox: deque[Saying] = deque()
        self._events: deque[ReunionEvent] = deque()

    # --- what the session says

    def lost(self) -> None:
        """No path leads to the other program any more: look for it."""
        if not self._seeking:
            self._seeking = True
            self._outbox.append(SeekReunion(reunion=self.name))

    def found(self) -> None:
        """It answers again, or the session is over: stop looking."""
        if self._seeking:
            self._seeking = False
            self._hang_up()
            self._outbox.append(LeaveReunion(reunion=self.name))

    def line_opened(self) -> None:
        """Our line to the rendezvous is a new one; the old one's call is gone with it."""
        self._hang_up()
        self._outbox.clear()
        if self._seeking:
            self._outbox.append(SeekReunion(reunion=self.name))

    def addresses_changed(self) -> None:
        """We may be reached elsewhere now: say so, if we are talking."""
        if self._sealer is not None:
            self._send_addresses(self._sealer)

    # --- what the rendezvous says

    def concerns(self, message: object) -> bool:
        """Whether this message of the rendezvous is for this session."""
        match message:
            case Reunited(reunion=name):
                return name == self.name
            case Pass(call=call) | HangUp(call=call):
                return call == self._call
        return False

    def take(self, message: Hearing) -> None:
        """Take a message that `concerns` us; what is not the other end's is dropped."""
        match message:
            case Reunited(call=call, relays=relays):
                self._begin(call, relays)
            case Pass(body=body):
                self._receive(body)
            case HangUp(why=why):
                self._hang_up()
                # The other end's line broke, or it has come back by another.
                if self._seeking and why is not CallEnd.DONE:
                    self._outbox.append(SeekReunion(reunion=self.name))

    def messages_to_send(self) -> Iterator[Saying]:
        """Yield and forget what the rendezvous should hear."""
        while self._outbox:
            yield self._outbox.popleft()

    def next_events(self) -> Iterator[ReunionEvent]:
        """Yield and forget what has become known."""
        while self._events:
            yield self._events.popleft()

    # --- one thing each

    def _begin(self, call: str, relays: Sequence[RelayOffer]) -> None:
        self._call = call
        self._sealer = self._opener = None
        self._nonce = self._random(NONCE_BYTES)
        self._outbox.append(Pass(call=call, body=REUNION.encode(Hail(self._nonce))))
        if relays:
            self._events.append(RelaysOffered(tuple(relays)))

    def _hang_up(self) -> None:
        self._call = self._sealer = self._opener = None

    def _receive(self, body: bytes) -> None:
        try:
            message = REUNION.decode(body)
            if isinstance(message, Hail) and self._sealer is None:
                self._hailed(message.nonce)
            elif isinstance(message, Letter) and self._opener is not None:
                self._read(SEALED.decode(self._opener.open(message.number, message.box)))
        except PeerError:
            return

    def _hailed(self, nonce: bytes) -> None:
        ours, theirs = self._nonce, nonce
        salt = ours + theirs if self._role is Role.CUSTOMER else theirs + ours
        keys = {
            role: _derive(self._key, salt, f"reunion seal {role}".encode())
            for role in (Role.CUSTOMER, Role.COUNSELOR)
        }
        self._sealer = Sealer(keys[self._role])
        self._opener = Opener(keys[self._role.other])
        self._send_addresses(self._sealer)

    def _send_addresses(self, sealer: Sealer) -> None:
        assert self._call is not None  # there is a sealer only within a call
        offers = list(self._addresses())
        for first in range(0, len(offers), OFFERS_AT_ONCE):
            some = Candidates(offers[first : first + OFFERS_AT_ONCE])
            letter = Letter(*sealer.seal(SEALED.encode(some)))
            self._outbox.append(Pass(call=self._call, body=REUNION.encode(letter)))

    def _read(self, inside: object) -> None:
        if isinstance(inside, Candidates):
            self._events.append(AddressesCame(tuple(inside.offers)))


def _derive(key: bytes, salt: bytes, label: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt, b"ezp2p/1 " + label).derive(key)
