"""Only the peer's own, fresh pings and pongs count."""

from __future__ import annotations

import hmac

import pytest

from ezp2p.nat.pings import PING_BYTES, PING_MAX_BYTES, REPLAY_WINDOW, Heard, PingSigner
from ezp2p.wire.datagram import MAC_BYTES, PING
from ezp2p.wire.keys import PathKind, Role

KEY = b"k" * 32
KIND = PathKind.UPNP


@pytest.fixture
def customer() -> PingSigner:
    return PingSigner(KEY, Role.CUSTOMER)


@pytest.fixture
def counselor() -> PingSigner:
    return PingSigner(KEY, Role.COUNSELOR)


def test_ping_and_its_pong_are_heard(customer: PingSigner, counselor: PingSigner) -> None:
    number, ping = customer.ping(KIND)
    assert counselor.read(ping) == Heard(is_pong=False, number=number, kind=KIND)
    assert customer.read(counselor.pong(number)) == Heard(is_pong=True, number=number)


def test_padded_ping_is_as_long_as_asked_and_heard(
    customer: PingSigner, counselor: PingSigner
) -> None:
    number, ping = customer.ping(KIND, 1400)
    assert len(ping) == 1400
    assert counselor.read(ping) == Heard(is_pong=False, number=number, kind=KIND)
    assert counselor.read(customer.ping(KIND, PING_MAX_BYTES + 1)[1]) is None


def test_kind_of_a_later_version_is_no_kind(counselor: PingSigner) -> None:
    signed = bytes((PING,)) + (1).to_bytes(8, "big") + b"\xee"
    mac = hmac.digest(KEY, signed + Role.CUSTOMER.encode(), "sha256")[:MAC_BYTES]
    assert counselor.read(signed + mac) == Heard(is_pong=False, number=1, kind=None)


def test_reflected_ping_is_not_heard(customer: PingSigner) -> None:
    number, ping = customer.ping(KIND)
    assert customer.read(ping) is None
    assert customer.read(customer.pong(number)) is None


def test_ping_by_another_key_is_not_heard(counselor: PingSigner) -> None:
    assert counselor.read(PingSigner(b"x" * 32, Role.CUSTOMER).ping(KIND)[1]) is None


def test_replayed_ping_is_not_heard_even_much_later(
    customer: PingSigner, counselor: PingSigner
) -> None:
    first = customer.ping(KIND)[1]
    assert counselor.read(first) is not None
    assert counselor.read(first) is None
    for _ in range(3 * REPLAY_WINDOW):
        assert counselor.read(customer.ping(KIND)[1]) is not None
    assert counselor.read(first) is None


def test_pings_that_overtake_each_other_are_all_heard(
    customer: PingSigner, counselor: PingSigner
) -> None:
    pings = [customer.ping(KIND)[1] for _ in range(50)]
    assert all(counselor.read(ping) is not None for ping in reversed(pings))
    assert not any(counselor.read(ping) is not None for ping in pings)


@pytest.mark.parametrize("place", range(PING_BYTES))
def test_altered_ping_is_not_heard(customer: PingSigner, counselor: PingSigner, place: int) -> None:
    ping = bytearray(customer.ping(KIND)[1])
    ping[place] ^= 1
    assert counselor.read(bytes(ping)) is None


def test_cut_or_lengthened_pings_are_not_heard(customer: PingSigner, counselor: PingSigner) -> None:
    ping = customer.ping(KIND)[1]
    assert not any(counselor.read(ping[:size]) for size in range(len(ping)))
    assert counselor.read(ping + b"\0") is None
    assert customer.read(counselor.pong(1) + b"\0") is None
