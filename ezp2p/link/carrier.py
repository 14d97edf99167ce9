"""What carries QUIC's datagrams: one socket, the relays, and the paths over both.

Everything that arrives is told apart by its first byte (wire/datagram.py). QUIC is taken only
from routes on which the peer has been heard by an authentic ping; the rest never reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ezp2p.link.socket import Received, UdpSocket
from ezp2p.nat.paths import PathEvent, PathTable
from ezp2p.nat.relay import RelayPlace
from ezp2p.nat.route import Address, Route, direct_route
from ezp2p.wire.datagram import PING, PONG, QUIC_BIT
from ezp2p.wire.keys import PathKind, Role

MAX_RELAYS = 8
_MET_MAX = 256


class Carrier:
    """Takes bursts from the socket, gives QUIC's part of them, and sends QUIC's datagrams."""

    def __init__(self, socket: UdpSocket, ping_key: bytes, our_role: Role) -> None:
        self.paths = PathTable(ping_key, our_role, unfragmented=socket.unfragmented)
        self._socket = socket
        self._relays: dict[Address, RelayPlace] = {}
        self._direct: dict[Address, Route] = {}  # as the peer named them
        self._met: dict[Address, Route] = {}  # as they came; rebuilt when there are too many

    @property
    def wake_at(self) -> float | None:
        """When `wake` is due."""
        times = [relay.wake_at for relay in self._relays.values()] + [self.paths.wake_at]
        return min((at for at in times if at is not None), default=None)

    def add_candidates(self, routes: Iterable[Route], now: float) -> None:
        """Try these addresses of the peer."""
        routes = list(routes)
        self._direct.update((route.address, route) for route in routes[:64])
        self.paths.add(routes, now)
        self._send_parcels()

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
            route = self._direct_route(sender)
            relay = self._relays.get(sender)
            if relay is not None:
                inner = relay.unwrap(data)
                if inner is None:
                    self._hear_relay(relay, data, now)
                    continue
                data, route = inner, relay.route
            if data[0] & QUIC_BIT:
                if self.paths.knows(route):
                    quic.append(data)
                    routes.add(route)
            elif data[0] in (PING, PONG):
                self.paths.receive(data, route, now)
        self._send_parcels()
        return quic, routes

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

    def next_events(self) -> Iterator[PathEvent]:
        """Yield and forget what happened to the paths."""
        return self.paths.next_events()

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _direct_route(self, sender: Address) -> Route:
        route = self._direct.get(sender) or self._met.get(sender)
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
        if route.kind is PathKind.RELAY_UDP:
            relay = self._relays[route.address]
            datagrams = [relay.wrap(data) for data in datagrams]
        self._socket.send(datagrams, route.address)
