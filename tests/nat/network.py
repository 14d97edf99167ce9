"""A network in memory, with virtual time: two path tables, routes with delay and loss."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

from ezp2p.nat.paths import PathChanged, PathEvent, PathTable
from ezp2p.nat.route import Address, Route
from ezp2p.wire.keys import PathKind, Role

LAN = Route(PathKind.DIRECT_LAN, Address("192.168.1.2", 1000))
WIFI = Route(PathKind.DIRECT_LAN, Address("192.168.2.2", 1000))
RELAY = Route(PathKind.RELAY_UDP, Address("203.0.113.1", 3000))


@dataclass
class Road:
    """How one route behaves, the same both ways."""

    delay_s: float = 0.005
    loss: float = 0.0
    open: bool = True
    widest: int = 1500
    passed: int = 0


@dataclass
class Network:
    """Two ends that name each route alike."""

    roads: dict[Route, Road]
    now: float = 100.0
    events: dict[Role, list[tuple[float, PathEvent]]] = field(default_factory=dict)
    unfragmented: bool = False

    def __post_init__(self) -> None:
        self._random = random.Random(1)
        self._flying: list[tuple[float, int, Role, Route, bytes]] = []
        self._sent = 0
        self.ends = {
            role: PathTable(b"k" * 32, role, unfragmented=self.unfragmented) for role in Role
        }
        self.events = {role: [] for role in Role}

    def add_all(self) -> None:
        """Both ends learn all routes."""
        for end in self.ends.values():
            end.add(list(self.roads), self.now)

    def run(self, seconds: float, *, used: bool = True) -> None:
        """Let time pass; `used`: the link sends something all the while."""
        stop = self.now + seconds
        while True:
            self._collect()
            wakes = [end.wake_at for end in self.ends.values() if end.wake_at is not None]
            times = [*wakes, *(flight[0] for flight in self._flying[:1])]
            if not times or min(times) > stop:
                break
            self.now = max(self.now, min(times))
            while self._flying and self._flying[0][0] <= self.now:
                _, _, role, route, data = heapq.heappop(self._flying)
                self.ends[role].receive(data, route, self.now)
            for end in self.ends.values():
                if used:
                    end.used(self.now)
                if end.wake_at is not None and end.wake_at <= self.now:
                    end.wake(self.now)
        self.now = stop

    def changes(self, role: Role = Role.CUSTOMER) -> list[tuple[float, Route]]:
        """When this end moved, and where to."""
        return [
            (at, event.route) for at, event in self.events[role] if isinstance(event, PathChanged)
        ]

    def _collect(self) -> None:
        for role, end in self.ends.items():
            for parcel in end.parcels():
                road = self.roads.get(parcel.route)
                if road is None or not road.open or self._random.random() < road.loss:
                    continue
                if len(parcel.data) > road.widest:
                    continue
                road.passed += 1
                self._sent += 1
                flight = (
                    self.now + road.delay_s,
                    self._sent,
                    role.other,
                    parcel.route,
                    parcel.data,
                )
                heapq.heappush(self._flying, flight)
            self.events[role] += [(self.now, event) for event in end.next_events()]
