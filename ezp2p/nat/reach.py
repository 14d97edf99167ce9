"""Everything by which the other program may reach our UDP port, as far as we have found out.

    interfaces -----------> direct-lan     known at once
    discovery ------------> punched        after a round trip to the server; may change at any time
    a port of the router -> forwarded      the discovered host, the port a person forwarded to us
                        --> upnp           the address at which the router says it listens for us

New things are told once, by `news` when there are (`has_news`). Sans-IO.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ezp2p.nat.discovery import Discovery, RandomBytes
from ezp2p.nat.route import Address, direct_route
from ezp2p.wire.datagram import DISCOVERED
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import PathKind, PortMapping


class Reach:
    """Our candidates; grows and changes while the session lives."""

    def __init__(
        self, hosts: Iterable[CandidateOffer], *, forwarded_port: int | None = None
    ) -> None:
        """`hosts` are our own addresses; `forwarded_port` the one a router hands on to us."""
        self.moves = 0  # from network to network
        self._hosts = list(hosts)
        self._forwarded_port = forwarded_port
        self._discovery: Discovery | None = None
        self.opened: Address | None = None  # at the router
        self._told: list[CandidateOffer] = []
        self.has_news = True  # that `news` would tell

    @property
    def mapping(self) -> PortMapping:
        """What our network does with our port, as far as we know."""
        return self._discovery.mapping if self._discovery else PortMapping.UNKNOWN

    @property
    def wake_at(self) -> float | None:
        """When `wake` is due."""
        return self._discovery.wake_at if self._discovery else None

    def ask(self, servers: Sequence[Address], random: RandomBytes, now: float) -> None:
        """Find out how the world sees us: by these ports of one server, one or two."""
        self._discovery = Discovery(servers, random, now)
        self._discovery.wake(now)

    def moved(self, hosts: Iterable[CandidateOffer], now: float) -> bool:
        """Our own addresses are these now; return whether that is a change.

        If so, how the world sees us is asked anew.
        """
        hosts = list(hosts)
        if hosts == self._hosts:
            return False
        self._hosts = hosts
        self.moves += 1
        self.has_news = True
        if self._discovery is not None:
            self._discovery.ask_again(now)
        return True

    def router_opened(self, address: Address | None) -> None:
        """The router listens for us at this address; None: no longer."""
        self.opened = address
        self.has_news = True

    def receive(self, data: bytes, sender: Address, now: float) -> bool:
        """Take a datagram; return whether it was of discovery's kind, so nobody else's."""
        if data[0] != DISCOVERED:
            return False
        if self._discovery is not None and self._discovery.receive(data, sender, now):
            self.has_news = True
        return True

    def wake(self, now: float) -> None:
        """Do what is due."""
        if self._discovery is not None:
            before = (self._discovery.mapping, self._discovery.settled)
            self._discovery.wake(now)
            if (self._discovery.mapping, self._discovery.settled) != before:
                self.has_news = True

    def datagrams(self) -> Iterator[tuple[bytes, Address]]:
        """Yield and forget what to send, and where to."""
        return iter(()) if self._discovery is None else self._discovery.datagrams()

    def everything(self) -> list[CandidateOffer]:
        """Return all candidates, each address once, under the best name it has."""
        offers: dict[tuple[str, int], CandidateOffer] = {}
        for offer in (*self._outer(), *self._hosts):
            offers.setdefault((offer.host, offer.port), offer)
        return list(offers.values())

    def news(self) -> list[CandidateOffer]:
        """Return the candidates found since the last call; none, if only `mapping` has changed."""
        self.has_news = False
        known = self.everything()
        fresh = [offer for offer in known if offer not in self._told]
        self._told = known
        return fresh

    def _outer(self) -> Iterator[CandidateOffer]:
        """Yield what is known of the outside, the better kinds first."""
        if self.opened is not None:
            yield _offer(self.opened, PathKind.UPNP)
        discovery = self._discovery
        if discovery is None or not discovery.settled or discovery.address is None:
            return
        seen = self._seen_from_outside(discovery.address, discovery.server)
        if self._forwarded_port is not None:
            yield _offer(Address(seen.host, self._forwarded_port), PathKind.FORWARDED)
        if (seen.host, seen.port) not in {(offer.host, offer.port) for offer in self._hosts}:
            yield _offer(seen, PathKind.PUNCHED, discovery.step)

    def _seen_from_outside(self, seen: Address, server: Address) -> Address:
        """Return our outer address, which a server in our own network cannot see.

        It goes by the outer address of the same router, and most routers keep the port.
        """
        if not _is_private(seen) or _is_private(server) or not self._hosts:
            return seen
        return Address(server.host, self._hosts[0].port)


def _is_private(address: Address) -> bool:
    return direct_route(address).kind is PathKind.DIRECT_LAN


def _offer(address: Address, kind: PathKind, step: int = 0) -> CandidateOffer:
    return CandidateOffer(host=address.host, port=address.port, kind=kind.value, step=step)
