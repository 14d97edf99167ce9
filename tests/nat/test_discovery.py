"""What a program learns of its own address, in virtual time."""

from __future__ import annotations

import ipaddress
import os

import pytest

from ezp2p.nat.discovery import REFRESH_S, Discovery
from ezp2p.nat.route import Address
from ezp2p.wire.datagram import DISCOVERED
from ezp2p.wire.keys import PortMapping

SERVERS = (Address("203.0.113.1", 3000), Address("203.0.113.1", 3001))
OURS = Address("198.51.100.7", 40_000)


def answer(question: bytes, seen: Address) -> bytes:
    transaction = question[1:17]
    plain = seen.port.to_bytes(2, "big") + ipaddress.ip_address(seen.host).packed
    hidden = bytes(a ^ b for a, b in zip(plain, transaction * 2, strict=False))
    return bytes((DISCOVERED,)) + transaction + hidden


def ask(discovery: Discovery, now: float) -> dict[Address, bytes]:
    """Wake it; return its questions by the server they go to."""
    discovery.wake(now)
    return {to: data for data, to in discovery.datagrams()}


def started(*seen: Address) -> Discovery:
    """A discovery whose servers have told these addresses, in their order."""
    discovery = Discovery(SERVERS, os.urandom, 0.0)
    questions = ask(discovery, 0.0)
    for server, address in zip(SERVERS, seen, strict=False):
        discovery.receive(answer(questions[server], address), server, 0.05)
    return discovery


@pytest.mark.parametrize(
    ("seen", "mapping", "step"),
    [
        pytest.param([OURS, OURS], PortMapping.STEADY, 0, id="same port for both"),
        pytest.param([OURS, OURS._replace(port=40_003)], PortMapping.VARYING, 3, id="counts up"),
        pytest.param([OURS, OURS._replace(port=39_998)], PortMapping.VARYING, -2, id="counts down"),
        pytest.param([OURS, OURS._replace(port=1025)], PortMapping.VARYING, 0, id="at random"),
        pytest.param(
            [OURS, Address("198.51.100.8", 40_001)], PortMapping.VARYING, 0, id="two hosts"
        ),
        pytest.param([OURS], PortMapping.UNKNOWN, 0, id="one answer lost so far"),
    ],
)
def test_two_answers_tell_what_the_network_does(
    seen: list[Address], mapping: PortMapping, step: int
) -> None:
    discovery = started(*seen)
    assert discovery.mapping is mapping
    assert discovery.step == step
    assert discovery.address == seen[-1]


def test_lost_question_is_asked_again_of_the_one_that_has_not_answered() -> None:
    discovery = started(OURS)
    questions = ask(discovery, 0.1)
    assert list(questions) == [SERVERS[1]]
    assert discovery.receive(answer(questions[SERVERS[1]], OURS), SERVERS[1], 0.2)
    assert discovery.mapping is PortMapping.STEADY
    assert not ask(discovery, 1.0)


def test_two_words_are_waited_for_but_not_long() -> None:
    both, one = started(OURS, OURS), started(OURS)
    assert both.settled
    assert not one.settled
    ask(one, 0.1)
    assert one.settled


def test_network_without_an_answer_is_silent_until_one_comes() -> None:
    discovery = Discovery(SERVERS, os.urandom, 0.0)
    asked = 0
    while discovery.mapping is PortMapping.UNKNOWN:
        assert discovery.wake_at is not None
        asked += len(ask(discovery, discovery.wake_at))
        assert asked <= 8
    silent = discovery.mapping
    questions = ask(discovery, discovery.wake_at or 0.0)
    for server, question in questions.items():
        assert discovery.receive(answer(question, OURS), server, 1.5 + REFRESH_S)
    assert (silent, discovery.mapping) == (PortMapping.SILENT, PortMapping.STEADY)


def test_new_outer_address_is_noticed_and_the_old_one_told_once() -> None:
    discovery = started(OURS, OURS)
    assert discovery.wake_at == pytest.approx(0.05 + REFRESH_S)
    questions = ask(discovery, 21.0)
    assert not discovery.receive(answer(questions[SERVERS[0]], OURS), SERVERS[0], 21.1)
    assert not discovery.receive(answer(questions[SERVERS[1]], OURS), SERVERS[1], 21.1)
    questions = ask(discovery, 42.0)
    moved = Address("198.51.100.99", 50_000)
    discovery.receive(answer(questions[SERVERS[0]], moved), SERVERS[0], 42.1)
    assert discovery.receive(answer(questions[SERVERS[1]], moved), SERVERS[1], 42.1)
    assert (discovery.address, discovery.mapping) == (moved, PortMapping.STEADY)


def test_changed_network_is_asked_at_once() -> None:
    discovery = started(OURS, OURS)
    discovery.ask_again(3.0)
    assert list(ask(discovery, 3.0)) == list(SERVERS)


def test_liar_who_does_not_see_the_question_tells_us_nothing() -> None:
    discovery = Discovery(SERVERS, os.urandom, 0.0)
    questions = ask(discovery, 0.0)
    lie = Address("192.0.2.66", 666)
    right = answer(questions[SERVERS[0]], lie)
    stale = started(OURS, OURS)
    for told, sender in (
        (answer(bytes(40), lie), SERVERS[0]),  # a guessed transaction
        (right, Address("192.0.2.66", 3000)),  # from elsewhere
        (right[:-1], SERVERS[0]),
        (right + b"\0", SERVERS[0]),
        (b"", SERVERS[0]),
        (answer(questions[SERVERS[0]], Address("224.0.0.1", 5)), SERVERS[0]),
        (answer(questions[SERVERS[0]], Address("198.51.100.7", 0)), SERVERS[0]),
    ):
        assert not discovery.receive(told, sender, 0.1)
        assert not stale.receive(told, sender, 0.1)
    assert discovery.address is None
    assert stale.address == OURS
