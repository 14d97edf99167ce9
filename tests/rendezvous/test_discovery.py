"""Address discovery, as a table of answers and over real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from random import Random

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.nat.discovery import Discovery as Asker
from ezp2p.nat.route import Address
from ezp2p.rendezvous.discovery import Discovery
from ezp2p.rendezvous.switchboard import Counselor, Customer, Switchboard
from ezp2p.wire.datagram import DISCOVER, DISCOVER_BYTES
from ezp2p.wire.keys import PortMapping, Role
from ezp2p.wire.signalling import (
    CallArrived,
    DiscoveryOffer,
    Join,
    Joined,
    RelayOffer,
    SlotOpened,
)
from tests.support.rendezvous import running_rendezvous

PATIENCE_S = 10


class NoRelays:
    """A rendezvous without a relay."""

    def offers(self, call: str, role: Role) -> list[RelayOffer]:
        return []


def question(transaction: bytes | None = None) -> bytes:
    return (bytes((DISCOVER,)) + (transaction or os.urandom(16))).ljust(DISCOVER_BYTES, b"\0")


def test_answer_names_the_address_the_question_came_from() -> None:
    for source, seen in (
        (("198.51.100.7", 4711), Address("198.51.100.7", 4711)),
        (("::ffff:198.51.100.7", 4711, 0, 0), Address("198.51.100.7", 4711)),
        (("2001:db8::7", 65535, 0, 0), Address("2001:db8::7", 65535)),
    ):
        server = Address("203.0.113.1", 3000)
        asker = Asker([server], os.urandom, 0.0)
        asker.wake(0.0)
        ((asked, to),) = asker.datagrams()
        assert to == server
        answer = Discovery().receive(asked, source, 0.0, 0.0)
        assert answer is not None
        assert answer[1] == source
        assert asker.receive(answer[0], server, 0.1)
        assert asker.address == seen


def test_answer_is_shorter_than_the_question_and_hides_the_address() -> None:
    host = socket.inet_aton("198.51.100.7")
    answer = Discovery().receive(question(), ("198.51.100.7", 4711), 0.0, 0.0)
    assert answer is not None
    assert len(answer[0]) < DISCOVER_BYTES
    assert host not in answer[0]


def test_what_is_no_question_gets_no_answer() -> None:
    discovery = Discovery()
    for data in (b"", b"\x01", question()[:-1], question() + b"\0", b"\x02" + bytes(39)):
        assert discovery.receive(data, ("198.51.100.7", 1), 0.0, 0.0) is None


def test_one_address_is_answered_a_limited_number_of_times_and_others_all_the_same() -> None:
    discovery = Discovery()
    ports = range(1000, 2000)
    answers = [discovery.receive(question(), ("198.51.100.7", p), 0.0, 0.0) for p in ports]
    assert sum(answer is not None for answer in answers) == 200
    assert discovery.receive(question(), ("198.51.100.8", 1), 0.0, 0.0) is not None
    assert discovery.receive(question(), ("198.51.100.7", 1), 1.0, 0.0) is not None


async def test_running_server_answers_on_both_ports_that_it_names() -> None:
    async with running_rendezvous(discovery_port=0) as server:
        first = server.started.udp_port
        assert first == server.started.discovery_ports[0]
        asker = Asker(
            [Address("127.0.0.1", port) for port in server.started.discovery_ports], os.urandom, 0.0
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setblocking(False)
            udp.bind(("127.0.0.1", 0))
            loop = asyncio.get_running_loop()
            asker.wake(0.0)
            for data, to in asker.datagrams():
                await loop.sock_sendto(udp, data, to)
            for _ in range(2):
                data, sender = await asyncio.wait_for(loop.sock_recvfrom(udp, 100), PATIENCE_S)
                asker.receive(data, Address(*sender), 0.1)
            assert asker.address == Address("127.0.0.1", udp.getsockname()[1])
            assert asker.mapping is PortMapping.STEADY


async def test_server_does_without_a_second_port_that_nobody_asked_for() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        second = taken.getsockname()[1]
        async with running_rendezvous(udp_port=second - 1) as server:
            assert server.started.discovery_ports == (second - 1,)
        with pytest.raises(Unavailable):
            async with running_rendezvous(discovery_port=second):
                pass


async def test_both_ends_of_a_call_are_told_where_to_ask() -> None:
    offer = DiscoveryOffer(host="help.company.kr", udp_ports=[3000, 3001])
    board = Switchboard(Random(7), NoRelays(), call_timeout_s=60.0, discovery=offer)
    board.open_slot(Counselor("anna's program", "main", "Hanbit", 1, "Anna"), 0.0)
    (opened,) = [letter.message for letter in board.next_letters()]
    assert isinstance(opened, SlotOpened)
    board.join(Customer("kim's program", "192.0.2.7"), Join(site="main", slot=opened.number), 1.0)
    letters = [letter.message for letter in board.next_letters()]
    assert [m.discovery for m in letters if isinstance(m, Joined | CallArrived)] == [offer, offer]
