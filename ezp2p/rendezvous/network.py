"""Where this server listens, told to anybody: a program asks before there is a call, to find out
which of the ways to us its network lets it go.

Nothing here is a secret: every call's two programs are told the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiohttp import web

import ezp2p
from ezp2p.rendezvous.tickets import RelayAddress
from ezp2p.rendezvous.web import Access, Asking, Route, json_response
from ezp2p.wire.signalling import DiscoveryOffer, NetworkAnswer, RelayPlace, RelayPort

_MOST_RELAYS = 8  # as many as an answer may name


class Network:
    """One answer for everybody, as long as the server runs."""

    def __init__(
        self,
        discovery: DiscoveryOffer,
        ports: Iterable[RelayPort],
        relays: Sequence[RelayAddress] = (),
    ) -> None:
        """`relays` are those that stand apart from us."""
        places = [RelayPlace(host=each.host, ports=list(each.ports)) for each in relays]
        self._answer = NetworkAnswer(
            version=ezp2p.__version__,
            discovery=discovery,
            ports=list(ports),
            relays=places[:_MOST_RELAYS],
        )

    def route(self) -> Route:
        """Return the row of the table."""
        return Route(
            method="GET",
            path="/api/v1/network",
            handler=self._tell,
            access=Access.ANYONE,
            summary="Where the server and its relays listen, and UDP for address discovery",
            answer=NetworkAnswer,
        )

    async def _tell(self, _asking: Asking) -> web.StreamResponse:
        return json_response(self._answer)
