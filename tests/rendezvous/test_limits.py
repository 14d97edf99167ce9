"""Buckets, delays, alarms and counts by a fake clock."""

from __future__ import annotations

import pytest

from ezp2p.rendezvous.limits import Alarm, Bucket, Buckets, Delays, Turnstile, network


def test_bucket_gives_its_burst_then_its_rate() -> None:
    bucket = Bucket(rate=2.0, burst=3.0, now=0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert bucket.take(0.5) == 0.0
    assert bucket.take(0.5) > 0
    assert [bucket.take(100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_buckets_of_two_keys_are_apart() -> None:
    buckets = Buckets(rate=1.0, burst=1.0)
    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("a", 0.0) == 1.0
    assert buckets.take("b", 0.0) == 0.0


def test_delay_doubles_after_the_free_failures_up_to_its_longest() -> None:
    delays = Delays(free=2, first_s=1.0, longest_s=5.0)
    waits = []
    for _ in range(6):
        delays.failed("key", 0.0)
        waits.append(delays.wait("key", 0.0))
    assert waits == [0.0, 0.0, 1.0, 2.0, 4.0, 5.0]
    assert delays.wait("key", 4.0) == 1.0
    assert delays.wait("key", 6.0) == 0.0
    assert delays.wait("other", 0.0) == 0.0


def test_delay_is_forgotten_after_an_hour_and_at_once_on_success() -> None:
    delays = Delays(free=0, first_s=1.0, longest_s=1e9)
    for _ in range(30):
        delays.failed("key", 0.0)
    assert delays.wait("key", Delays.FORGET_S) > 0
    assert delays.wait("key", Delays.FORGET_S + 1) == 0.0
    delays.failed("key", Delays.FORGET_S + 1)
    assert delays.wait("key", Delays.FORGET_S + 1) == 1.0
    delays.forgive("key")
    assert delays.wait("key", Delays.FORGET_S + 1) == 0.0


def test_delays_of_endless_keys_take_bounded_memory() -> None:
    delays = Delays(free=0, first_s=1.0, longest_s=1.0)
    for key in range(60_000):
        delays.failed(key, 0.0)
    assert delays.wait(0, 0.0) == 0.0
    assert delays.wait(59_999, 0.0) == 1.0


def test_alarm_rings_at_the_count_within_the_window_and_once_a_window() -> None:
    alarm = Alarm(count=3, window_s=10.0)
    assert [alarm.rings(t) for t in (0.0, 1.0)] == [False, False]
    assert alarm.rings(11.5) is False  # the first is too long ago
    assert alarm.rings(11.6) is False
    assert alarm.rings(11.7) is True
    assert alarm.rings(11.8) is False
    assert [alarm.rings(22.0 + t) for t in (0.0, 0.1, 0.2, 0.3)] == [False, False, True, False]


def test_turnstile_counts_per_key_and_in_all() -> None:
    turnstile = Turnstile(in_all=3, per_key=2)
    assert [turnstile.enter("a") for _ in range(3)] == [True, True, False]
    assert [turnstile.enter("b") for _ in range(2)] == [True, False]
    turnstile.leave("a")
    assert turnstile.enter("b") is True
    turnstile.leave("nobody")
    assert turnstile.enter("c") is False


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not an address", "not an address"),
    ],
)
def test_addresses_are_counted_by_household(address: str, counted: str) -> None:
    assert network(address) == counted
