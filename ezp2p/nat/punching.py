"""Getting through two networks that let nobody in: what to try, in which order, how much of it.

    ours --ping--> our router opens a way back from the peer's address
    peer --ping--> its router opens one from ours; whichever comes second gets through

Both ends ping all they know of each other at once (paths.py paces it). That meets wherever one
network lets strangers in, or both keep one outer port. A network that takes another port for each
destination has told us a port that leads nowhere; if it counts its ports up (`step`), the one it
takes for us is among the next few, and we try those too, for a moment.

Not done: guessing a port taken at random. It takes some 256 sockets and 256 pings for even odds
(the birthday paradox), fills the tables of small routers, and a peer that lies could have us send
them to a third party. Such pairs use the relay.
"""

from __future__ import annotations

from collections.abc import Iterable

from ezp2p.nat.route import Address, Route, address_of
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import PathKind

# The peer's other connections, and its pings to our other addresses, take ports between.
GUESSED_PORTS = 8
# Outer addresses before inner ones: each new destination costs a counting network one port, and
# the peer's guesses begin with the first.
_ORDER = (PathKind.PUNCHED, PathKind.UPNP, PathKind.FORWARDED, PathKind.DIRECT_LAN)


class Allowance:
    """So many at once, then so many a second; as a peer may name addresses."""

    def __init__(self, per_s: float, at_once: int) -> None:
        self._per_s = per_s
        self._at_once = at_once
        self._left = float(at_once)
        self._then: float | None = None

    def take(self, now: float) -> bool:
        """Take one; return whether there was one."""
        passed = 0.0 if self._then is None else now - self._then
        self._left = min(self._at_once, self._left + passed * self._per_s)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def in_order(routes: Iterable[Route]) -> list[Route]:
    """Return the routes a peer has named in the order in which to try them."""
    return sorted(routes, key=lambda route: _ORDER.index(route.kind))


def guessed_routes(offers: Iterable[CandidateOffer]) -> list[Route]:
    """Return the ports a peer's counting network probably takes for us, the likeliest first."""
    routes = []
    for offer in offers:
        address = address_of(offer.host, offer.port)
        if address is None or not offer.step:
            continue
        for n in range(1, GUESSED_PORTS + 1):
            port = address.port + n * offer.step
            if 0 < port < 0x10000:
                routes.append(Route(PathKind.PUNCHED, Address(address.host, port)))
    return routes
