"""Two programs in two homes of the memory's Internet, and a company's server between them.

Our real parts without a socket: the carrier with its paths, relay place and discovery at both
ends, the relay and address discovery of the rendezvous in the middle. Candidates travel as
signalling would bring them, a round trip to the server late.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ezp2p.link.carrier import Carrier
from ezp2p.nat.paths import PathChanged, PathRenamed
from ezp2p.nat.reach import Reach
from ezp2p.nat.route import Address
from ezp2p.rendezvous.discovery import Discovery
from ezp2p.rendezvous.relay import RelayTable
from ezp2p.rendezvous.tickets import Ticket, relay_id, sign_ticket
from ezp2p.wire.datagram import DISCOVER
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import PathKind, Role
from tests.nat.natlab import Home, Internet, Machine, Router

SERVER = "11.9.9.9"
PORTS = (Address(SERVER, 3000), Address(SERVER, 3001))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
RELAY = relay_id(SERVER, 3000)
WALL = 1_800_000_000.0
AGREED_AT = 100.05  # discovery, begun with the call, has mostly been answered by then
ROUND_TRIP_S = 0.04  # between any two, the server among them
SIGNAL_S = ROUND_TRIP_S


@functools.cache
def ticket(role: Role) -> bytes:
    """Return this role's ticket for the one call there is."""
    return sign_ticket(Ticket(bytes(16), role, RELAY, int(WALL) + 3600, 2**40), KEY)


class MemorySocket:
    """A machine's UDP port as the carrier sees it."""

    unfragmented = False

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def send(self, datagrams: Sequence[bytes], to: Address) -> None:
        for data in datagrams:
            self._machine.send(data, to)

    def close(self) -> None:
        """Nothing to give back."""


class Program:
    """One end, without the QUIC that would go through it."""

    def __init__(self, net: Internet, machine: Machine, role: Role, reach: Reach) -> None:
        self.net = net
        self.role = role
        self.reach = reach
        self.machine = machine
        self.carrier = Carrier(MemorySocket(machine), b"k" * 32, role, reach)
        self.changes: list[tuple[float, PathKind]] = []
        self.told: list[CandidateOffer] = []
        self._random = 0
        machine.receive = self._receive

    @property
    def path(self) -> PathKind | None:
        """The kind of path in use."""
        return self.changes[-1][1] if self.changes else None

    def begin(self, *, relay: bool = True) -> None:
        """Ask the server for our address, and for a place at its relay."""
        self.reach.ask(PORTS, self._bytes, self.net.now)
        if relay:
            self.carrier.add_relay(PORTS[0], ticket(self.role), self.net.now)
        self.carrier.wake(self.net.now)

    def wake(self) -> None:
        """Do what is due."""
        self.carrier.wake(self.net.now)
        self._note()

    def _receive(self, data: bytes, source: Address) -> None:
        self.carrier.sort([(data, source)], self.net.now)
        self._note()

    def _note(self) -> None:
        for event in self.carrier.next_events():
            if isinstance(event, PathChanged | PathRenamed):
                self.changes.append((self.net.now, event.route.kind))

    def _bytes(self, count: int) -> bytes:
        self._random += 1
        return hashlib.sha256(f"{self.role}{self._random}".encode()).digest()[:count]


class Town:
    """The whole arrangement; `run` lets time pass."""

    def __init__(
        self,
        customers: Router | None,
        counselors: Router | None,
        *,
        loss: float = 0.0,
        seed: int = 1,
        same_home: bool = False,
        relay: bool = True,
        forwarded_port: int | None = None,
    ) -> None:
        """A router None: that machine stands on the Internet itself.

        `forwarded_port` is the customer's, forwarded by a person.
        """
        self.net = Internet(delay_s=ROUND_TRIP_S / 2, loss=loss, seed=seed)
        self.relayed = 0
        self._relay = RelayTable(KEY.public_key(), RELAY, bytes(32))
        self._discovery = Discovery()
        self.net.server(SERVER, self._serve)
        self.homes: dict[Role, Home] = {}
        customer = self._machine(Role.CUSTOMER, customers)
        if same_home:
            counselor = self.homes[Role.CUSTOMER].machine("192.168.1.3")
        else:
            counselor = self._machine(Role.COUNSELOR, counselors)
        self.customer = self._program(customer, Role.CUSTOMER, forwarded_port)
        self.counselor = self._program(counselor, Role.COUNSELOR, None)
        self.programs = (self.customer, self.counselor)
        for program in self.programs:
            program.begin(relay=relay)
        self.net.at(AGREED_AT, self._signal)

    @property
    def paths(self) -> tuple[PathKind | None, PathKind | None]:
        """What carries the customer's datagrams, and the counselor's."""
        return self.customer.path, self.counselor.path

    def run(self, seconds: float) -> None:
        """Let time pass."""
        stop = self.net.now + seconds
        while True:
            wakes = [p.carrier.wake_at for p in self.programs if p.carrier.wake_at is not None]
            due = min([self.net.next_at, *wakes])
            if due > stop:
                break
            if due == self.net.next_at:
                self.net.step()
            else:
                self.net.now = max(self.net.now, due)
                for program in self.programs:
                    if program.carrier.wake_at is not None and program.carrier.wake_at <= due:
                        program.wake()
            self._signal()
        self.net.now = stop

    def run_until_direct(self, seconds: float) -> bool:
        """Let time pass until both ends use a direct path, at most so long."""
        stop = self.net.now + seconds
        relayed = (None, PathKind.RELAY_UDP)
        while any(path in relayed for path in self.paths) and self.net.now < stop:
            self.run(0.05)
        return all(path not in relayed for path in self.paths)

    def _machine(self, role: Role, router: Router | None) -> Machine:
        number = 1 if role is Role.CUSTOMER else 2
        if router is None:
            return self.net.machine(f"11.0.0.{number}")
        home = self.homes[role] = self.net.home(f"11.0.0.{number}", router)
        return home.machine(f"192.168.{number}.2")

    def _program(self, machine: Machine, role: Role, forwarded_port: int | None) -> Program:
        host, port = machine.address
        kind = PathKind.DIRECT_LAN if host.startswith("192.168.") else PathKind.PUNCHED
        hosts = [CandidateOffer(host=host, port=port, kind=kind.value)]
        if forwarded_port is not None:
            self.homes[role].forwarded[forwarded_port] = machine.address
        return Program(self.net, machine, role, Reach(hosts, forwarded_port=forwarded_port))

    def _signal(self) -> None:
        """Bring what is new to the other end, once the two share keys."""
        for ours, theirs in (self.programs, self.programs[::-1]):
            if ours.reach.has_news and self.net.now >= AGREED_AT:
                offers = ours.reach.news()
                ours.told += offers
                self.net.at(self.net.now + SIGNAL_S, functools.partial(self._hear, theirs, offers))

    def _hear(self, program: Program, offers: list[CandidateOffer]) -> None:
        program.carrier.add_candidates(offers, self.net.now)

    def _serve(self, data: bytes, source: Address, to: Address) -> None:
        if data[0] == DISCOVER:
            answer = self._discovery.receive(data, source, self.net.now, WALL)
        elif to == PORTS[0]:
            answer = self._relay.receive(data, source, self.net.now, WALL)
            self.relayed += answer is not None and data[0] != DISCOVER
        else:
            answer = None
        if answer is not None:
            self.net.carry(answer[0], to, Address(*answer[1]))
