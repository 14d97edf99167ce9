"""Where this machine may be reached without help: the addresses of its own interfaces.

Loopback is among them, for two programs on one machine. Link-local addresses are not: they mean
something on one wire only. An address of the whole Internet is named as punched, since the other
program need not be in our network, and a firewall may want to be opened from here.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

import psutil

from ezp2p.nat.punching import in_order
from ezp2p.nat.route import Address, Route, address_of, direct_route
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import PathKind

MAX_OFFERED = 16
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


def host_candidates(port: int, *, with_ipv6: bool) -> list[CandidateOffer]:
    """Return the addresses at which a socket bound to `port` hears, the likeliest first."""
    hosts: list[tuple[int, str]] = []
    for addresses in psutil.net_if_addrs().values():
        for entry in addresses:
            if entry.family in _FAMILIES:
                hosts.append((_place(entry.family, entry.address), entry.address))
    offers: dict[str, CandidateOffer] = {}
    for place, host in sorted(hosts):
        address = address_of(host, port)
        if address is not None and (with_ipv6 or place < _IPV6_PLACE):
            offers[address.host] = _offer(address)
    return list(offers.values())[:MAX_OFFERED]


def offered_routes(offers: Iterable[CandidateOffer]) -> list[Route]:
    """Return the routes a peer's offers stand for, the one to try first first.

    What we cannot use is left out: no address of one machine, a kind that nobody can name.
    """
    routes = []
    for offer in offers:
        address = address_of(offer.host, offer.port)
        if address is not None and offer.kind in set(PathKind):
            route = Route(PathKind(offer.kind), address)
            if not route.is_relayed:
                routes.append(route)
    return in_order(routes)


_IPV6_PLACE = 2


def _place(family: int, host: str) -> int:
    """IPv4 before IPv6, and within each the interfaces before loopback."""
    if family == socket.AF_INET:
        return 1 if host.startswith("127.") else 0
    return _IPV6_PLACE + (1 if host == "::1" else 0)


def _offer(address: Address) -> CandidateOffer:
    kind = direct_route(address).kind
    return CandidateOffer(host=address.host, port=address.port, kind=kind.value)
