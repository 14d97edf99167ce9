"""A link moves between a relay and a direct way, and loses nothing by it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from ezp2p.link import quic
from ezp2p.link.events import (
    LinkBack,
    LinkClosed,
    LinkReady,
    LinkSilent,
    PathChanged,
    PathExplained,
)
from ezp2p.link.socket import open_socket
from ezp2p.nat.route import Address
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import EndReason, PathKind, PathWhy
from tests.link.pair import Listener, Pair, Terms, loopback
from tests.support.relay import Relay
from tests.support.wire import Wire


@dataclass
class Town:
    """Two programs, a relay, and a wire between them that can be cut."""

    pair: Pair
    relay: Relay
    wire: Wire
    terms: Terms

    async def by_relay(self) -> None:
        for listener, role in (
            (self.pair.customer, "customer"),
            (self.pair.counselor, "counselor"),
        ):
            await listener.link.add_relay("127.0.0.1", self.relay.port, f"{role}|s".encode())

    def by_wire(self) -> None:
        to_counselor, to_customer = self.wire.ports
        self.pair.customer.link.add_candidates([loopback(to_counselor)])
        self.pair.counselor.link.add_candidates([loopback(to_customer)])

    async def ready(self) -> None:
        await self.pair.customer.next(LinkReady)
        await self.pair.counselor.next(LinkReady)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    terms = Terms()
    here, there = open_socket(), open_socket()
    wire = await Wire.lay(here.port, there.port)
    pair = Pair(Listener(terms.customer(here)), Listener(terms.counselor(there)))
    town = Town(pair, await Relay.start(), wire, terms)
    yield town
    await pair.close()
    town.relay.stop()
    wire.stop()


async def test_link_works_through_the_relay_alone(town: Town) -> None:
    await town.by_relay()
    await town.ready()
    await _say_both_ways(town.pair)
    assert (await town.pair.customer.next(PathChanged)).kind is PathKind.RELAY_UDP


async def test_relayed_path_is_explained_and_a_direct_one_needs_no_excuse(town: Town) -> None:
    await town.by_relay()
    await town.ready()
    assert await town.pair.customer.next(PathExplained) == PathExplained(PathWhy.TRYING)
    town.by_wire()
    assert await town.pair.customer.next(PathExplained) == PathExplained(None)


async def test_address_found_later_is_news_once_and_tried_by_the_other_end(town: Town) -> None:
    await town.by_relay()
    await town.ready()
    link = town.pair.customer.link
    to_customer = town.wire.ports[1]
    link.reach.router_opened(Address("127.0.0.1", to_customer))
    link.look_again()
    offers = await link.next_offers()
    assert offers == [loopback(to_customer, PathKind.UPNP)]
    town.pair.counselor.link.add_candidates(offers)
    while (await town.pair.counselor.next(PathChanged)).kind is not PathKind.UPNP:
        pass
    assert link.reach.news() == []


async def test_link_moves_up_to_the_direct_way_without_losing_a_byte(town: Town) -> None:
    await town.by_relay()
    await town.ready()
    picture, sent = os.urandom(300_000), 0
    for _ in range(5):
        town.pair.customer.link.send(Channel.SCREEN, picture)
        sent += 1
    town.by_wire()
    for listener in (town.pair.customer, town.pair.counselor):
        assert (await listener.next(PathChanged)).kind is PathKind.RELAY_UDP
        assert (await listener.next(PathChanged)).kind is PathKind.DIRECT_LAN
    for _ in range(5):
        town.pair.customer.link.send(Channel.SCREEN, picture)
        sent += 1
    for _ in range(sent):
        assert _hash(await town.pair.counselor.message(Channel.SCREEN)) == _hash(picture)
    relayed = town.relay.forwarded
    await _say_both_ways(town.pair)
    assert town.relay.forwarded - relayed < 10  # pings that keep it warm, nothing else


async def test_link_goes_on_by_the_relay_when_the_direct_way_dies(town: Town) -> None:
    await town.by_relay()
    town.by_wire()
    await town.ready()
    while (await town.pair.customer.next(PathChanged)).kind is not PathKind.DIRECT_LAN:
        pass
    picture = os.urandom(500_000)
    town.pair.customer.link.send(Channel.SCREEN, picture)
    town.wire.cut = True
    town.pair.customer.link.send(Channel.SCREEN, picture)
    town.pair.counselor.link.send(Channel.INPUT, b"a click")
    assert await town.pair.customer.message(Channel.INPUT) == b"a click"
    for _ in range(2):
        assert _hash(await town.pair.counselor.message(Channel.SCREEN)) == _hash(picture)
    assert (await town.pair.customer.next(PathChanged)).kind is PathKind.RELAY_UDP
    await _say_both_ways(town.pair)

    town.wire.cut = False
    assert (await town.pair.customer.next(PathChanged)).kind is PathKind.DIRECT_LAN


async def test_relay_that_forgot_us_is_asked_again(town: Town) -> None:
    await town.by_relay()
    await town.ready()
    binds = town.relay.binds
    town.relay.forget()
    town.pair.customer.link.send(Channel.CHAT, b"still there?")
    assert await town.pair.counselor.message(Channel.CHAT) == b"still there?"
    assert town.relay.binds > binds


async def test_peer_that_falls_silent_is_reported_and_so_is_its_return(town: Town) -> None:
    await town.by_relay()
    await town.ready()
    town.relay.silent = True
    await town.pair.customer.next(LinkSilent)
    town.pair.customer.link.send(Channel.CHAT, b"meanwhile")
    town.relay.silent = False
    await town.pair.customer.next(LinkBack)
    assert await town.pair.counselor.message(Channel.CHAT) == b"meanwhile"


async def test_relay_that_reflects_replays_and_forges_changes_nothing(town: Town) -> None:
    seen: list[bytes] = []

    def spy(data: bytes, to_customer: bool) -> bytes:
        seen.append(data)
        town.relay.inject(data, to_customer=not to_customer)  # back to the sender
        town.relay.inject(data, to_customer=to_customer)  # twice
        town.relay.inject(data[:-1] + bytes((data[-1] ^ 1,)), to_customer=to_customer)  # altered
        town.relay.inject(os.urandom(len(data)), to_customer=to_customer)
        return data

    town.relay.spy = spy
    await town.by_relay()
    await town.ready()
    for _ in range(5):
        await _say_both_ways(town.pair)
    assert seen
    assert not any(isinstance(event, LinkClosed) for event in town.pair.customer.events)


async def test_strangers_that_knock_through_the_relay_do_not_disturb(town: Town) -> None:
    """A relay plays counselor itself, before the right one and afterwards."""
    knocks = _initial_packets(town.terms, 40)

    def spy(data: bytes, to_customer: bool) -> bytes:
        if to_customer:
            for _ in range(min(4, len(knocks))):
                town.relay.inject(knocks.pop(), to_customer=True)
        return data

    town.relay.spy = spy
    await town.by_relay()
    await town.ready()
    for _ in range(5):
        await _say_both_ways(town.pair)
    assert not knocks


async def _say_both_ways(pair: Pair) -> None:
    for here, there in ((pair.customer, pair.counselor), (pair.counselor, pair.customer)):
        here.link.send(Channel.CHAT, b"do you hear me?")
        assert await there.message(Channel.CHAT) == b"do you hear me?"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _initial_packets(terms: Terms, count: int) -> list[bytes]:
    der = terms.identity.der
    return [quic.client(der, os.urandom(20), 0.1, 0.0).datagrams(0.0)[0] for _ in range(count)]


async def test_customer_closes_with_reason_through_the_relay(town: Town) -> None:
    await town.by_relay()
    await town.ready()
    await town.pair.customer.link.close(EndReason.CUSTOMER_ENDED)
    closed = await town.pair.counselor.next(LinkClosed)
    assert closed == LinkClosed(EndReason.CUSTOMER_ENDED, by_peer=True)
