"""A call at a slot, driven: bodies between the line and a joining, and the link that comes of it.

    lookout on a fresh UDP socket, while the two agree
    line --Pass--> joining --Agreed--> link on that socket, and its way back
    line <--Pass-- joining <--candidates, as they are found

The same for both roles; only who begins differs, and whose line it is. Nothing here waits but
looking up names, which is done beside the session: a slow name server holds up nobody.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ezp2p.base.clock import Clock
from ezp2p.base.errors import Unreachable
from ezp2p.link.certificate import Identity
from ezp2p.link.link import PATIENCE_S, Link
from ezp2p.link.lookout import Lookout, Ways, find_host
from ezp2p.link.outbound import DIRECT, Outbound
from ezp2p.link.router import keep_open
from ezp2p.session.joining import Agreed, CandidatesCame, Failed, Joining
from ezp2p.session.reunion import AddressesCame, RelaysOffered, Reunion
from ezp2p.session.side import Side
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import EndReason, ErrorKey, Role
from ezp2p.wire.signalling import CallEnd, DiscoveryOffer, HangUp, Pass, RelayOffer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayAccess:
    """How this program gets at relays; `server` is the rendezvous, whose pin counts for its own."""

    outbound: Outbound = DIRECT
    server: ServerAddress | None = None

    async def use(self, link: Link, relays: Sequence[RelayOffer]) -> None:
        """Give a link its relays; one whose name leads nowhere is passed over."""
        for relay in relays:
            ours = self.server is not None and self.server.host == relay.host
            link.add_tube(relay, self.server.pin if ours and self.server else None, self.outbound)
        for relay in relays:
            try:
                await link.add_relay(relay.host, relay.udp_port, relay.ticket)
            except (Unreachable, UnicodeError) as error:  # no name at all, if a server lies
                log.warning("no relay at %s: %s", relay.host, error)


DIRECT_ACCESS = RelayAccess()
NETWORK_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Met:
    """The two programs share keys; the link is being made, and the way back is known."""

    link: Link
    agreed: Agreed
    reunion: Reunion
    relay_access: RelayAccess
    moved: asyncio.Event = field(default_factory=asyncio.Event)  # `reunion` has words about it

    async def tell_addresses(self, session: Side) -> list[CandidateOffer]:
        """Wait for new addresses of ours, and tell them to the other program over the link.

        Returns them for who can tell them by the rendezvous as well.
        """
        offers = await self.link.next_offers()
        session.tell_addresses(offers, self.link.reach.mapping)
        self.reunion.addresses_changed()
        self.moved.set()
        return offers

    async def watch_network(self) -> None:
        """See until cancelled when this machine comes into another network."""
        while True:
            await asyncio.sleep(NETWORK_EVERY_S)
            await self.link.look_at_network()

    async def follow_reunion(self) -> None:
        """Give the link what has become known by the reunion; looking up relays takes a while."""
        for event in list(self.reunion.next_events()):
            match event:
                case AddressesCame(offers=offers):
                    self.link.add_candidates(offers)
                case RelaysOffered(relays=relays):
                    await self.relay_access.use(self.link, relays)


class Call:
    """One call; `met` or `failed` tells what has become of it."""

    def __init__(
        self,
        call_id: str,
        joining: Joining,
        relays: Sequence[RelayOffer],
        clock: Clock,
        identity: Identity | None = None,
        patience_s: float = PATIENCE_S,
        discovery: DiscoveryOffer | None = None,
        ways: Callable[[], Ways] = Ways,
        relay_access: RelayAccess = DIRECT_ACCESS,
    ) -> None:
        """`identity` is the customer's; the counselor's end pins what it is sent.

        `discovery` is where to ask for our outer address, `ways` tells what this machine may use.
        """
        self.call_id = call_id
        self.met: Met | None = None
        self.failed: Failed | None = None
        self._joining = joining
        self._relays = relays
        self._clock = clock
        self._identity = identity
        self._patience_s = patience_s
        self._discovery = discovery
        self._ways = ways()
        self._relay_access = relay_access
        self._lookout: Lookout | None = None
        self._is_over = False

    @property
    def wake_at(self) -> float | None:
        """When the call wants to be woken, by the session's clock."""
        return self._joining.wake_at

    def take(self, message: Pass | HangUp) -> None:
        """Take what the rendezvous passed on."""
        if isinstance(message, Pass):
            self._joining.receive(message.body, self._clock.now())
        else:
            self._joining.hung_up(message.why)
        self.settle()

    def wake(self) -> None:
        """A step has taken too long, perhaps."""
        self._joining.wake(self._clock.now())
        self.settle()

    def settle(self) -> None:
        """Follow what has happened in the joining."""
        for event in self._joining.next_events():
            match event:
                case Agreed():
                    self._try_to_meet(event)
                case CandidatesCame(offers=offers, mapping=mapping) if self.met is not None:
                    self.met.link.add_candidates(offers, mapping)
                case Failed() if self.met is None:
                    self.failed = event
                    self.let_go()

    def to_send(self) -> Iterator[Pass | HangUp]:
        """Yield and forget what the rendezvous should get."""
        for body in self._joining.bodies_to_pass():
            yield Pass(call=self.call_id, body=body)
        if self.failed is not None and self.failed.hang_up is not None:
            yield HangUp(call=self.call_id, why=self.failed.hang_up)

    def done(self) -> HangUp:
        """Return what to tell the rendezvous once the programs talk to each other."""
        return HangUp(call=self.call_id, why=CallEnd.DONE)

    async def use_relays(self) -> None:
        """Give the link its relays."""
        if self.met is not None:
            await self._relay_access.use(self.met.link, self._relays)

    async def find_out(self) -> None:
        """Ask the server how the world sees us; best begun with the call, beside the joining."""
        if self._discovery is None or self._is_over:
            return
        try:
            lookout = self._look_out()
        except OSError as error:
            log.error("no socket for the link: %s", error)
            return
        servers = await find_host(
            self._discovery.host,
            self._discovery.udp_ports,
            with_ipv6=lookout.socket.with_ipv6,
        )
        if self.met is not None:
            self.met.link.discover(servers)
        elif servers and not self._is_over:
            lookout.ask(servers)

    async def keep_port_open(self) -> None:
        """Have the router let the other program in until cancelled, if it may be asked."""
        if self.met is not None and self._ways.router is not None:
            await keep_open(self.met.link, self._ways.router, self._clock)

    def offer(self, offers: Sequence[CandidateOffer]) -> None:
        """Have the other program told where it may reach us, too, and what our network does."""
        if self.met is not None:
            self._joining.offer_candidates(offers, self.met.link.reach.mapping)

    def let_go(self) -> None:
        """Nothing comes of this call: give the port back, unless a link has it."""
        self._is_over = True
        if self._lookout is not None and self.met is None:
            self._lookout.close()
            self._lookout = None

    async def abandon(self) -> None:
        """Give everything back: no session comes of it."""
        self.let_go()
        if self.met is not None:
            await self.met.link.close(EndReason.PROGRAM_CLOSED)

    def _look_out(self) -> Lookout:
        if self._lookout is None:
            self._lookout = Lookout(self._ways, self._clock)
        return self._lookout

    def _try_to_meet(self, agreed: Agreed) -> None:
        try:
            self._meet(agreed)
        except OSError as error:
            log.error("no socket for the link: %s", error)
            self.failed = Failed(ErrorKey.INTERNAL, 0, CallEnd.GONE)

    def _meet(self, agreed: Agreed) -> None:
        socket, reach = self._look_out().hand_over()
        role = Role.CUSTOMER if self._identity else Role.COUNSELOR
        link = Link(
            role=role,
            keys=agreed.keys,
            socket=socket,
            session_id=agreed.session,
            nonce=agreed.nonce,
            clock=self._clock,
            identity=self._identity,
            pinned_der=None if self._identity else agreed.certificate,
            reach=reach,
            patience_s=self._patience_s,
        )

        reunion = Reunion(agreed.keys.resume, role, os.urandom, reach.everything)
        self.met = Met(link, agreed, reunion, self._relay_access)
        self.offer(reach.news())
