"""What a program tells of itself: each address once, under its best name, as it becomes known."""

from __future__ import annotations

import os

from ezp2p.nat.reach import Reach
from ezp2p.nat.route import Address
from ezp2p.rendezvous.discovery import Discovery
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import PortMapping

SERVERS = (Address("11.9.9.9", 3000), Address("11.9.9.9", 3001))
HOST = CandidateOffer("192.168.1.2", 4000, "direct-lan")
OTHER = CandidateOffer("10.0.0.2", 4000, "direct-lan")


def answered(reach: Reach, *seen: Address, now: float = 0.0) -> None:
    """Have the server tell what it has seen on each of its ports."""
    rendezvous = Discovery()
    for (question, server), source in zip(list(reach.datagrams()), seen, strict=False):
        answer = rendezvous.receive(question, source, now, 0.0)
        assert answer is not None
        assert reach.receive(answer[0], server, now)


def told(reach: Reach) -> list[tuple[str, int, str]]:
    assert reach.has_news
    return [(offer.host, offer.port, offer.kind) for offer in reach.news()]


def test_own_addresses_are_news_at_once_and_only_once() -> None:
    reach = Reach([HOST, OTHER])
    assert told(reach) == [("192.168.1.2", 4000, "direct-lan"), ("10.0.0.2", 4000, "direct-lan")]
    assert not reach.has_news


def test_seen_address_comes_before_our_own() -> None:
    reach = Reach([HOST], forwarded_port=51_515)
    reach.ask(SERVERS, os.urandom, 0.0)
    answered(reach, Address("11.0.0.1", 30_000), Address("11.0.0.1", 30_000))
    assert told(reach) == [
        ("11.0.0.1", 51_515, "forwarded"),
        ("11.0.0.1", 30_000, "punched"),
        ("192.168.1.2", 4000, "direct-lan"),
    ]
    assert reach.mapping is PortMapping.STEADY


def test_machine_without_a_router_is_named_once() -> None:
    reach = Reach([CandidateOffer("11.0.0.1", 4000, "punched")])
    reach.ask(SERVERS, os.urandom, 0.0)
    answered(reach, Address("11.0.0.1", 4000), Address("11.0.0.1", 4000))
    assert told(reach) == [("11.0.0.1", 4000, "punched")]


def test_counting_network_is_told_with_its_step() -> None:
    reach = Reach([])
    reach.ask(SERVERS, os.urandom, 0.0)
    answered(reach, Address("11.0.0.1", 30_000), Address("11.0.0.1", 30_002))
    assert reach.news() == [CandidateOffer("11.0.0.1", 30_002, "punched", 2)]
    assert reach.mapping is PortMapping.VARYING


def test_opened_port_is_news_and_so_is_its_address_under_a_better_name() -> None:
    reach = Reach([HOST])
    reach.ask(SERVERS, os.urandom, 0.0)
    answered(reach, Address("11.0.0.1", 30_000), Address("11.0.0.1", 30_000))
    reach.news()
    reach.router_opened(Address("11.0.0.1", 30_000))
    assert told(reach) == [("11.0.0.1", 30_000, "upnp")]


def test_silent_network_is_news_without_addresses() -> None:
    reach = Reach([HOST])
    reach.ask(SERVERS, os.urandom, 0.0)
    reach.news()
    while not reach.has_news:
        assert reach.wake_at is not None
        reach.wake(reach.wake_at)
        list(reach.datagrams())
    assert reach.news() == []
    while reach.mapping is not PortMapping.SILENT:
        reach.wake(reach.wake_at or 0.0)
    assert reach.has_news


def test_move_into_another_network_is_news_and_asks_the_server_anew() -> None:
    reach = Reach([HOST])
    reach.ask(SERVERS, os.urandom, 0.0)
    answered(reach, Address("11.0.0.1", 30_000), Address("11.0.0.1", 30_000))
    reach.news()
    assert not reach.moved([HOST], 5.0)
    assert reach.moved([OTHER], 5.0)
    reach.wake(5.0)
    answered(reach, Address("11.0.0.2", 31_000), Address("11.0.0.2", 31_000), now=5.0)
    assert told(reach) == [("11.0.0.2", 31_000, "punched"), ("10.0.0.2", 4000, "direct-lan")]
    assert reach.moves == 1


def test_server_behind_our_own_router_lends_us_its_outer_address() -> None:
    reach = Reach([HOST], forwarded_port=51_515)
    reach.ask(SERVERS, os.urandom, 0.0)
    answered(reach, Address("192.168.1.1", 40_000), Address("192.168.1.1", 40_000))
    assert told(reach) == [
        ("11.9.9.9", 51_515, "forwarded"),
        ("11.9.9.9", 4000, "punched"),
        ("192.168.1.2", 4000, "direct-lan"),
    ]


def test_server_in_a_closed_network_has_no_outer_address_to_lend() -> None:
    reach = Reach([HOST])
    inside = (Address("192.168.1.9", 3000), Address("192.168.1.9", 3001))
    reach.ask(inside, os.urandom, 0.0)
    answered(reach, Address("192.168.1.2", 4000), Address("192.168.1.2", 4000))
    assert told(reach) == [("192.168.1.2", 4000, "direct-lan")]
