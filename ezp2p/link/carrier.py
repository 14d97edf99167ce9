"""What carries QUIC's datagrams: one socket, the relays, discovery, and the paths over all.

Everything that arrives is told apart by its first byte (wire/datagram.py). QUIC is taken only
from routes on which the peer has been heard by an authentic ping; the rest never reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ezp2p.link.socket import Received
from ezp2p.nat.candidates import offered_routes
from ezp2p.nat.paths import PathEvent, PathTable
from ezp2p.nat.punching import guessed_routes
from ezp2p.nat.reach import Reach
from ezp2p.nat.relay import RelayPlace
from ezp2p.nat.route import Address, Route, direct_route
from ezp2p.wire.datagram import PING, PONG, QUIC_BIT
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import PathKind, Role

MAX_RELAYS = 8
_MET_MAX = 256


class DatagramSocket(Protocol):
    """What a carrier needs of a socket."""

    unfragmented: bool

    def send(self, datagrams: Sequence[bytes], to: Address) -> None:
        """Send them in order; what cannot be sent is lost."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


class DatagramTube(Protocol):
    """What a carrier needs of a relay's WebSocket."""

    def send(self, datagrams: Sequence[bytes]) -> int:
        """Send them in order; return how many were dropped."""
        ...

    def ask(self) -> None:
        """Find out whether the relay is still there."""
        ...


class Carrier:
    """Takes bursts from the socket, gives QUIC's part of them, and sends QUIC's datagrams."""

    def __init__(
        self,
        socket: DatagramSocket,
        ping_key: bytes,
        our_role: Role,
        reach: Reach | None = None,
    ) -> None:
        """`reach` finds out about this very socket; driven from here on."""
        self.paths = PathTable(ping_key, our_role, unfragmented=socket.unfragmented)
        self.reach = reach or Reach(())
        self._socket = socket
        self._relays: dict[Address, RelayPlace] = {}
        self._tubes: dict[Route, DatagramTube] = {}
        self._met: dict[Address, Route] = {}  # senders nobody named; anew when there are too many

    @property
    def wake_at(self) -> float | None:
        """When `wake` is due."""
        times = [relay.wake_at for relay in self._relays.values()]
        times += [self.paths.wake_at, self.reach.wake_at]
        return min((at for at in times if at is not None), default=None)

    def add_candidates(self, offers: Sequence[CandidateOffer], now: float) -> None:
        """Try the addresses that the peer names, and those that its network may take for us."""
        self.paths.add(offered_routes(offers), now, guessed_routes(offers))
        self._send_parcels()

    def moved(self, hosts: Sequence[CandidateOffer], now: float) -> bool:
        """These are our own addresses now: if that is a change (returned), find all ways anew."""
        if not self.reach.moved(hosts, now):
            return False
        self.paths.hurry(now)
        self._send_parcels()
        self.wake(now)
        return True

    def add_relay(self, address: Address, ticket: bytes, now: float) -> None:
        """Ask this relay for a place; a known one gets the new ticket."""
        known = self._relays.get(address)
        if known is not None:
            known.renew(ticket, now)
        elif len(self._relays) < MAX_RELAYS:
            self._relays[address] = RelayPlace(address, ticket, now)
        self.wake(now)

    def sort(self, burst: Sequence[Received], now: float) -> tuple[list[bytes], set[Route]]:
        """Take a burst; return QUIC's datagrams in order and the routes they came by."""
        quic: list[bytes] = []
        routes: set[Route] = set()
        for data, sender in burst:
            if self.reach.receive(data, sender, now):
                continue
            route = self._direct_route(sender)
            relay = self._relays.get(sender)
            if relay is not None:
                inner = relay.unwrap(data)
                if inner is None:
                    self._hear_relay(relay, data, now)
                    continue
                data, route = inner, relay.route
            if self._is_quic(data, route, now):
                quic.append(data)
                routes.add(route)
        self._send_parcels()
        return quic, routes

    def tube_opened(self, route: Route, tube: DatagramTube, now: float) -> None:
        """This tube carries from now on."""
        self._tubes[route] = tube
        self.paths.add([route], now)
        self._send_parcels()

    def tube_lost(self, route: Route, now: float) -> None:
        """It carries no more."""
        if self._tubes.pop(route, None) is not None:
            self.paths.remove(route, now)

    def sort_tube(self, route: Route, datagrams: Sequence[bytes], now: float) -> list[bytes]:
        """Take what came by a tube; return QUIC's datagrams in order."""
        quic = [data for data in datagrams if self._is_quic(data, route, now)]
        self._send_parcels()
        return quic

    def send(self, datagrams: Sequence[bytes], now: float) -> None:
        """Send QUIC's datagrams by the path in use, and by the next one too if it is suspect."""
        self.paths.used(now)
        for route in self.paths.routes:
            self._send(datagrams, route)

    def wake(self, now: float) -> None:
        """Do what is due."""
        if self.paths.wake_at is not None and self.paths.wake_at <= now:
            self.paths.wake(now)
            self._send_parcels()
        for relay in self._relays.values():
            relay.watch(now, silent=self.paths.is_silent(relay.route))
            relay.wake(now)
            self._socket.send(list(relay.datagrams()), relay.route.address)
        for route, tube in self._tubes.items():
            if self.paths.is_silent(route):
                tube.ask()
        self.reach.wake(now)
        for data, server in self.reach.datagrams():
            self._socket.send([data], server)

    def next_events(self) -> Iterator[PathEvent]:
        """Yield and forget what happened to the paths."""
        return self.paths.next_events()

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _is_quic(self, data: bytes, route: Route, now: float) -> bool:
        """Whether this is for QUIC and may be; a ping or pong is taken at once."""
        if data[0] & QUIC_BIT:
            return self.paths.knows(route)
        if data[0] in (PING, PONG):
            self.paths.receive(data, route, now)
        return False

    def _direct_route(self, sender: Address) -> Route:
        route = self.paths.route_to(sender) or self._met.get(sender)
        if route is None:
            if len(self._met) >= _MET_MAX:
                self._met.clear()
            route = self._met[sender] = direct_route(sender)
        return route

    def _hear_relay(self, relay: RelayPlace, data: bytes, now: float) -> None:
        was_usable = relay.usable
        relay.receive(data, now)
        self._socket.send(list(relay.datagrams()), relay.route.address)
        if relay.usable and not was_usable:
            self.paths.add([relay.route], now)

    def _send_parcels(self) -> None:
        for parcel in self.paths.parcels():
            self._send([parcel.data], parcel.route)

    def _send(self, datagrams: Sequence[bytes], route: Route) -> None:
        if route.kind is PathKind.RELAY_WS:
            if route in self._tubes:
                self._tubes[route].send(datagrams)
            return
        if route.kind is PathKind.RELAY_UDP:
            relay = self._relays[route.address]
            datagrams = [relay.wrap(data) for data in datagrams]
        self._socket.send(datagrams, route.address)
