"""One way a datagram can take: how it travels and where it is handed to the network.

    direct     our socket -> the peer's address
    relay-udp  our socket -> the relay's address -> the peer

The order of PathKind is the order of preference. What is behind a route (a socket, later a
WebSocket) is the link's business; here a route is only a name that can be compared.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from ezp2p.wire.keys import PathKind

OPENED_KINDS = frozenset({PathKind.UPNP, PathKind.FORWARDED})
RELAYED_KINDS = frozenset({PathKind.RELAY_UDP, PathKind.RELAY_WS})
_CLASS = {kind: place for place, kind in enumerate(PathKind)}


class Address(NamedTuple):
    """A UDP address: the host in its canonical text form, and the port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Route(NamedTuple):
    """How, and where to: the peer's address, or the relay's."""

    kind: PathKind
    address: Address

    @property
    def preference(self) -> int:
        """0 for the best kind, higher for worse ones."""
        return _CLASS[self.kind]

    @property
    def is_relayed(self) -> bool:
        """Whether somebody between the two programs passes the datagrams on."""
        return self.kind in RELAYED_KINDS


class Parcel(NamedTuple):
    """A datagram and the route it shall take."""

    data: bytes
    route: Route


def address_of(host: str, port: int) -> Address | None:
    """Return the address of one machine, or None for text that names none (or a whole group).

    IPv4 inside IPv6 (::ffff:1.2.3.4) becomes IPv4; a link-local IPv6 address means nothing
    on another machine and is none.
    """
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_multicast or ip.is_unspecified or not 0 < port < 0x10000:
        return None
    if ip.is_link_local if ip.version == 6 else ip.is_reserved:
        return None
    return Address(str(ip), port)


def direct_route(address: Address) -> Route:
    """Return the route to an address that only a ping told us: LAN if it is a private one."""
    private = ipaddress.ip_address(address.host).is_private
    return Route(PathKind.DIRECT_LAN if private else PathKind.PUNCHED, address)
