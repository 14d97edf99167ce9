"""Reunions: the two programs of a session that lost each other, and meet again here.

    seek(name) by the customer --+
                                 +--> Reunited to both, then Pass as they like, HangUp
    seek(name) by the counselor -+

A name is 128 bits that only the two know, so there is nothing to guess and nobody to ask. Who
seeks anew, because its line broke, ends the call that goes on under the name: the other end
hears a HangUp and seeks anew, too. Sans-IO, as switchboard.py is.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ezp2p.base.errors import Unavailable
from ezp2p.rendezvous.limits import Buckets, network
from ezp2p.rendezvous.switchboard import Counselor, Customer, Letter, Relays
from ezp2p.wire.keys import ErrorKey, Role
from ezp2p.wire.signalling import (
    REUNION_S,
    CallEnd,
    HangUp,
    LeaveReunion,
    Pass,
    RendezvousSays,
    Reunited,
    SeekReunion,
)

MAX_SOUGHT = 16  # by one connection: a counselor's sessions, with room to spare
_SEEKS_PER_S = 1.0
_SEEKS_AT_ONCE = 30


@dataclass(frozen=True, slots=True)
class _Seeker:
    """One end that waits."""

    peer: str
    role: Role
    until: float


@dataclass(frozen=True, slots=True)
class _Call:
    """Both ends are here."""

    id: str
    name: str
    peers: dict[Role, str]

    def other(self, peer: str) -> str:
        """Return the connection at the other end."""
        customer, counselor = self.peers[Role.CUSTOMER], self.peers[Role.COUNSELOR]
        return counselor if peer == customer else customer


class Reunions:
    """Everybody who looks for a lost session, and those who have found it."""

    def __init__(self, chance: random.Random, relays: Relays) -> None:
        self._chance = chance
        self._relays = relays
        self._seekers: dict[str, _Seeker] = {}  # by the reunion's name
        self._calls: dict[str, _Call] = {}  # by call id
        self._seeks = Buckets(_SEEKS_PER_S, _SEEKS_AT_ONCE)
        self._letters: deque[Letter] = deque()

    def next_letters(self) -> Iterator[Letter]:
        """Yield and forget what must be sent, in order."""
        while self._letters:
            yield self._letters.popleft()

    def seek(self, speaker: Counselor | Customer, request: SeekReunion, now: float) -> None:
        """Wait for the other end, or meet it. Raises EzError(server.busy) with `seconds`."""
        role = Role.COUNSELOR if isinstance(speaker, Counselor) else Role.CUSTOMER
        wait_s = self._seeks.take(_payer(speaker), now)
        sought = sum(seeker.peer == speaker.peer for seeker in self._seekers.values())
        if wait_s > 0 or sought >= MAX_SOUGHT:
            raise Unavailable(ErrorKey.SERVER_BUSY, seconds=max(wait_s, 1.0))
        for call in self._under(request.reunion):
            self._end(call, speaker.peer, CallEnd.GONE)
        waiting = self._seekers.get(request.reunion)
        if waiting is None or waiting.role is role:
            # The same end again: its old connection is dead, though we have not heard of it.
            self._seekers[request.reunion] = _Seeker(speaker.peer, role, now + REUNION_S)
            return
        del self._seekers[request.reunion]
        self._connect(request.reunion, {role: speaker.peer, waiting.role: waiting.peer})

    def leave(self, peer: str, message: LeaveReunion) -> None:
        """One end looks no more; a call under this name is over, as it has served."""
        seeker = self._seekers.get(message.reunion)
        if seeker is not None and seeker.peer == peer:
            del self._seekers[message.reunion]
        for call in self._under(message.reunion):
            if peer in call.peers.values():
                self._end(call, peer, CallEnd.DONE)

    def pass_on(self, peer: str, message: Pass) -> bool:
        """Hand a body to the other end; False if the call is none of ours."""
        call = self._calls.get(message.call)
        if call is None or peer not in call.peers.values():
            return False
        self._tell(call.other(peer), message)
        return True

    def left(self, peer: str) -> None:
        """The connection is gone."""
        self._seekers = {n: seeker for n, seeker in self._seekers.items() if seeker.peer != peer}
        for call in [call for call in self._calls.values() if peer in call.peers.values()]:
            self._end(call, peer, CallEnd.GONE)

    def wake(self, now: float) -> None:
        """Forget who has waited too long, every second or so; nobody need be told: both know."""
        self._seekers = {n: seeker for n, seeker in self._seekers.items() if seeker.until > now}

    def _connect(self, name: str, peers: dict[Role, str]) -> None:
        call = _Call(f"{self._chance.getrandbits(128):032x}", name, peers)
        self._calls[call.id] = call
        for role, peer in peers.items():
            relays = self._relays.offers(call.id, role)
            self._tell(peer, Reunited(reunion=name, call=call.id, relays=relays))

    def _under(self, name: str) -> list[_Call]:
        return [call for call in self._calls.values() if call.name == name]

    def _end(self, call: _Call, by: str, why: CallEnd) -> None:
        del self._calls[call.id]
        # Whoever seeks anew has another connection than the call's: then both old ones are told.
        for peer in call.peers.values():
            if peer != by:
                self._tell(peer, HangUp(call=call.id, why=why))

    def _tell(self, peer: str, message: RendezvousSays) -> None:
        self._letters.append(Letter(peer, message))


def _payer(speaker: Counselor | Customer) -> tuple[str, str | int]:
    if isinstance(speaker, Counselor):
        return ("account", speaker.account_id)
    return ("network", network(speaker.address))
