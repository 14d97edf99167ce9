"""What a path can carry, and how much to send for it: a model kept true by probing.

    bandwidth     the best delivery rate of this and the last cycle
    round trip    the shortest of this and the last span of some seconds
    product       of the two: what is on its way when the path is full and its queue empty

    STARTUP --> DRAIN --> CRUISE --> UP --> DOWN      UP asks whether there is more, DOWN takes
                            ^                |        back what queue that made; a cycle takes
                            +----------------+        some round trips, never the same number
    CRUISE --> REST --> CRUISE       nearly nothing for a moment, so that the queue, ours and our
                                     neighbours', empties and the round trip can be seen

Loss alone says little: on a radio link it is the weather. Loss beside a queue, or very much of it,
is a neighbour or a full buffer; it puts a ceiling over what may be on its way, which is lifted by
a datagram each round trip, as a Reno's window is. So a long-distance line with one lost packet in
a hundred is used to the full, and one that others use is shared.

After draft-ietf-ccwg-bbr (BBR version 3), from which the ceiling differs: there it follows from
more than 2 % of loss whatever the cause. Sans-IO; times are seconds of the caller's clock, rates
bytes per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random

from ezp2p.link.rate import RateSample


class Phase(Enum):
    """What is being found out."""

    STARTUP = "startup"
    DRAIN = "drain"
    CRUISE = "cruise"
    UP = "up"
    DOWN = "down"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class _Gains:
    pace: float  # of the bandwidth: how fast packets leave
    fill: float  # of the product: how much may be on its way


_GAINS = {
    Phase.STARTUP: _Gains(2.77, 2.77),  # 4 ln 2: the least that doubles the rate each round trip
    Phase.DRAIN: _Gains(0.36, 2.77),
    Phase.CRUISE: _Gains(0.99, 1.75),
    Phase.UP: _Gains(1.25, 2.0),
    Phase.DOWN: _Gains(0.85, 1.75),
    Phase.REST: _Gains(0.99, 0.5),
}
INITIAL_PACKETS = 10  # RFC 9002, 7.2
MIN_PACKETS = 4
# STARTUP ends when the rate has not grown by this in so many rounds.
GROWTH = 1.25
ROUNDS_WITHOUT_GROWTH = 3
# A path that became narrower shows by a queue and less than this share of the bandwidth.
SLOW = 0.3
SLOW_ROUNDS = 2
# Round trips between two askings, drawn anew each time: two flows that ask together learn nothing.
CRUISE_ROUNDS = (4.0, 9.0)
CRUISE_MIN_S = 0.1
UP_MAX_ROUNDS = 3
DOWN_MAX_ROUNDS = 5
REST_EVERY_S = 5.0
REST_S = 0.2
# A round trip this near the shortest was seen without a queue, and no REST is needed.
NEAR_SHARE = 0.05
NEAR_S = 0.001
# Both ends' event loops and the bursts they read hold a packet up so long.
HOST_S = 0.002
# Acknowledgements that come in heaps (Wi-Fi sends many packets at once) need more on its way ...
HEAP_MAX_S = 0.05  # ... but not more than this time's worth
# There is a queue when the round trip is longer than the shortest by both of these.
QUEUE_SHARE = 0.1
QUEUE_S = 0.002
# What a loss beside a queue leaves of what was on its way; at most once a round trip.
CUT = 0.7
# Of a round's bytes, the loss that counts without a queue, too: a buffer too small for one.
MUCH_LOSS = 0.1
MUCH_LOSS_PACKETS = 4
# A few packets lost while the rate still doubles are an accident, more are the end of it.
STARTUP_LOSS = 0.02
STARTUP_LOSS_PACKETS = 6
_UNKNOWN = float("inf")


@dataclass(frozen=True, slots=True)
class Burst:
    """What acknowledgements and losses have told since the last step."""

    sample: RateSample | None
    round_trip_s: float | None  # the shortest of them
    acked_bytes: int
    lost_bytes: int
    lost_of_bytes: int  # on their way when the last of the lost ones left
    in_flight_bytes: int  # now
    delivered_bytes: int  # since the beginning
    app_limited: bool  # there is too little to send


class PathModel:
    """One path's bandwidth and round trip, and what follows from them."""

    def __init__(self, *, datagram_bytes: int, random: Random) -> None:
        """Begin with STARTUP, knowing nothing. `random` spreads the askings."""
        self.datagram_bytes = datagram_bytes
        self.phase = Phase.STARTUP
        self.window_bytes = INITIAL_PACKETS * datagram_bytes
        self.ceiling_bytes = _UNKNOWN
        self._random = random
        self._rates = [0.0, 0.0]  # the best of this cycle and of the last
        self._round_trips = [_UNKNOWN, _UNKNOWN]  # the shortest of this span and of the last
        self._round_shortest = [_UNKNOWN, _UNKNOWN]  # round trip of this round and of the last
        self._near_at: float | None = None  # when a round trip near the shortest was last seen
        self._rounds = 0
        self._round_ends = 0  # when so many bytes are delivered
        self._round_acked = self._round_lost = 0
        self._phase_at = 0.0
        self._phase_round = 0
        self._cruise_s = 0.0
        self._rest_until: float | None = None
        self._startup_rate = 0.0
        self._startup_stale = 0
        self._too_much = False  # this phase has met a loss that counts
        self._cut_ends = 0  # when so many bytes are delivered another loss counts
        self._round_rate = 0.0  # the best of this round
        self._slow_rounds = 0  # in a row, and the best rate in them
        self._slow_rate = 0.0
        self._heaps = [0, 0]  # the most acknowledged at once, in this cycle and in the last

    @property
    def bandwidth(self) -> float:
        """What the path carries, bytes per second; 0.0 before anything was acknowledged."""
        return max(self._rates)

    @property
    def round_trip_s(self) -> float | None:
        """The shortest round trip, None before there was one."""
        shortest = min(self._round_trips)
        return None if shortest == _UNKNOWN else shortest

    @property
    def product_bytes(self) -> float:
        """Bandwidth times round trip: the bytes on a path that is full and has no queue."""
        return self.bandwidth * (self.round_trip_s or 0.0)

    @property
    def pace(self) -> float:
        """How fast packets should leave, bytes per second; 0.0: as they come."""
        round_trip_s = self.round_trip_s
        if round_trip_s is None:
            return 0.0
        rate = self.bandwidth
        if self.phase is Phase.STARTUP:
            rate = max(rate, INITIAL_PACKETS * self.datagram_bytes / max(round_trip_s, 1e-6))
        return _GAINS[self.phase].pace * rate

    def use_datagrams_of(self, size_bytes: int) -> None:
        """The path carries datagrams of so many bytes: the smallest windows are counted in them."""
        self.datagram_bytes = size_bytes
        self.window_bytes = int(self._window())

    def step(self, burst: Burst, now: float) -> None:
        """Take in what was learned, and adapt the window, the pace and the phase."""
        new_round = self._count_rounds(burst)
        self._learn(burst, now)
        if burst.lost_bytes:
            self._heed_loss(burst)
        if new_round and not burst.app_limited:
            self.ceiling_bytes += self.datagram_bytes
        self._move(burst, now, new_round=new_round)
        if new_round:
            self._notice_slowness(burst)
            self._round_acked = self._round_lost = 0
            self._round_rate = 0.0
            self._round_shortest = [_UNKNOWN, self._round_shortest[0]]
        self.window_bytes = int(self._window())

    # --- learning

    def _count_rounds(self, burst: Burst) -> bool:
        self._round_acked += burst.acked_bytes
        self._round_lost += burst.lost_bytes
        sample = burst.sample
        if sample is None or sample.delivered_before < self._round_ends:
            return False
        self._rounds += 1
        self._round_ends = burst.delivered_bytes
        return True

    def _learn(self, burst: Burst, now: float) -> None:
        if burst.round_trip_s is not None:
            self._round_shortest[0] = min(self._round_shortest[0], burst.round_trip_s)
            self._round_trips[0] = min(self._round_trips[0], burst.round_trip_s)
            shortest = min(self._round_trips)
            if burst.round_trip_s <= shortest + max(NEAR_S, NEAR_SHARE * shortest):
                self._near_at = now
        sample = burst.sample
        if sample is not None and (not sample.app_limited or sample.bytes_per_s > self.bandwidth):
            self._rates[0] = max(self._rates[0], sample.bytes_per_s)
        if sample is not None:
            self._round_rate = max(self._round_rate, sample.bytes_per_s)
        self._heaps[0] = max(self._heaps[0], burst.acked_bytes)

    def _heed_loss(self, burst: Burst) -> None:
        """Lower the ceiling if this loss is not the weather."""
        if burst.delivered_bytes < self._cut_ends:
            return  # one loss a round trip counts; these packets left before we knew
        if self.phase is Phase.STARTUP:
            if not self._lost_more_than(STARTUP_LOSS, STARTUP_LOSS_PACKETS):
                return
        elif not self._queue_is_seen and not self._lost_more_than(MUCH_LOSS, MUCH_LOSS_PACKETS):
            return
        self._too_much = True
        self._cut_ends = burst.delivered_bytes + burst.in_flight_bytes
        level = min(burst.lost_of_bytes or burst.in_flight_bytes, self.ceiling_bytes)
        self.ceiling_bytes = max(CUT * level, self.product_bytes + self._heap_bytes)

    def _notice_slowness(self, burst: Burst) -> None:
        """Believe at once what would show at the end of the next cycle, if it is much."""
        slow = self._round_rate < SLOW * self.bandwidth
        if not slow or not self._queue_is_seen or burst.app_limited:
            self._slow_rounds, self._slow_rate = 0, 0.0
            return
        self._slow_rounds += 1
        self._slow_rate = max(self._slow_rate, self._round_rate)
        if self._slow_rounds >= SLOW_ROUNDS:
            self._rates = [self._slow_rate, 0.0]
            self._slow_rounds, self._slow_rate = 0, 0.0

    def _lost_more_than(self, share: float, packets: int) -> bool:
        lost = self._round_lost
        return lost > share * (lost + self._round_acked) and lost >= packets * self.datagram_bytes

    @property
    def _queue_is_seen(self) -> bool:
        shortest = self.round_trip_s
        if shortest is None:
            return False
        # Jitter does not hide a round trip without a queue for a whole round; a queue does.
        return min(self._round_shortest) > shortest + max(QUEUE_S, QUEUE_SHARE * shortest)

    # --- moving through the phases

    def _move(self, burst: Burst, now: float, *, new_round: bool) -> None:
        rounds = self._rounds - self._phase_round
        empty = burst.in_flight_bytes <= self.product_bytes
        match self.phase:
            case Phase.STARTUP:
                if self._too_much or (new_round and self._has_stopped_growing(burst)):
                    self._enter(Phase.DRAIN, now)
            case Phase.DRAIN | Phase.DOWN:
                if empty or rounds > DOWN_MAX_ROUNDS:
                    self._enter(Phase.CRUISE, now)
            case Phase.CRUISE:
                if self._rest_is_due(burst, now):
                    self._enter(Phase.REST, now)
                elif now - self._phase_at >= self._cruise_s:
                    self._enter(Phase.UP, now)
            case Phase.UP:
                full = burst.in_flight_bytes >= _GAINS[Phase.UP].pace * self.product_bytes
                if self._too_much or (rounds > 1 and full) or rounds > UP_MAX_ROUNDS:
                    if not burst.app_limited:
                        self._rates = [0.0, self._rates[0] or self._rates[1]]
                    self._heaps = [0, self._heaps[0]]
                    self._enter(Phase.DOWN, now)
            case Phase.REST:
                if self._rest_until is None:
                    if burst.in_flight_bytes <= self.window_bytes:
                        self._rest_until = now + max(REST_S, self.round_trip_s or 0.0)
                elif now >= self._rest_until:
                    self._turn_span(now)
                    self._enter(Phase.CRUISE, now)

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase = phase
        self._phase_at = now
        self._phase_round = self._rounds
        self._too_much = False
        self._rest_until = None
        if phase is Phase.CRUISE:
            rounds = self._random.uniform(*CRUISE_ROUNDS)
            self._cruise_s = max(CRUISE_MIN_S, rounds * (self.round_trip_s or 0.0))

    def _has_stopped_growing(self, burst: Burst) -> bool:
        if burst.sample is None or burst.sample.app_limited:
            return False
        if self.bandwidth >= GROWTH * self._startup_rate:
            self._startup_rate = self.bandwidth
            self._startup_stale = 0
        else:
            self._startup_stale += 1
        return self._startup_stale >= ROUNDS_WITHOUT_GROWTH

    def _rest_is_due(self, burst: Burst, now: float) -> bool:
        if self._near_at is None or now - self._near_at < REST_EVERY_S:
            return False
        if burst.app_limited:
            self._turn_span(now)
            return False
        return True

    def _turn_span(self, now: float) -> None:
        self._near_at = now
        if self._round_trips[0] != _UNKNOWN:
            self._round_trips = [_UNKNOWN, self._round_trips[0]]

    # --- what follows

    def _window(self) -> float:
        gains = _GAINS[self.phase]
        least = MIN_PACKETS * self.datagram_bytes
        if self.phase is Phase.REST:
            return max(gains.fill * self.product_bytes, least)
        if self.phase is Phase.STARTUP:
            least = INITIAL_PACKETS * self.datagram_bytes
        room = gains.fill * self.product_bytes + max(self._heap_bytes, HOST_S * self.bandwidth)
        return max(min(room, self.ceiling_bytes), least)

    @property
    def _heap_bytes(self) -> float:
        return min(max(self._heaps), HEAP_MAX_S * self.bandwidth)
