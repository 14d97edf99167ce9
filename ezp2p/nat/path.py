"""One path: a route, and what its pings have told so far.

    untried --1st pong--> answering --2nd pong--> proven
       ^                                            |
       +---------------- silent too long -----------+

How often it is asked depends on what it is to us:

    in use, carrying data     every 0.2 s unless something is heard, every 1 s to measure
    in use, idle              every 1 s
    proven, in reserve        every 5 s (which also keeps NATs and relays awake)
    was proven, now silent    0.25 s, doubling up to 5 s, for ever
    never answered            fast for 2 s, then 0.25 s, doubling up to 30 s, for ever
    only guessed              every 0.25 s, for 3 s; then it is forgotten
"""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum

from ezp2p.nat.route import Route
from ezp2p.nat.size import SizeProbe

ACTIVE_PING_S = 0.2
IDLE_PING_S = 1.0
RESERVE_PING_S = 5.0
FAST_PING_S = 0.05
FAST_PHASE_S = 2.0
RETRY_FIRST_S = 0.25
RETRY_PROVEN_MAX_S = 5.0
RETRY_UNKNOWN_MAX_S = 30.0
GUESS_PING_S = 0.25
GUESS_LIFE_S = 3.0

SUSPECT_S = 0.4
SUSPECT_ROUND_TRIPS = 4
DEAD_S = 1.5
DEAD_ROUND_TRIPS = 8
# Silence counts only after a question that had time to be answered.
ASKED_SUSPECT_S = 0.1
ASKED_DEAD_S = 1.0

PROVEN_PONGS = 2
_PINGS_REMEMBERED = 16  # the oldest unanswered one is forgotten beyond this
_RTT_SMOOTHING = 1 / 8  # RFC 6298
_GUESSED_RTT_S = 0.1


class Use(Enum):
    """What a path is to the link at present."""

    ACTIVE = "carries data"
    IDLE = "would carry data"
    RESERVE = "waits for its turn"


class Path:
    """What we know of one route."""

    def __init__(self, route: Route, now: float, *, guessed: bool = False) -> None:
        """`guessed`: nobody has named it; it is forgotten if it leads nowhere at once."""
        self.route = route
        self.size = SizeProbe(route)
        self.forget_at = now + GUESS_LIFE_S if guessed else None
        self.pongs = 0  # since it was last silent
        self.heard_at: float | None = None  # when anything authentic last came by it
        self.shortest_round_trip_s = float("inf")  # the distance, whatever the machines do besides
        self._rtt_s: float | None = None
        self._was_proven = False
        self._fast_until = now + FAST_PHASE_S
        self._retry_s = RETRY_FIRST_S
        self._pinged_at: float | None = None
        self._pause_s = 0.0  # after the last ping, while it does not answer
        self._asked_at: float | None = None  # first ping since anything was heard
        self._unanswered: OrderedDict[int, float] = OrderedDict()

    @property
    def proven(self) -> bool:
        """Whether it has answered often enough to move up to it."""
        return self.pongs >= PROVEN_PONGS

    @property
    def round_trip_s(self) -> float:
        """Smoothed round trip, or a guess while nothing was measured."""
        return _GUESSED_RTT_S if self._rtt_s is None else self._rtt_s

    def ping_at(self, use: Use) -> float:
        """When it is to be asked next; in the past if it was never asked."""
        if self._pinged_at is None:
            return float("-inf")
        if not self.proven:
            return self._pinged_at + (FAST_PING_S if self.pongs else self._pause_s)
        if use is Use.RESERVE:
            return self._pinged_at + RESERVE_PING_S
        measure_at = self._pinged_at + IDLE_PING_S
        if use is Use.IDLE or self.heard_at is None:
            return measure_at
        return min(measure_at, max(self._pinged_at, self.heard_at) + ACTIVE_PING_S)

    def pinged(self, number: int, now: float, fast_pause_s: float) -> None:
        """A ping went out; while it is new and silent, the next one follows so soon."""
        self._unanswered[number] = now
        if len(self._unanswered) > _PINGS_REMEMBERED:
            self._unanswered.popitem(last=False)
        if self._asked_at is None:
            self._asked_at = now
        self._pinged_at = now
        if self.forget_at is not None:
            self._pause_s = max(GUESS_PING_S, fast_pause_s)
        elif not self._was_proven and now < self._fast_until:
            self._pause_s = fast_pause_s
        else:
            self._pause_s = self._retry_s
            longest = RETRY_PROVEN_MAX_S if self._was_proven else RETRY_UNKNOWN_MAX_S
            self._retry_s = min(2 * self._retry_s, longest)

    def ask_now(self) -> None:
        """Let the next ping be due at once."""
        self._pinged_at = None

    def hurry(self, now: float) -> None:
        """Our network has changed: ask as if it were new."""
        self._fast_until = now + FAST_PHASE_S
        self._was_proven = False
        self._retry_s = RETRY_FIRST_S
        self.ask_now()

    def answered(self, number: int, now: float) -> bool:
        """Take a pong; return False if it answers none of this path's pings."""
        sent_at = self._unanswered.pop(number, None)
        if sent_at is None:
            return False
        sample = now - sent_at
        self.shortest_round_trip_s = min(self.shortest_round_trip_s, sample)
        self._rtt_s = (
            sample if self._rtt_s is None else self._rtt_s + (sample - self._rtt_s) * _RTT_SMOOTHING
        )
        self.pongs += 1
        self._was_proven = self._was_proven or self.proven
        self._retry_s = RETRY_FIRST_S
        self.heard(now)
        return True

    def heard(self, now: float) -> None:
        """Something authentic came by this path."""
        self.heard_at = now
        self.forget_at = None
        self._asked_at = None

    @property
    def suspect_at(self) -> float | None:
        """When its silence becomes suspicious, None while we are not asking."""
        return self._silent_at(
            max(SUSPECT_S, SUSPECT_ROUND_TRIPS * self.round_trip_s),
            max(ASKED_SUSPECT_S, 2 * self.round_trip_s),
        )

    @property
    def dead_at(self) -> float | None:
        """When its silence means that it leads nowhere, None while we are not asking."""
        if not self.pongs:
            return None
        return self._silent_at(
            max(DEAD_S, DEAD_ROUND_TRIPS * self.round_trip_s),
            max(ASKED_DEAD_S, SUSPECT_ROUND_TRIPS * self.round_trip_s),
        )

    def forget_silence(self, now: float) -> None:
        """We were not running: count its silence from now on."""
        if self.heard_at is not None:
            self.heard_at = now
        self._asked_at = None
        self.ask_now()

    def fall_silent(self) -> None:
        """It leads nowhere at present: it must prove itself anew."""
        self.pongs = 0
        self.size.stop()
        self._unanswered.clear()
        self._asked_at = None
        self._pause_s = self._retry_s = RETRY_FIRST_S

    def _silent_at(self, after_heard_s: float, after_asked_s: float) -> float | None:
        if self._asked_at is None or self.heard_at is None:
            return None
        return max(self.heard_at + after_heard_s, self._asked_at + after_asked_s)
