"""Two programs that share a session's keys, and their links, on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from ezp2p.base.clock import SystemClock
from ezp2p.link.certificate import Identity, make_identity
from ezp2p.link.events import ChannelMessage, LinkEvent, LinkReady
from ezp2p.link.keys import SessionKeys, derive_keys
from ezp2p.link.link import Link
from ezp2p.link.socket import UdpSocket, open_socket
from ezp2p.nat.reach import Reach
from ezp2p.wire.channel import Channel
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import EndReason, PathKind, Role

Event = TypeVar("Event", bound=LinkEvent)


def loopback(port: int, kind: PathKind = PathKind.DIRECT_LAN) -> CandidateOffer:
    """A candidate at this port of this machine."""
    return CandidateOffer(host="127.0.0.1", port=port, kind=kind.value)


@dataclass
class Terms:
    """What joining gives both ends."""

    keys: SessionKeys = field(default_factory=lambda: derive_keys(os.urandom(32), os.urandom(32)))
    identity: Identity = field(default_factory=make_identity)
    nonce: bytes = field(default_factory=lambda: os.urandom(32))
    session_id: bytes = field(default_factory=lambda: os.urandom(16))

    def customer(
        self,
        socket: UdpSocket | None = None,
        bulk: Iterable[Channel] = (),
        reach: Reach | None = None,
    ) -> Link:
        """The customer's link."""
        return Link(
            role=Role.CUSTOMER,
            keys=self.keys,
            socket=socket or open_socket(),
            session_id=self.session_id,
            nonce=self.nonce,
            clock=SystemClock(),
            identity=self.identity,
            reach=reach,
            bulk=bulk,
        )

    def counselor(
        self,
        socket: UdpSocket | None = None,
        bulk: Iterable[Channel] = (),
        pinned_der: bytes | None = None,
    ) -> Link:
        """The counselor's link, pinned to our own identity's certificate unless told otherwise."""
        return Link(
            role=Role.COUNSELOR,
            keys=self.keys,
            socket=socket or open_socket(),
            session_id=self.session_id,
            nonce=self.nonce,
            clock=SystemClock(),
            pinned_der=pinned_der or self.identity.der,
            bulk=bulk,
        )


class Listener:
    """Reads a link's events and keeps those that a test has not asked for yet."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.events: list[LinkEvent] = []

    async def next(self, kind: type[Event]) -> Event:
        """Wait for the next event of this kind, and take it out."""
        while True:
            for event in self.events:
                if isinstance(event, kind):
                    self.events.remove(event)
                    return event
            self.events += await self.link.next_events()

    async def message(self, channel: Channel) -> bytes:
        """Wait for the next message on this channel."""
        while True:
            for event in self.events:
                if isinstance(event, ChannelMessage) and event.channel is channel:
                    self.events.remove(event)
                    return event.data
            self.events += await self.link.next_events()


@dataclass
class Pair:
    """Both ends, joined."""

    customer: Listener
    counselor: Listener

    async def close(self) -> None:
        """End both."""
        await self.customer.link.close(EndReason.CUSTOMER_ENDED)
        await self.counselor.link.close(EndReason.COUNSELOR_ENDED)


async def join(terms: Terms | None = None, bulk: Iterable[Channel] = ()) -> Pair:
    """Return two links that are ready, over loopback."""
    terms = terms or Terms()
    here, there = open_socket(), open_socket()
    customer = terms.customer(here, bulk)
    counselor = terms.counselor(there, bulk)
    customer.add_candidates([loopback(there.port)])
    counselor.add_candidates([loopback(here.port)])
    pair = Pair(Listener(customer), Listener(counselor))
    await pair.customer.next(LinkReady)
    await pair.counselor.next(LinkReady)
    return pair
