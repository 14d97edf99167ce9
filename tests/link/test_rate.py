"""Delivery rates: what acknowledgements say about a path, and what they only pretend."""

from __future__ import annotations

import pytest

from ezp2p.link.rate import RateMeter

SIZE = 1_000


def _send(meter: RateMeter, numbers: range, every_s: float, began_at: float = 0.0) -> None:
    for place, number in enumerate(numbers):
        meter.sent(number, SIZE, began_at + place * every_s, place * SIZE)


def test_rate_is_bytes_delivered_over_the_time_it_took() -> None:
    meter = RateMeter()
    _send(meter, range(11), every_s=0.01)
    for number in range(11):
        meter.acked(number, 0.1 + number * 0.01)
    meter.sent(11, SIZE, 0.2, 0)
    meter.acked(11, 0.3)
    sample = meter.sample(0.05)
    assert sample is not None
    assert sample.bytes_per_s == pytest.approx(SIZE / 0.1)
    assert meter.delivered_bytes == 12 * SIZE


def test_packets_that_left_slowly_do_not_seem_fast_when_acknowledged_at_once() -> None:
    meter = RateMeter()
    meter.sent(0, SIZE, 0.0, 0)
    meter.acked(0, 0.1)
    for number in range(1, 11):
        meter.sent(number, SIZE, 0.1 + number * 0.02, number * SIZE)
    for number in range(1, 11):
        meter.acked(number, 0.31)
    sample = meter.sample(0.01)
    assert sample is not None
    assert sample.bytes_per_s == pytest.approx(10 * SIZE / 0.3, rel=0.1)


def test_time_shorter_than_any_round_trip_tells_no_rate() -> None:
    meter = RateMeter()
    meter.sent(0, SIZE, 0.0, 0)
    meter.acked(0, 0.001)
    sample = meter.sample(0.05)
    assert sample is not None
    assert sample.bytes_per_s == 0.0


def test_nothing_acknowledged_is_no_sample() -> None:
    meter = RateMeter()
    _send(meter, range(3), every_s=0.0)
    assert meter.sample(0.0) is None
    meter.acked(0, 0.1)
    assert meter.sample(0.0) is not None
    assert meter.sample(0.0) is None


def test_packets_after_a_lack_of_data_are_marked_until_they_have_arrived() -> None:
    meter = RateMeter()
    meter.sent(0, SIZE, 0.0, 0)
    meter.starved(SIZE)
    meter.sent(1, SIZE, 0.01, SIZE)
    meter.acked(0, 0.1)
    meter.acked(1, 0.11)
    first = meter.sample(0.0)
    assert first is not None
    assert first.app_limited
    assert not meter.app_limited
    meter.sent(2, SIZE, 0.12, 0)
    meter.acked(2, 0.2)
    second = meter.sample(0.0)
    assert second is not None
    assert not second.app_limited


def test_lost_packet_tells_how_much_was_on_its_way_and_is_forgotten() -> None:
    meter = RateMeter()
    _send(meter, range(5), every_s=0.001)
    assert meter.lost(3) == 4 * SIZE
    assert meter.lost(3) == 0
    meter.acked(3, 0.1)
    assert meter.delivered_bytes == 0


def test_packet_nobody_sent_counts_for_nothing() -> None:
    meter = RateMeter()
    meter.acked(7, 0.1)
    assert meter.delivered_bytes == 0
    assert meter.sample(0.0) is None
