"""One direction of a line: when what is sent arrives."""

from __future__ import annotations

from random import Random

import pytest

from tests.lab.way import Way

PACKET = 1_000


def _way(loss: float = 0.0) -> Way:
    return Way(rate=100_000.0, delay_s=0.5, queue_bytes=3.5 * PACKET, loss=loss, random=Random(1))


def test_packet_takes_its_length_and_the_delay() -> None:
    assert _way().arrival(PACKET, now=1.0) == pytest.approx(1.51)


def test_packets_at_once_arrive_one_after_the_other_and_those_too_many_do_not() -> None:
    way = _way()
    arrivals = [way.arrival(PACKET, now=1.0) for _ in range(6)]
    assert arrivals[:4] == [pytest.approx(1.51 + 0.01 * place) for place in range(4)]
    assert arrivals[4:] == [None, None]
    assert way.dropped == 2
    assert way.waiting_bytes(1.0) == pytest.approx(4 * PACKET)
    assert way.waiting_bytes(1.02) == pytest.approx(2 * PACKET)
    assert way.arrival(PACKET, now=1.04) == pytest.approx(1.55)


def test_weather_takes_its_share() -> None:
    way = _way(loss=0.1)
    arrived = [way.arrival(PACKET, now=float(second)) for second in range(2_000)]
    assert 150 <= arrived.count(None) <= 250
