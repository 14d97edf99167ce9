"""The model of a path, fed with what a path would tell, a round trip at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezp2p.link.bbr import (
    INITIAL_PACKETS,
    MIN_PACKETS,
    REST_EVERY_S,
    REST_S,
    ROUNDS_WITHOUT_GROWTH,
    Burst,
    PathModel,
    Phase,
)
from ezp2p.link.rate import RateSample

DATAGRAM = 1_200
BURSTS = 10
RATE = 1_000_000.0
TRIP_S = 0.05
PRODUCT = RATE * TRIP_S
FULL_QUEUE = 1.7 * PRODUCT  # on their way when a queue of 0.7 products is full


@dataclass
class Teller:
    """Tells a model what happened on its path, and keeps the time."""

    model: PathModel = field(
        default_factory=lambda: PathModel(datagram_bytes=DATAGRAM, random=Random(1))
    )
    now: float = 0.0
    delivered: int = 0

    def round(
        self,
        rate: float = RATE,
        trip_s: float = TRIP_S,
        *,
        lost_packets: int = 0,
        in_flight: float = 0.8 * PRODUCT,
        app_limited: bool = False,
    ) -> Phase:
        """Tell of a round trip at this rate in ten bursts, the last with losses; what then?"""
        total = int(rate * trip_s)
        for part in range(1, BURSTS + 1):
            lost = lost_packets if part == BURSTS else 0
            self.delivered += total // BURSTS
            self.now += trip_s / BURSTS
            self.model.step(
                Burst(
                    sample=RateSample(rate, self.delivered - total, int(in_flight), app_limited),
                    round_trip_s=trip_s,
                    acked_bytes=total // BURSTS,
                    lost_bytes=lost * DATAGRAM,
                    lost_of_bytes=int(in_flight) if lost else 0,
                    in_flight_bytes=int(in_flight),
                    delivered_bytes=self.delivered,
                    app_limited=app_limited,
                ),
                self.now,
            )
        return self.model.phase

    def until(self, phase: Phase, **how: float) -> int:
        """Tell of rounds until the model is in this phase; return how many it took."""
        for count in range(1, 200):
            if self.round(**how) is phase:  # type: ignore[arg-type]
                return count
        raise AssertionError(f"never in {phase}")


@pytest.fixture
def teller() -> Teller:
    return Teller()


@pytest.fixture
def cruising(teller: Teller) -> Teller:
    teller.until(Phase.CRUISE)
    return teller


def _overflow(teller: Teller) -> float:
    """Tell of a queue that stands for a while and then overflows; return the ceiling."""
    teller.round(trip_s=1.7 * TRIP_S, in_flight=FULL_QUEUE)
    teller.round(trip_s=1.7 * TRIP_S, in_flight=FULL_QUEUE, lost_packets=1)
    return teller.model.ceiling_bytes


def test_unknown_path_begins_with_ten_packets_as_they_come(teller: Teller) -> None:
    assert teller.model.window_bytes == INITIAL_PACKETS * DATAGRAM
    assert teller.model.pace == 0.0
    assert teller.model.round_trip_s is None


def test_startup_goes_on_while_the_rate_grows_and_ends_when_it_does_not(teller: Teller) -> None:
    for doubling in range(6):
        teller.round(rate=10_000.0 * 2**doubling)
        assert teller.model.phase is Phase.STARTUP
    assert teller.model.pace > 2 * teller.model.bandwidth
    rounds = teller.until(Phase.DRAIN, rate=320_000.0, in_flight=2 * PRODUCT)
    assert rounds == ROUNDS_WITHOUT_GROWTH
    assert teller.model.pace < teller.model.bandwidth


def test_startup_is_not_ended_by_having_little_to_send(teller: Teller) -> None:
    for _ in range(20):
        teller.round(rate=10_000.0, app_limited=True)
    assert teller.model.phase is Phase.STARTUP


def test_small_talk_does_not_slow_down_what_comes_after_it(teller: Teller) -> None:
    for _ in range(20):
        teller.round(rate=1_000.0, app_limited=True)
    assert teller.model.window_bytes >= INITIAL_PACKETS * DATAGRAM
    assert teller.model.pace >= INITIAL_PACKETS * DATAGRAM / TRIP_S


def test_full_path_is_known_by_its_two_numbers(cruising: Teller) -> None:
    assert cruising.model.bandwidth == RATE
    assert cruising.model.round_trip_s == TRIP_S
    assert PRODUCT < cruising.model.window_bytes <= 3 * PRODUCT


def test_asking_for_more_comes_again_and_again_after_different_times(cruising: Teller) -> None:
    waits = []
    for _ in range(6):
        waits.append(cruising.until(Phase.UP))
        assert cruising.model.pace > cruising.model.bandwidth
        cruising.until(Phase.CRUISE)
    assert len(set(waits)) > 1


def test_wider_path_is_believed_at_once_and_a_narrower_one_after_two_cycles(
    cruising: Teller,
) -> None:
    cruising.round(rate=2 * RATE)
    assert cruising.model.bandwidth == 2 * RATE
    for _ in range(2):
        cruising.until(Phase.UP)
        assert cruising.model.bandwidth == 2 * RATE
        cruising.until(Phase.CRUISE)
    cruising.until(Phase.UP)
    cruising.until(Phase.CRUISE)
    assert cruising.model.bandwidth == RATE


def test_much_narrower_path_with_a_queue_is_believed_in_some_round_trips(cruising: Teller) -> None:
    for _ in range(3):
        cruising.round(rate=RATE / 10, trip_s=10 * TRIP_S, in_flight=1.7 * PRODUCT)
    assert cruising.model.bandwidth == RATE / 10


def test_little_to_send_does_not_make_a_path_narrow(cruising: Teller) -> None:
    for _ in range(400):
        cruising.round(rate=RATE / 20, app_limited=True)
    assert cruising.model.bandwidth == RATE


def test_loss_on_an_empty_path_is_the_weather(cruising: Teller) -> None:
    window = cruising.model.window_bytes
    for _ in range(3):
        cruising.round(lost_packets=2)
    assert cruising.model.window_bytes == window
    assert cruising.model.ceiling_bytes == float("inf")


def test_loss_beside_a_queue_lowers_the_ceiling_once_a_round_trip(cruising: Teller) -> None:
    lowered = _overflow(cruising)
    assert PRODUCT <= lowered < FULL_QUEUE
    assert cruising.model.window_bytes <= lowered
    cruising.round(rate=1.0, trip_s=1.7 * TRIP_S, lost_packets=1, in_flight=FULL_QUEUE)
    assert cruising.model.ceiling_bytes >= lowered


def test_ceiling_is_lifted_by_a_datagram_each_round_trip(cruising: Teller) -> None:
    lowered = _overflow(cruising)
    assert lowered < FULL_QUEUE
    for _ in range(5):
        cruising.round()
    assert cruising.model.ceiling_bytes == lowered + 5 * DATAGRAM


def test_loss_beside_jitter_is_the_weather_too(cruising: Teller) -> None:
    for _ in range(4):
        cruising.round(trip_s=TRIP_S)
        cruising.round(trip_s=1.3 * TRIP_S, lost_packets=1)
    assert cruising.model.ceiling_bytes == float("inf")


def test_very_much_loss_counts_without_a_queue(cruising: Teller) -> None:
    cruising.round(lost_packets=10)
    assert cruising.model.ceiling_bytes < float("inf")


def test_loss_while_starting_up_ends_it(teller: Teller) -> None:
    teller.round(rate=RATE / 4)
    assert teller.round(rate=RATE / 2, lost_packets=2) is Phase.STARTUP
    assert teller.round(rate=RATE, lost_packets=8, in_flight=2 * PRODUCT) is Phase.DRAIN


def test_rest_comes_when_no_short_round_trip_was_seen_for_long(cruising: Teller) -> None:
    began_at = cruising.now
    cruising.until(Phase.REST, trip_s=1.5 * TRIP_S)
    assert cruising.now - began_at >= REST_EVERY_S - 1.5 * TRIP_S
    assert cruising.model.window_bytes <= PRODUCT / 2
    began_at = cruising.now
    cruising.until(Phase.CRUISE, in_flight=PRODUCT / 2)
    assert cruising.now - began_at >= REST_S


def test_path_that_became_longer_is_learned_by_resting_twice(cruising: Teller) -> None:
    for _ in range(2):
        cruising.until(Phase.REST, trip_s=2 * TRIP_S, in_flight=PRODUCT / 2)
        cruising.until(Phase.CRUISE, trip_s=2 * TRIP_S, in_flight=PRODUCT / 2)
    assert cruising.model.round_trip_s == 2 * TRIP_S


@pytest.mark.parametrize("how", ["short round trips", "little to send"])
def test_no_rest_is_needed_where(cruising: Teller, how: str) -> None:
    for _ in range(400):
        if how == "little to send":
            cruising.round(rate=RATE / 20, trip_s=1.5 * TRIP_S, app_limited=True)
        else:
            cruising.round(trip_s=1.02 * TRIP_S)
        assert cruising.model.phase is not Phase.REST


def test_acknowledgements_in_heaps_are_given_room(cruising: Teller) -> None:
    short = PathModel(datagram_bytes=DATAGRAM, random=Random(1))
    teller = Teller(short)
    for _ in range(8):
        # 2 ms there and back, but what arrives is told every 20 ms.
        heap, before = int(RATE * 0.02), teller.delivered
        teller.delivered += heap
        teller.now += 0.02
        burst = Burst(
            sample=RateSample(RATE, before, heap, app_limited=False),
            round_trip_s=0.002,
            acked_bytes=heap,
            lost_bytes=0,
            lost_of_bytes=0,
            in_flight_bytes=0,
            delivered_bytes=teller.delivered,
            app_limited=False,
        )
        short.step(burst, teller.now)
    assert short.phase is Phase.CRUISE
    assert short.window_bytes >= RATE * 0.02


def test_larger_datagrams_make_the_smallest_window_larger(teller: Teller) -> None:
    teller.model.use_datagrams_of(8_900)
    assert teller.model.window_bytes == INITIAL_PACKETS * 8_900


_ROUNDS = st.lists(
    st.tuples(
        st.floats(1.0, 1e9),  # rate
        st.floats(0.0, 5.0),  # round trip
        st.integers(0, 1_000),  # lost packets
        st.floats(0.0, 1e8),  # on their way
        st.booleans(),  # too little to send
    ),
    max_size=60,
)


@given(_ROUNDS)
def test_whatever_a_path_tells_something_may_always_leave(
    rounds: list[tuple[float, float, int, float, bool]],
) -> None:
    teller = Teller()
    for rate, trip_s, lost, in_flight, limited in rounds:
        teller.round(rate, trip_s, lost_packets=lost, in_flight=in_flight, app_limited=limited)
        assert teller.model.window_bytes >= MIN_PACKETS * DATAGRAM
        assert math.isfinite(teller.model.pace)
        assert teller.model.pace > 0
