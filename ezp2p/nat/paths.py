"""All ways to the peer, and which of them carries the link now.

The session starts on the first path that answers, which is usually the relay, moves up as soon
as a path of a better kind has answered two pings, and down when the one in use falls silent:

    in use --silent max(0.4 s, 4 RTT) while asked--> suspect: send on the next best one too
           --silent 1.5 s--------------------------> move down, keep trying the old one

Inside one kind a path must be clearly faster, and the last move some seconds old. Nothing that
was named is given up, unless newer names need its place: a silent path is asked more and more
rarely, for ever. What was guessed (punching.py) has three seconds.

Sans-IO: datagrams and `now` in; parcels, `wake_at` and events out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ezp2p.nat.path import FAST_PING_S, RESERVE_PING_S, Path, Use
from ezp2p.nat.pings import PingSigner
from ezp2p.nat.punching import Allowance
from ezp2p.nat.route import OPENED_KINDS, Address, Parcel, Route
from ezp2p.wire.keys import Role

# How many addresses a peer may name, and how many more we guess and learn from its pings: each
# costs pings to somebody who may not have asked for them. At a time, and over a long session.
MAX_NAMED = 16
MAX_LEARNED = 8
MAX_GUESSED = 16
NAMES_AT_ONCE = 2 * MAX_NAMED
NAMES_PER_S = 0.2
# All fast pings together to routes that never answered.
UNKNOWN_PINGS_PER_S = 80

ACTIVE_S = 2.0  # after the link's last datagram
FASTER_SHARE = 0.9
FASTER_S = 0.005
SETTLED_S = 3.0
RESERVE_FRESH_S = 2.5 * RESERVE_PING_S
# Woken later than this, we were asleep or starved, and the peer's silence proves nothing.
OVERSLEPT_S = 0.3


@dataclass(frozen=True, slots=True)
class PathChanged:
    """The link's datagrams take this route from now on."""

    route: Route
    round_trip_s: float
    after_silence: bool  # what was sent last is probably lost


@dataclass(frozen=True, slots=True)
class PathSuspected:
    """The path in use is silent; datagrams go by the next best one as well, so small ones."""

    beside: Route
    round_trip_s: float


@dataclass(frozen=True, slots=True)
class PathWidened:
    """The path in use carries datagrams of so many bytes."""

    datagram_bytes: int


@dataclass(frozen=True, slots=True)
class PathRenamed:
    """The route in use has turned out to be of a better kind; nothing else has changed."""

    route: Route


PathEvent = PathChanged | PathSuspected | PathWidened | PathRenamed


class PathTable:
    """Every route to one peer, its pings, and the choice among them."""

    def __init__(self, key: bytes, our_role: Role, *, unfragmented: bool = False) -> None:
        """`unfragmented`: our datagrams go whole or not at all, so that sizes can be tried."""
        self.wake_at: float | None = None
        self.heard_at: float | None = None  # when anything authentic was last heard on any path
        self._signer = PingSigner(key, our_role)
        self._unfragmented = unfragmented
        self._paths: dict[Route, Path] = {}
        self._direct: dict[Address, Route] = {}
        self._learned: set[Address] = set()
        self._names = Allowance(NAMES_PER_S, NAMES_AT_ONCE)
        self._guesses = Allowance(NAMES_PER_S, NAMES_AT_ONCE)
        self._lessons = Allowance(NAMES_PER_S, MAX_LEARNED)
        self._best: Path | None = None
        self._best_lost = False
        self._beside: Path | None = None
        self._moved_at = float("-inf")
        self._used_at = float("-inf")
        self._parcels: deque[Parcel] = deque()
        self._events: deque[PathEvent] = deque()

    @property
    def routes(self) -> tuple[Route, ...]:
        """Where the link's next datagram goes: usually one route, none before any was heard."""
        if self._best is None:
            heard = [path for path in self._paths.values() if path.heard_at is not None]
            return tuple(path.route for path in sorted(heard, key=_last_heard)[-1:])
        if self._beside is None:
            return (self._best.route,)
        return (self._best.route, self._beside.route)

    @property
    def suspected(self) -> bool:
        """Whether the path in use is silent and its datagrams go by a second one too."""
        return self._beside is not None

    @property
    def round_trip_s(self) -> float | None:
        """Of the path in use; None before there is one."""
        return self._best.round_trip_s if self._best else None

    @property
    def shortest_round_trip_s(self) -> float:
        """Of the path in use; infinite before there is one."""
        return self._best.shortest_round_trip_s if self._best else float("inf")

    def knows(self, route: Route) -> bool:
        """Whether the peer has been heard on this route, so that QUIC may come from it."""
        path = self._paths.get(route)
        return path is not None and path.heard_at is not None

    def is_silent(self, route: Route) -> bool:
        """Whether pings on this route find no answer at present."""
        path = self._paths.get(route)
        return path is not None and not path.pongs

    def route_to(self, address: Address) -> Route | None:
        """Return the direct route to this address, if there is one."""
        return self._direct.get(address)

    def add(self, routes: Iterable[Route], now: float, guesses: Iterable[Route] = ()) -> None:
        """Try `guesses` for a moment, and these for as long as we live, in this order.

        Of the peer's own addresses MAX_NAMED at a time: the one longest silent makes room. A name
        for an address that is known by another kind counts if its kind is the better one.
        """
        for route in guesses:
            if route.address not in self._direct and self._guesses.take(now):
                self._insert(Path(route, now, guessed=True))
        for route in routes:
            known = self._direct.get(route.address)
            if route.is_relayed:
                self._paths.setdefault(route, Path(route, now))
            elif known is not None:
                self._rename(known, route)
            elif self._names.take(now) and self._make_room():
                self._insert(Path(route, now))
        self.wake(now)

    def remove(self, route: Route, now: float) -> None:
        """This route is no more (a relay let us go)."""
        path = self._drop(route)
        if path is None:
            return
        if path is self._beside:
            self._beside = None
        if path is self._best:
            self._best = None
            self._best_lost = True
        self.wake(now)

    def receive(self, data: bytes, route: Route, now: float) -> bool:
        """Take a ping or pong that came by `route`; return whether it was the peer's."""
        heard = self._signer.read(data)
        if heard is None:
            return False
        path = self._paths.get(route)
        if heard.is_pong:
            if path is None or not path.answered(heard.number, now):
                return False
            if path.size.answered(heard.number) and path is self._best:
                self._events.append(PathWidened(path.size.datagram_bytes))
        else:
            path = path or self._learn(route, now)
            if path is None:
                return False
            # They were told of a port of ours, and we see their address only.
            if heard.kind in OPENED_KINDS and not route.is_relayed:
                self._rename(route, Route(heard.kind, route.address))
            self._parcels.append(Parcel(self._signer.pong(heard.number), route))
            path.heard(now)
        if not path.proven:
            path.ask_now()  # whoever asks, or answered once, will answer now
        self.heard_at = now
        self.wake(now)
        return True

    def heard(self, routes: Iterable[Route], now: float) -> None:
        """QUIC found authentic datagrams of the peer on these routes."""
        self.heard_at = now
        for route in routes:
            path = self._paths.get(route)
            if path is not None:
                path.heard(now)
        if self._beside is not None:
            self.wake(now)

    def used(self, now: float) -> None:
        """The link sends something: watch its path closely for a while."""
        was_idle = now - self._used_at > ACTIVE_S
        self._used_at = now
        if was_idle:
            self.wake_at = self._next_wake(now)

    def hurry(self, now: float) -> None:
        """Our network has changed: ask everywhere anew, however long it was silent."""
        for path in self._paths.values():
            path.hurry(now)
        self.wake(now)

    def wake(self, now: float) -> None:
        """Do what is due; to be called at or after `wake_at`."""
        if self.wake_at is not None and now > self.wake_at + OVERSLEPT_S:
            for path in self._paths.values():
                path.forget_silence(now)
        self._forget_guesses(now)
        self._bury(now)
        self._choose(now)
        self._suspect(now)
        for path in self._paths.values():
            if path.ping_at(self._use_of(path, now)) <= now:
                self._ping(path, now)
        if self._best is not None:
            self._try_sizes(self._best, now)
        self.wake_at = self._next_wake(now)

    def parcels(self) -> Iterator[Parcel]:
        """Yield and forget the pings and pongs to send."""
        while self._parcels:
            yield self._parcels.popleft()

    def next_events(self) -> Iterator[PathEvent]:
        """Yield and forget what happened, in order."""
        while self._events:
            yield self._events.popleft()

    def _insert(self, path: Path) -> None:
        self._paths[path.route] = path
        self._direct[path.route.address] = path.route

    def _drop(self, route: Route) -> Path | None:
        if self._direct.get(route.address) == route:
            del self._direct[route.address]
            self._learned.discard(route.address)
        return self._paths.pop(route, None)

    def _make_room(self) -> bool:
        """Return whether one more name may be tried; forgets one that leads nowhere for it."""
        named = [p for p in self._paths.values() if self._is_named(p)]
        if len(named) < MAX_NAMED:
            return True
        silent = [path for path in named if not path.pongs and path is not self._best]
        if not silent:
            return False
        self._drop(min(silent, key=_last_heard).route)
        return True

    def _is_named(self, path: Path) -> bool:
        guessed = path.forget_at is not None
        return not (path.route.is_relayed or guessed or path.route.address in self._learned)

    def _rename(self, known: Route, route: Route) -> None:
        path = self._paths[known]
        path.forget_at = None  # somebody has named it now
        if route.preference >= known.preference:
            return
        # In its place, since the order of the routes is the order of the pings.
        self._paths = {route if at == known else at: p for at, p in self._paths.items()}
        self._direct[route.address] = path.route = route
        if path is self._best:
            self._events.append(PathRenamed(route))

    def _learn(self, route: Route, now: float) -> Path | None:
        """Return the new path to a sender nobody named; None if there have been too many."""
        path = Path(route, now)
        if route.is_relayed:
            self._paths[route] = path
            return path
        if not self._lessons.take(now):
            return None
        if len(self._learned) >= MAX_LEARNED:
            known = [self._paths[self._direct[address]] for address in self._learned]
            silent = [each for each in known if not each.pongs and each is not self._best]
            if not silent:
                return None
            self._drop(min(silent, key=_last_heard).route)
        self._learned.add(route.address)
        self._insert(path)
        return path

    def _forget_guesses(self, now: float) -> None:
        for path in list(self._paths.values()):
            if path.forget_at is not None and path.forget_at <= now:
                self._drop(path.route)

    def _bury(self, now: float) -> None:
        for path in self._paths.values():
            if path.dead_at is not None and path.dead_at <= now:
                path.fall_silent()
                self._best_lost = self._best_lost or path is self._best
                self._beside = None if path is self._beside else self._beside

    def _choose(self, now: float) -> None:
        live = (path for path in self._paths.values() if self._is_live(path, now))
        choice = min(live, key=_rank, default=None)
        if choice is None:
            return
        best = self._best
        if best is None or self._best_lost or self._is_better(choice, best, now):
            self._move(choice, now)

    def _is_live(self, path: Path, now: float) -> bool:
        fresh = path is self._best or now - _last_heard(path) < RESERVE_FRESH_S
        return path.pongs > 0 and fresh

    def _is_better(self, path: Path, best: Path, now: float) -> bool:
        if path is best or not path.proven:
            return False
        if path.route.preference != best.route.preference:
            return path.route.preference < best.route.preference
        faster = (
            path.round_trip_s < FASTER_SHARE * best.round_trip_s
            and path.round_trip_s < best.round_trip_s - FASTER_S
        )
        return faster and now - self._moved_at > SETTLED_S

    def _move(self, path: Path, now: float) -> None:
        self._events.append(PathChanged(path.route, path.round_trip_s, self._best_lost))
        self._best = path
        self._best_lost = False
        if self._unfragmented:
            path.size.start(now)
        self._beside = None
        self._moved_at = now

    def _suspect(self, now: float) -> None:
        best = self._best
        if best is None or not _is_suspect(best, now):
            self._beside = None
        elif self._beside is None:
            others = (p for p in self._paths.values() if p is not best and self._is_live(p, now))
            self._beside = min(others, key=_rank, default=None)
            if self._beside is not None:
                self._beside.ask_now()
                route, round_trip_s = self._beside.route, self._beside.round_trip_s
                self._events.append(PathSuspected(route, round_trip_s))

    def _use_of(self, path: Path, now: float) -> Use:
        if path is not self._best and path is not self._beside:
            return Use.RESERVE
        busy = now - self._used_at <= ACTIVE_S or _is_suspect(path, now) or path is self._beside
        return Use.ACTIVE if busy else Use.IDLE

    def _ping(self, path: Path, now: float) -> None:
        number, data = self._signer.ping(path.route.kind)
        unknown = sum(1 for other in self._paths.values() if not other.pongs)
        path.pinged(number, now, max(FAST_PING_S, unknown / UNKNOWN_PINGS_PER_S))
        self._parcels.append(Parcel(data, path.route))

    def _try_sizes(self, path: Path, now: float) -> None:
        for size in path.size.due(now):
            number, data = self._signer.ping(path.route.kind, size)
            path.size.asked(number, size)
            path.pinged(number, now, FAST_PING_S)
            self._parcels.append(Parcel(data, path.route))

    def _next_wake(self, now: float) -> float | None:
        times = [path.ping_at(self._use_of(path, now)) for path in self._paths.values()]
        times += [path.dead_at for path in self._paths.values() if path.dead_at is not None]
        if self._best is not None and self._best.size.wake_at is not None:
            times.append(self._best.size.wake_at)
        if self._best is not None and not _is_suspect(self._best, now):
            suspect_at = self._best.suspect_at
            times += [] if suspect_at is None else [suspect_at]
        return max(now, min(times)) if times else None


def _last_heard(path: Path) -> float:
    return float("-inf") if path.heard_at is None else path.heard_at


def _rank(path: Path) -> tuple[int, float]:
    """Sort key: the better kind first, the faster one inside a kind."""
    return (path.route.preference, path.round_trip_s)


def _is_suspect(path: Path, now: float) -> bool:
    return path.suspect_at is not None and path.suspect_at <= now
