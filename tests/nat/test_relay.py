"""A place at a relay, asked for, kept and won back."""

from __future__ import annotations

import pytest

from ezp2p.nat.relay import REFRESH_S, RelayPlace
from ezp2p.nat.route import Address
from ezp2p.wire.datagram import RELAY_BIND_MIN_BYTES

ADDRESS = Address("203.0.113.1", 3000)
COOKIE, ALLOCATION = b"c" * 16, b"a" * 8
CHALLENGE, BOUND = b"\x05" + COOKIE, b"\x06" + ALLOCATION


@pytest.fixture
def place() -> RelayPlace:
    return RelayPlace(ADDRESS, b"ticket", 0.0)


def _bind(place: RelayPlace, now: float = 0.0) -> None:
    place.wake(now)
    place.receive(CHALLENGE, now)
    place.receive(BOUND, now)
    list(place.datagrams())


def test_place_is_bound_by_answering_the_challenge_with_the_ticket(place: RelayPlace) -> None:
    place.wake(0.0)
    (first,) = place.datagrams()
    assert first.startswith(b"\x04" + bytes(16) + b"ticket")
    assert len(first) == RELAY_BIND_MIN_BYTES
    place.receive(CHALLENGE, 0.1)
    (second,) = place.datagrams()
    assert second.startswith(b"\x04" + COOKIE + b"ticket")
    assert not place.usable
    place.receive(BOUND, 0.2)
    assert place.usable
    assert place.wake_at == 0.2 + REFRESH_S
    assert place.wrap(b"inner") == b"\x03" + ALLOCATION + b"inner"
    assert place.unwrap(b"\x03" + ALLOCATION + b"inner") == b"inner"


def test_bind_is_repeated_ever_more_slowly_until_it_is_answered(place: RelayPlace) -> None:
    times = []
    while place.wake_at is not None and place.wake_at < 60:
        times.append(place.wake_at)
        place.wake(place.wake_at)
    assert len(list(place.datagrams())) == len(times)
    assert times[1] == pytest.approx(0.1)
    assert 10 <= len(times) <= 25


def test_forged_answers_make_us_send_nothing(place: RelayPlace) -> None:
    place.wake(0.0)
    place.receive(BOUND, 0.0)
    assert not place.usable
    place.receive(CHALLENGE, 0.0)
    list(place.datagrams())
    for number in range(100):
        place.receive(b"\x05" + bytes((number,)) * 16, 0.0)
    for junk in (b"", b"\x05", b"\x06", CHALLENGE[:-1], BOUND[:-1], b"\x07" + ALLOCATION):
        place.receive(junk, 0.0)
    assert list(place.datagrams()) == []


def test_silence_on_the_path_asks_for_the_place_again_while_the_old_one_serves(
    place: RelayPlace,
) -> None:
    _bind(place)
    place.watch(0.5, silent=True)
    assert place.wake_at == REFRESH_S
    place.watch(1.5, silent=True)
    assert place.wake_at == 1.5
    assert place.usable
    place.wake(1.5)
    place.receive(b"\x05" + b"d" * 16, 1.5)
    place.receive(b"\x06" + b"b" * 8, 1.5)
    assert place.wrap(b"") == b"\x03" + b"b" * 8


def test_place_is_refreshed_and_the_next_ticket_shown_from_then_on(place: RelayPlace) -> None:
    _bind(place)
    place.wake(REFRESH_S)
    (refresh,) = place.datagrams()
    assert refresh.startswith(b"\x04" + COOKIE + b"ticket")
    place.receive(BOUND + b"successor", REFRESH_S)
    assert place.wake_at is not None
    assert place.wake_at < REFRESH_S + 1  # not with the next refresh: this one may be spent
    place.wake(place.wake_at)
    (shown,) = place.datagrams()
    assert shown.startswith(b"\x04" + COOKIE + b"successor")
    place.receive(BOUND, 16.0)
    assert place.wake_at == 16.0 + REFRESH_S


def test_expired_cookie_is_replaced_while_the_place_serves(place: RelayPlace) -> None:
    _bind(place)
    place.wake(REFRESH_S)
    list(place.datagrams())
    place.receive(b"\x05" + b"d" * 16, REFRESH_S)
    assert place.usable
    assert place.wake_at is not None
    place.wake(place.wake_at)
    (again,) = place.datagrams()
    assert again.startswith(b"\x04" + b"d" * 16 + b"ticket")
    place.receive(BOUND, 16.0)
    assert place.wake_at == 16.0 + REFRESH_S


def test_forged_answer_to_a_refresh_leads_nowhere_else(place: RelayPlace) -> None:
    _bind(place)
    place.wake(REFRESH_S)
    place.receive(b"\x06" + b"e" * 8 + b"evil ticket", REFRESH_S)
    assert place.wrap(b"") == b"\x03" + ALLOCATION


def test_relay_that_does_not_know_its_own_ticket_any_more_is_shown_the_first(
    place: RelayPlace,
) -> None:
    _bind(place)
    place.wake(REFRESH_S)
    place.receive(BOUND + b"successor", REFRESH_S)
    list(place.datagrams())
    place.watch(20.0, silent=True)
    shown = set()
    while place.wake_at is not None and place.wake_at < 60:
        place.wake(place.wake_at)
        shown |= {data[17:].rstrip(b"\0") for data in place.datagrams()}
    assert shown == {b"successor", b"ticket"}


def test_fresh_ticket_is_used_at_once(place: RelayPlace) -> None:
    _bind(place)
    place.renew(b"better", 5.0)
    place.wake(5.0)
    assert b"better" in next(iter(place.datagrams()))
