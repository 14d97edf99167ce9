"""An Internet in memory, in virtual time: homes behind routers of every kind, and a server.

    net = Internet()
    home = net.home("11.0.0.1", Router(Kind.ADDRESS, Kind.PORT))
    here = home.machine("192.168.1.2")
    here.receive = ...; here.send(data, Address("11.0.0.9", 3000)); net.run_until(2.0)

A router maps and filters as RFC 4787 (4.1 and 5) names it, forgets what is not used, and may count
its ports, draw them, send our own outer address back in (hairpin), or let no UDP through.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from ezp2p.nat.route import Address

Receive = Callable[[bytes, Address], None]
LAN_DELAY_S = 0.0005


class Kind(Enum):
    """What a mapping, or a filter's permission, depends on."""

    NOTHING = "endpoint-independent"
    ADDRESS = "address-dependent"
    PORT = "address-and-port-dependent"

    def key(self, other: Address) -> tuple[str | int, ...]:
        """Return what two destinations must share to share a mapping or a permission."""
        parts: tuple[str | int, ...] = (other.host, other.port)
        return parts[: {Kind.NOTHING: 0, Kind.ADDRESS: 1, Kind.PORT: 2}[self]]


@dataclass(frozen=True)
class Router:
    """What a home's router does. `step` None: new outer ports are drawn at random."""

    mapping: Kind = Kind.NOTHING
    filtering: Kind = Kind.PORT
    step: int | None = None
    hairpin: bool = False
    lifetime_s: float = 30.0
    blocks_udp: bool = False

    def __str__(self) -> str:
        if self.blocks_udp:
            return "no UDP"
        letters = {Kind.NOTHING: "E", Kind.ADDRESS: "A", Kind.PORT: "P"}
        counts = "" if self.step is None else f"+{self.step}"
        return f"{letters[self.mapping]}/{letters[self.filtering]}{counts}"


@dataclass
class _Mapping:
    inner: Address
    port: int
    until: float
    permitted: dict[tuple[str | int, ...], float] = field(default_factory=dict)


class Internet:
    """Everything between the routers: a delay, a loss, and a clock."""

    def __init__(self, *, delay_s: float = 0.02, loss: float = 0.0, seed: int = 1) -> None:
        self.now = 100.0
        self.loss = loss
        self.random = Random(seed)
        self._delay_s = delay_s
        self._doors: dict[str, Callable[[bytes, Address, Address], None]] = {}
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def server(self, host: str, receive: Callable[[bytes, Address, Address], None]) -> None:
        """Have every datagram to this host handed over: data, from, to."""
        self._doors[host] = receive

    def home(self, host: str, router: Router) -> Home:
        """Return a new home with this outer address."""
        home = Home(self, host, router)
        self._doors[host] = home.arrive
        return home

    def machine(self, host: str) -> Machine:
        """Return a machine without a router in front of it."""
        machine = Machine(host, self.carry)
        self._doors[host] = lambda data, source, to: machine.receive(data, source)
        return machine

    def carry(self, data: bytes, source: Address, to: Address) -> None:
        """Bring a datagram to the door of `to`, unless it is lost."""
        door = self._doors.get(to.host)
        if door is not None and self.random.random() >= self.loss:
            self.at(self.now + self._delay_s, lambda: door(data, source, to))

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Have something done at this time."""
        self._count += 1
        heapq.heappush(self._queue, (when, self._count, do))

    @property
    def next_at(self) -> float:
        """When something happens next."""
        return self._queue[0][0] if self._queue else float("inf")

    def step(self) -> None:
        """Let the next thing happen."""
        when, _, do = heapq.heappop(self._queue)
        self.now = max(self.now, when)
        do()


class Machine:
    """A machine with one UDP port, 4000."""

    def __init__(self, host: str, carry: Callable[[bytes, Address, Address], None]) -> None:
        self.address = Address(host, 4000)
        self.home: Home | None = None
        self.receive: Receive = lambda data, source: None
        self._carry = carry

    def move(self, host: str, carry: Callable[[bytes, Address, Address], None]) -> None:
        """Be in another network."""
        self.address = Address(host, self.address.port)
        self._carry = carry

    def send(self, data: bytes, to: Address) -> None:
        """Send a datagram."""
        self._carry(data, self.address, to)


class Home:
    """Machines behind one router."""

    def __init__(self, net: Internet, host: str, router: Router) -> None:
        self.host = host
        self.router = router
        self.forwarded: dict[int, Address] = {}  # by a person, or by UPnP
        self._net = net
        self._machines: dict[str, Machine] = {}
        self._mappings: dict[tuple[Address, tuple[str | int, ...]], _Mapping] = {}
        self._returns: dict[tuple[Address, Address], int] = {}  # by (inner, outer): the port used
        self._last_port = 20_000

    @property
    def mappings(self) -> int:
        """How many ports have been taken so far and not been forgotten."""
        return sum(mapping.until > self._net.now for mapping in self._mappings.values())

    def machine(self, host: str) -> Machine:
        """Return a new machine in this home."""
        machine = self._machines[host] = Machine(host, self._leave)
        machine.home = self
        return machine

    def adopt(self, machine: Machine, host: str) -> None:
        """Have a machine of another home move in, under a new address."""
        if machine.home is not None:
            del machine.home._machines[machine.address.host]
        machine.move(host, self._leave)
        machine.home = self
        self._machines[host] = machine

    def reboot(self, host: str | None = None) -> None:
        """Forget all mappings; perhaps come back under another outer address."""
        self._mappings.clear()
        if host is not None:
            self._net.server(self.host, lambda data, source, to: None)
            self._net.server(host, self.arrive)
            self.host = host

    def _leave(self, data: bytes, source: Address, to: Address) -> None:
        neighbour = self._machines.get(to.host)
        if neighbour is not None:
            when = self._net.now + LAN_DELAY_S
            self._net.at(when, lambda: neighbour.receive(data, source))
            return
        router, now = self.router, self._net.now
        if router.blocks_udp:
            return
        port = self._returns.get((source, to))  # what came by a forwarded port is answered by it
        if port is None:
            mapping = self._map(source, to)
            mapping.until = now + router.lifetime_s
            mapping.permitted[router.filtering.key(to)] = now + router.lifetime_s
            port = mapping.port
        outer = Address(self.host, port)
        if to.host != self.host:
            self._net.carry(data, outer, to)
        elif router.hairpin:
            self.arrive(data, outer, to)

    def arrive(self, data: bytes, source: Address, to: Address) -> None:
        """Let a datagram from outside in, or not."""
        if self.router.blocks_udp:
            return
        inner = self.forwarded.get(to.port)
        if inner is not None:
            self._returns[inner, source] = to.port
        else:
            inner = self._admitted(source, to.port)
        machine = self._machines.get(inner.host) if inner is not None else None
        if machine is not None:
            machine.receive(data, source)

    def _admitted(self, source: Address, port: int) -> Address | None:
        now = self._net.now
        for mapping in self._mappings.values():
            if mapping.port == port and mapping.until > now:
                known = mapping.permitted.get(self.router.filtering.key(source), 0.0)
                free = self.router.filtering is Kind.NOTHING
                return mapping.inner if free or known > now else None
        return None

    def _map(self, source: Address, to: Address) -> _Mapping:
        key = (source, self.router.mapping.key(to))
        mapping = self._mappings.get(key)
        if mapping is None or mapping.until <= self._net.now:
            mapping = self._mappings[key] = _Mapping(source, self._new_port(), 0.0)
        return mapping

    def _new_port(self) -> int:
        step = self.router.step
        if step is not None:
            self._last_port += step
            return self._last_port
        taken = {mapping.port for mapping in self._mappings.values()}
        return next(
            p for _ in range(100) if (p := self._net.random.randrange(1024, 65536)) not in taken
        )
