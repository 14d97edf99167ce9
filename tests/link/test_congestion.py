"""Congestion control of real connections at a narrow place: full, short queues, and shared."""

from __future__ import annotations

from random import Random

import pytest
from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.tls import Epoch

from ezp2p.link.congestion import BULK_CAP_MIN_BYTES, PathCongestion, PathPacer
from tests.link.bottleneck import Bottleneck, Flow, our_flow, shipped_flow

DATAGRAM = 1_200
RATE = 500_000.0
DELAY_S = 0.05
# Of the rate, what remains of 1,200 bytes without headers, and room for probing.
FULL = 0.85


def _place(
    products: float = 1.0, *, loss: float = 0.0, rate: float = RATE, delay_s: float = DELAY_S
) -> Bottleneck:
    """A narrow place whose queue holds so many products of rate and delay."""
    return Bottleneck(rate=rate, delay_s=delay_s, queue_bytes=products * rate * delay_s, loss=loss)


def _pour(place: Bottleneck, flow: Flow, seconds: float = 30.0) -> None:
    """Begin a flow that has enough to send for so long."""
    place.add(flow)
    place.send(flow, int(place.way.rate * seconds))


def _use(place: Bottleneck, flow: Flow, *, after_s: float = 3.0, during_s: float = 5.0) -> float:
    """Return what share of the rate the flow gets, once it has begun."""
    _pour(place, flow)
    place.run(after_s)
    return place.received_during(during_s, flow)[0] / (place.way.rate * during_s)


# --- alone


@pytest.mark.parametrize("loss", [0.0, 0.01, 0.03])
def test_line_is_used_to_the_full_whatever_weather_it_has(loss: float) -> None:
    assert _use(_place(loss=loss), our_flow(1)) >= FULL


def test_bad_weather_costs_a_reno_most_of_the_line() -> None:
    assert _use(_place(loss=0.02), shipped_flow("reno")) <= FULL / 2


@pytest.mark.parametrize(("rate", "delay_s"), [(100_000.0, 0.2), (2_000_000.0, 0.01)])
def test_slow_and_long_and_fast_and_short_lines_are_used_too(rate: float, delay_s: float) -> None:
    place = _place(loss=0.01, rate=rate, delay_s=delay_s)
    assert _use(place, our_flow(1), during_s=3.0) >= FULL


def test_small_queue_of_a_cheap_router_is_enough() -> None:
    assert _use(_place(0.15), our_flow(1)) >= FULL


def test_deep_queue_stays_nearly_empty() -> None:
    place, flow = _place(4.0), our_flow(1)
    _pour(place, flow)
    place.run(3.0)
    place.queues.clear()
    place.run(8.0)
    assert sum(place.queues) / len(place.queues) <= 0.3 * place.product_bytes


def test_line_that_becomes_narrow_has_no_queue_after_seconds() -> None:
    place, flow = _place(4.0, rate=4 * RATE), our_flow(1)
    _pour(place, flow)
    place.run(3.0)
    place.way.rate = RATE
    place.run(4.0)
    place.queues.clear()
    place.run(2.0)
    assert sum(place.queues) / len(place.queues) <= 0.5 * RATE * DELAY_S


def test_line_that_becomes_wide_is_used_after_seconds() -> None:
    place, flow = _place(), our_flow(1)
    _pour(place, flow, 60.0)
    place.run(3.0)
    place.way.rate = 3 * RATE
    place.run(5.0)
    assert place.received_during(3.0, flow)[0] >= FULL * 3 * RATE * 3.0


def test_line_comes_back_after_an_outage() -> None:
    place, flow = _place(), our_flow(1)
    _pour(place, flow)
    place.run(3.0)
    place.way.loss = 1.0
    place.run(3.0)
    place.way.loss = 0.0
    place.run(4.0)
    assert place.received_during(3.0, flow)[0] >= FULL * RATE * 3.0


def test_trickle_does_not_make_us_forget_what_the_line_carries() -> None:
    place, flow = _place(), our_flow(1)
    place.add(flow)
    place.send(flow, int(4 * RATE))
    place.run(5.0)
    known = flow.connection.rate_bps
    assert known >= FULL * RATE
    for _ in range(200):
        place.send(flow, 300)
        place.run(0.1)
    assert flow.connection.rate_bps >= 0.9 * known


def test_nothing_but_a_trickle_still_lets_a_picture_pass_quickly() -> None:
    place, flow = _place(), our_flow(1)
    place.add(flow)
    for _ in range(50):
        place.send(flow, 100)
        place.run(0.1)
    picture = 60_000
    place.send(flow, picture)
    before = flow.received_bytes
    place.run(0.4)  # eight round trips; the line alone needs two and a half
    assert flow.received_bytes - before == picture


def test_same_seed_is_the_same_run() -> None:
    counts = []
    for _ in range(2):
        place, flow = _place(loss=0.01), our_flow(7)
        _pour(place, flow)
        place.run(4.0)
        counts.append(flow.sent_datagrams)
    # The certificates differ by some bytes, nothing else does.
    assert counts[0] == pytest.approx(counts[1], rel=0.02)


# --- beside others


def _shares(place: Bottleneck, first: Flow, second: Flow) -> tuple[float, float]:
    """Return both flows' shares of what passes, the second begun two seconds later."""
    _pour(place, first)
    place.run(2.0)
    _pour(place, second)
    place.run(8.0)
    place.queues.clear()
    one, other = place.received_during(12.0, first, second)
    return one / (one + other), other / (one + other)


@pytest.mark.parametrize("products", [0.5, 1.0, 4.0])
def test_two_of_ours_share_alike(products: float) -> None:
    place = _place(products)
    assert min(_shares(place, our_flow(1), our_flow(2))) >= 0.35


@pytest.mark.parametrize("algorithm", ["reno", "cubic"])
@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_older_flows_are_left_a_quarter_and_leave_us_one(algorithm: str, first: str) -> None:
    flows = [our_flow(1), shipped_flow(algorithm)]
    if first == "theirs":
        flows.reverse()
    assert min(_shares(_place(1.0), *flows)) >= 0.25


def test_two_of_ours_leave_a_deep_queue_short() -> None:
    place = _place(4.0, rate=2 * RATE)
    _shares(place, our_flow(1), our_flow(2))
    assert sum(place.queues) / len(place.queues) <= 1.25 * place.product_bytes


# --- what aioquic reports


def _packet(number: int, size_bytes: int = DATAGRAM, sent_at: float = 0.0) -> QuicSentPacket:
    return QuicSentPacket(
        epoch=Epoch.ONE_RTT,
        in_flight=True,
        is_ack_eliciting=True,
        is_crypto_packet=False,
        packet_number=number,
        packet_type=QuicPacketType.ONE_RTT,
        sent_time=sent_at,
        sent_bytes=size_bytes,
    )


def _congestion(first: int = 0) -> PathCongestion:
    return PathCongestion(max_datagram_size=DATAGRAM, random=Random(1), first=first)


def test_packets_of_the_old_path_say_nothing_about_the_new_one() -> None:
    congestion = _congestion(first=10)
    congestion.on_packet_sent(packet=_packet(10))
    congestion.on_packet_acked(now=0.1, packet=_packet(9))
    congestion.on_packets_lost(now=0.1, packets=[_packet(8)])
    congestion.on_packets_expired(packets=[_packet(7)])
    congestion.settle(0.1)
    assert congestion.bytes_in_flight == DATAGRAM
    assert congestion.rate_bps == 0.0
    congestion.on_packet_acked(now=0.1, packet=_packet(10))
    assert congestion.bytes_in_flight == 0


def test_cap_of_bulk_is_twice_what_is_on_its_way_on_a_full_path_and_never_tiny() -> None:
    congestion = _congestion()
    assert congestion.bulk_cap_bytes == BULK_CAP_MIN_BYTES
    place, flow = _place(rate=4 * RATE, delay_s=0.1), our_flow(1)
    _pour(place, flow, 4.0)
    place.run(3.0)
    cap = flow.connection.bulk_cap_bytes
    assert 0.9 * 2 * place.product_bytes <= cap <= 1.3 * 2 * place.product_bytes


def test_everything_lost_for_long_begins_anew() -> None:
    congestion = _congestion()
    for number in range(100):
        sent_at = number * 0.01
        congestion.on_packet_sent(packet=_packet(number, sent_at=sent_at))
        congestion.on_packet_acked(now=sent_at + 0.05, packet=_packet(number, sent_at=sent_at))
        congestion.on_rtt_measurement(now=sent_at + 0.05, rtt=0.05)
        congestion.settle(sent_at + 0.05)
    assert congestion.rate_bps > 0
    congestion.on_persistent_congestion()
    assert congestion.rate_bps == 0
    assert congestion.congestion_window == 10 * DATAGRAM


# --- pacing


def _leave(pacer: PathPacer, now: float) -> int:
    """Let as many packets leave as may now."""
    count = 0
    while pacer.next_send_time(now) is None:
        pacer.update_after_send(now)
        count += 1
    return count


def test_pace_is_kept_over_time_whatever_the_timer() -> None:
    pacer = PathPacer(max_datagram_size=DATAGRAM)
    pacer.use_rate(1_200_000.0)  # a packet each millisecond
    burst = _leave(pacer, 1.0)
    later = sum(_leave(pacer, 1.0 + step * 0.004) for step in range(1, 251))
    assert burst <= 11
    assert later == pytest.approx(1000, abs=2)


def test_packets_that_an_acknowledgement_lets_pass_are_paid_for() -> None:
    pacer = PathPacer(max_datagram_size=DATAGRAM)
    pacer.use_rate(1_200_000.0)
    _leave(pacer, 1.0)
    for _ in range(20):
        pacer.update_after_send(1.0)  # nobody asked
    at = pacer.next_send_time(1.0)
    assert at is not None
    assert at >= 1.020
    assert pacer.next_send_time(1.019) is not None
    assert pacer.next_send_time(1.025) is None


def test_late_timer_costs_no_pace_but_a_pause_is_no_credit() -> None:
    pacer = PathPacer(max_datagram_size=DATAGRAM)
    pacer.use_rate(12_000_000.0)  # ten packets each millisecond
    _leave(pacer, 1.0)
    assert _leave(pacer, 1.008) == pytest.approx(80, abs=2)
    assert _leave(pacer, 2.0) <= 130


def test_small_packets_cost_what_they_weigh() -> None:
    pacer = PathPacer(max_datagram_size=DATAGRAM)
    pacer.use_rate(1_200_000.0)
    sent = 0
    for step in range(100):
        now = 1.0 + step * 0.001
        for _ in range(5):
            if pacer.next_send_time(now) is None:
                pacer.update_after_send(now)
                pacer.settle(100)
                sent += 1
    assert sent == 500


def test_no_rate_is_no_wait() -> None:
    pacer = PathPacer(max_datagram_size=DATAGRAM)
    for _ in range(100):
        assert pacer.next_send_time(0.0) is None
        pacer.update_after_send(0.0)
