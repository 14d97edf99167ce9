"""The one connection of a session, as the session sees it: messages in, messages and events out.

    session    send(channel, message)          await next_events()
    -----------------------------------------------------------------------
    streams    frames on QUIC streams, by priority, bulk held back
    QUIC       one connection: the customer serves, the counselor calls
    carrier    direct UDP and relays, chosen by pings, changed without QUIC's knowledge
    socket     one UDP port; beside it a tube (a WebSocket) to each relay

It is driven by the running loop: a burst of datagrams, a timer, or a `send` leads to one `_turn`,
which does all that has become possible and ends with one transmit.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress

from aioquic.quic.events import QuicEvent

from ezp2p.base.clock import Clock
from ezp2p.base.errors import PeerError, Unreachable
from ezp2p.link import quic
from ezp2p.link.admission import Admission, Admitted
from ezp2p.link.carrier import MAX_RELAYS, Carrier
from ezp2p.link.certificate import Identity
from ezp2p.link.connection import Connection
from ezp2p.link.events import (
    CLOSE_CODE,
    LinkBack,
    LinkClosed,
    LinkEvent,
    LinkReady,
    LinkSilent,
    PathChanged,
    PathExplained,
    Reason,
    closed_by,
)
from ezp2p.link.keys import SessionKeys
from ezp2p.link.lane import LaneTls
from ezp2p.link.outbound import Outbound
from ezp2p.link.proof import SALT_BYTES, ProofTerms
from ezp2p.link.socket import Counts, Received, UdpSocket
from ezp2p.link.streams import ChannelStreams
from ezp2p.link.tube import Tube
from ezp2p.nat import paths
from ezp2p.nat.candidates import host_candidates
from ezp2p.nat.reach import Reach
from ezp2p.nat.route import Address, Route, address_of
from ezp2p.nat.verdict import TRYING_S, why
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.datagram import SAFE_DATAGRAM_BYTES
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import ErrorKey, PathKind, PathWhy, PortMapping, Role
from ezp2p.wire.messages.session import Proof
from ezp2p.wire.signalling import RelayOffer

logger = logging.getLogger(__name__)

SILENT_S = 3.0
LANE_RTT_S = 0.005  # farther away TCP is no faster than we are
PATIENCE_S = 600.0
CONNECT_TIMEOUT_S = 60.0
FLUSH_TIMEOUT_S = 2.0
# The last word is not acknowledged by anybody: say it three times.
LAST_WORDS_AT_S = (0.03, 0.1)
# So many probes in a row unanswered: perhaps large datagrams do not pass any more (RFC 8899, 4.3).
BLACK_HOLE_TIMEOUTS = 3
_GUESSED_RTT_S = 0.1


class Link:
    """A session's connection to the other program. Needs a running loop; owns the socket."""

    def __init__(
        self,
        *,
        role: Role,
        keys: SessionKeys,
        socket: UdpSocket,
        session_id: bytes,
        nonce: bytes,
        clock: Clock,
        identity: Identity | None = None,
        pinned_der: bytes | None = None,
        reach: Reach | None = None,
        bulk: Iterable[Channel] = (),
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Start: the customer with its `identity`, the counselor with the `pinned_der` it got.

        `reach` is what has become known about the socket so far; the link finds out more.
        Messages on the `bulk` channels wait for all others and never fill the network. A peer
        that is silent for `patience_s` is given up; until then all goes on where it stopped.
        """
        if (identity is None) == (role is Role.CUSTOMER) or (pinned_der is None) == (
            role is Role.COUNSELOR
        ):
            raise ValueError("a customer has an identity, a counselor a pinned certificate")
        self.patience_s = patience_s
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._terms = ProofTerms(keys.proof, nonce, session_id)
        self._identity = identity
        self._pinned_der = pinned_der
        self._admission = Admission(identity, self._terms) if identity else None
        self._connection: Connection | None = None
        self.reach = reach or Reach(())
        self._carrier = Carrier(socket, keys.ping, role, self.reach)
        self._streams = ChannelStreams(bulk)
        self._socket = socket
        self._tubes: dict[Tube, asyncio.Task[None]] = {}
        self._events: deque[LinkEvent] = deque()
        self._happened = asyncio.Event()
        self._acked = asyncio.Event()
        self._gone = asyncio.Event()
        self._closed: LinkClosed | None = None
        self._ready = False
        self._silent = False
        self._closing = False
        self._datagram_bytes = SAFE_DATAGRAM_BYTES
        self._turn_soon = False
        self._sent_this_round = False
        self._timer: asyncio.TimerHandle | None = None
        now = clock.now()
        self._timer_at = float("inf")
        self._connect_by = now + CONNECT_TIMEOUT_S
        self._spoke_at = now
        self._began_at = now
        self._news = asyncio.Event()
        self.path: PathKind | None = None  # the kind in use
        self._why: PathWhy | None = None
        self._their_mapping = PortMapping.UNKNOWN
        socket.listen(self._receive)
        self._arm(now)

    # --- what the session asks and does

    @property
    def round_trip_s(self) -> float | None:
        """Round trip of the path in use, None before there is one."""
        return self._carrier.paths.round_trip_s

    @property
    def rate_bps(self) -> float:
        """Best rate, in bytes a second, at which the peer lately got what we sent."""
        return self._connection.rate_bps if self._connection else 0.0

    @property
    def is_customer(self) -> bool:
        """Whether this is the customer's end."""
        return self._identity is not None

    @property
    def lane_host(self) -> str | None:
        """Where a bulk lane would lead: the peer's address on our LAN, None where it is no use."""
        for route in self._carrier.paths.routes[:1]:
            near = self._carrier.paths.shortest_round_trip_s < LANE_RTT_S
            if route.kind is PathKind.DIRECT_LAN and near:
                return route.address.host
        return None

    def lane_tls(self) -> LaneTls:
        """Return our half of a bulk lane's TLS."""
        return LaneTls(identity=self._identity, pinned_der=self._pinned_der or b"")

    @property
    def port(self) -> int:
        """The UDP port that candidates should name."""
        return self._socket.port

    @property
    def counts(self) -> Counts:
        """Datagrams and bytes sent and received, growing."""
        return self._socket.counts

    def add_candidates(
        self, offers: Iterable[CandidateOffer], mapping: str = PortMapping.UNKNOWN
    ) -> None:
        """Try the addresses that the peer says it has; those of no use are passed over.

        `mapping` is what it says that its network does.
        """
        now = self._clock.now()
        if mapping in set(PortMapping) and mapping != PortMapping.UNKNOWN:
            self._their_mapping = PortMapping(mapping)
        self._carrier.add_candidates(list(offers), now)
        self._soon()
        self._arm(now)

    def discover(self, servers: Sequence[Address]) -> None:
        """Ask these ports of one server how the world sees us, now and again and again."""
        if servers and self._closed is None:
            self.reach.ask(servers, os.urandom, self._clock.now())
            self.look_again()

    def look_again(self) -> None:
        """Something has been done with `reach`: follow it."""
        if self._closed is None:
            now = self._clock.now()
            self._carrier.wake(now)
            self._soon()
            self._arm(now)

    async def look_at_network(self) -> None:
        """See whether this machine is in another network now, and find all ways anew if so."""
        offers = await asyncio.to_thread(
            host_candidates, self._socket.port, with_ipv6=self._socket.with_ipv6
        )
        if self._closed is None and self._carrier.moved(offers, self._clock.now()):
            self.look_again()

    async def next_offers(self) -> list[CandidateOffer]:
        """Wait until we may be reached at more addresses, and return those.

        None of them: only `reach.mapping` has changed. Waits for ever once the link is closed.
        """
        await self._news.wait()
        self._news.clear()
        return self.reach.news()

    async def add_relay(self, host: str, port: int, ticket: bytes) -> None:
        """Use this relay, too; a known one gets the fresh ticket.

        Raises Unreachable(server.unreachable) if the host's name leads nowhere.
        """
        try:
            found = await self._loop.getaddrinfo(host, port)
        except OSError as error:
            raise Unreachable(ErrorKey.SERVER_UNREACHABLE, host=host, port=port) from error
        now = self._clock.now()
        for _family, _kind, _protocol, _name, name in found:
            address = address_of(str(name[0]), port)
            if address is not None and (self._socket.with_ipv6 or ":" not in address.host):
                self._carrier.add_relay(address, ticket, now)
                break
        self._arm(now)

    def add_tube(self, offer: RelayOffer, pin: str | None, outbound: Outbound) -> None:
        """Reach this relay by WebSocket, too; one that is known gets the fresh ticket.

        `pin` is the server's public key, where no authority vouches for it.
        """
        for tube in self._tubes:
            if (tube.host, tube.udp_port) == (offer.host, offer.udp_port):
                tube.renew(offer.ticket)
                return
        if self._closed is None and offer.ports and len(self._tubes) < MAX_RELAYS:
            tube = Tube(offer, pin, outbound, self)
            running = self._tubes[tube] = self._loop.create_task(tube.run())
            running.add_done_callback(_log_mistake)

    def tube_opened(self, tube: Tube, route: Route) -> None:
        """Take a tube into use."""
        now = self._clock.now()
        self._carrier.tube_opened(route, tube, now)
        self._turn(now)

    def tube_received(self, route: Route, datagrams: list[bytes]) -> None:
        """Take what came by a tube."""
        now = self._clock.now()
        counts = self._socket.counts
        counts.datagrams_received += len(datagrams)
        counts.bytes_received += sum(map(len, datagrams))
        quic_datagrams = self._carrier.sort_tube(route, datagrams, now)
        self._take_in(quic_datagrams, {route} if quic_datagrams else set(), now)

    def tube_lost(self, route: Route) -> None:
        """Go on without it."""
        now = self._clock.now()
        self._carrier.tube_lost(route, now)
        self._turn(now)

    def send(self, channel: Channel, data: bytes) -> None:
        """Send a message; it leaves at once, or with its like in the loop's next round.

        After the end it is dropped. Raises ValueError if it is empty or longer than the channel's
        FRAME_LIMIT.
        """
        if self._closed is None:
            self._streams.send(channel, data)
            if self._sent_this_round:
                self._soon()
                return
            # The first of this round of the loop does not wait; what follows goes together.
            self._sent_this_round = True
            self._loop.call_soon(self._next_round)
            self._turn(self._clock.now())

    def unacked_bytes(self, channel: Channel) -> int:
        """How many bytes sent on this channel the peer has not acknowledged yet."""
        return self._streams.unacked_bytes(channel, self._connection)

    async def next_events(self) -> list[LinkEvent]:
        """Wait until something happens and return it, oldest first; LinkClosed is the last ever.

        Asked again after that, it returns LinkClosed again.
        """
        await self._happened.wait()
        events = list(self._events)
        self._events.clear()
        if self._closed is not None:
            return events or [self._closed]
        self._happened.clear()
        if self._connection is not None and self._connection.held_bytes:
            self._connection.held_bytes = 0
            self._soon()  # there is room again; the peer should know
        return events

    async def close(self, reason: Reason) -> None:
        """End the link: what was sent is delivered first (2 s at most), then the reason."""
        try:
            if self._closed is None and self._ready and not self._silent:
                self._closing = True
                self._soon()
                with suppress(TimeoutError):
                    async with asyncio.timeout(FLUSH_TIMEOUT_S):
                        await self._acked.wait()
        finally:  # whoever is tired of waiting wants the end all the more
            self._end(LinkClosed(reason, by_peer=False))
        await self._gone.wait()
        await asyncio.gather(*self._tubes.values(), return_exceptions=True)

    # --- what drives it

    def _receive(self, burst: list[Received]) -> None:
        now = self._clock.now()
        datagrams, routes = self._carrier.sort(burst, now)
        self._take_in(datagrams, routes, now)

    def _take_in(self, datagrams: list[bytes], routes: set[Route], now: float) -> None:
        """Give QUIC what is its, and do what has become possible."""
        if datagrams and self._connection is not None:
            if self._connection.take(datagrams, now):
                self._carrier.paths.heard(routes, now)
        elif datagrams and self._admission is not None:
            admitted = self._admission.take(datagrams, self._guess_rtt(), now)
            if admitted is not None:
                self._admit(admitted)
        self._turn(now)

    def _soon(self) -> None:
        if not self._turn_soon:
            self._turn_soon = True
            self._loop.call_soon(self._turn_now)

    def _turn_now(self) -> None:
        self._turn_soon = False
        self._turn(self._clock.now())

    def _next_round(self) -> None:
        self._sent_this_round = False

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = float("inf")
        now = self._clock.now()
        self._carrier.wake(now)
        if self._admission is not None:
            self._admission.wake(now)
        connection = self._connection
        if connection is not None:
            due = connection.get_timer()
            if due is not None and due <= now:
                connection.handle_timer(now)
            if connection.timeouts >= BLACK_HOLE_TIMEOUTS:
                connection.use_datagrams_of(SAFE_DATAGRAM_BYTES)
            if self._ready and now >= self._spoke_at + quic.KEEPALIVE_S:
                connection.send_ping(0)
                self._spoke_at = now
        if not self._ready and now >= self._connect_by:
            self._end(LinkClosed(ErrorKey.LINK_LOST, by_peer=False))
        self._turn(now)

    def _turn(self, now: float) -> None:
        """Do everything that has become possible."""
        if self._closed is not None:
            return
        self._follow_paths(now)
        self._listen_for_silence(now)
        self._explain(now)
        if self.reach.has_news:
            self._news.set()
        self._read(now)
        self._transmit(now)
        if self._closing:
            self._note_acked()
        self._arm(now)

    # --- one thing each

    def _follow_paths(self, now: float) -> None:
        connection = self._connection
        for event in self._carrier.next_events():
            if isinstance(event, paths.PathWidened):
                self._datagram_bytes = event.datagram_bytes
                if connection is not None:
                    connection.use_datagrams_of(event.datagram_bytes)
                continue
            if isinstance(event, paths.PathRenamed):
                self.path = event.route.kind
                self._tell(PathChanged(*event.route, self._guess_rtt()))
                continue
            self._datagram_bytes = SAFE_DATAGRAM_BYTES
            if isinstance(event, paths.PathChanged):
                self.path = event.route.kind
                self._tell(PathChanged(*event.route, event.round_trip_s))
            if connection is not None:
                after_silence = isinstance(event, paths.PathSuspected) or event.after_silence
                connection.change_path(event.round_trip_s, now, after_silence=after_silence)
        if connection is None and self._pinned_der is not None and self._carrier.paths.routes:
            self._call(self._pinned_der, now)

    def _call(self, pinned_der: bytes, now: float) -> None:
        """The counselor's side: begin the handshake and queue the proof behind it."""
        try:
            knock = self._terms.knock(os.urandom(SALT_BYTES))
            self._connection = quic.client(pinned_der, knock, self._guess_rtt(), now)
        except PeerError:
            self._end(LinkClosed(ErrorKey.PEER_UNTRUSTED, by_peer=False))
            return
        proof = Proof(mac=self._terms.mac(pinned_der))
        self._streams.open_all(CODECS[Channel.SESSION].encode(proof))

    def _admit(self, admitted: Admitted) -> None:
        """The customer's side: this is the counselor."""
        self._admission = None
        self._connection = admitted.connection
        self._become_ready()
        for event in admitted.early:
            self._take(event)

    def _become_ready(self) -> None:
        self._ready = True
        if self._connection is not None:
            self._connection.use_datagrams_of(self._datagram_bytes)
        self._tell(LinkReady())

    def _read(self, now: float) -> None:
        connection = self._connection
        if connection is None:
            return
        if not self._ready and connection.handshake_done:
            self._become_ready()
        while self._closed is None and (event := connection.next_event()) is not None:
            self._take(event)
        if self._closed is None and connection.ended is not None:
            self._end(closed_by(connection.ended, peer=connection.ended_by_peer))

    def _take(self, event: QuicEvent) -> None:
        if self._closed is not None or self._connection is None:
            return
        try:
            for message in self._streams.messages(event):
                self._connection.held_bytes += len(message.data)
                self._tell(message)
        except PeerError:
            self._end(LinkClosed(ErrorKey.PEER_PROTOCOL, by_peer=False))

    def _listen_for_silence(self, now: float) -> None:
        heard_at = self._carrier.paths.heard_at
        if not self._ready or heard_at is None:
            return
        if now - heard_at >= self.patience_s:
            self._end(LinkClosed(ErrorKey.LINK_LOST, by_peer=False))
        elif now - heard_at >= SILENT_S and not self._silent:
            self._silent = True
            self._tell(LinkSilent())
        elif now - heard_at < SILENT_S and self._silent:
            self._silent = False
            self._tell(LinkBack())

    def _explain(self, now: float) -> None:
        """Tell why the path is no better one, when the reason has changed."""
        if self.path is None:
            return
        tried_s = now - self._began_at
        reason = why(self.path, self.reach.mapping, self._their_mapping, tried_s)
        if reason is not self._why:
            self._why = reason
            self._tell(PathExplained(reason))

    def _transmit(self, now: float) -> None:
        if self._connection is not None:
            if self._closed is None:
                hold_bulk = self._carrier.paths.suspected
                self._streams.refill(self._connection, hold_bulk=hold_bulk)
            datagrams = self._connection.datagrams(now)
        elif self._admission is not None:
            datagrams = list(self._admission.datagrams(now))
        else:
            return
        if datagrams:
            self._spoke_at = now
            self._carrier.send(datagrams, now)

    def _arm(self, now: float) -> None:
        """Have `_on_timer` called when the next thing is due; early does no harm."""
        if self._closed is not None:
            return
        due = [self._carrier.wake_at]
        if self._why is PathWhy.TRYING:
            due.append(self._began_at + TRYING_S)
        if self._connection is not None:
            due.append(self._connection.get_timer())
        if self._admission is not None:
            due.append(self._admission.wake_at)
        if not self._ready:
            due.append(self._connect_by)
        else:
            due.append(self._spoke_at + quic.KEEPALIVE_S)
            if self._carrier.paths.heard_at is not None:
                patience_s = self.patience_s if self._silent else min(SILENT_S, self.patience_s)
                due.append(self._carrier.paths.heard_at + patience_s)
        at = min(time for time in due if time is not None)
        if at < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = at
            self._timer = self._loop.call_later(max(0.0, at - now), self._on_timer)

    def _guess_rtt(self) -> float:
        return self.round_trip_s or _GUESSED_RTT_S

    def _note_acked(self) -> None:
        if not any(self.unacked_bytes(channel) for channel in Channel):
            self._acked.set()

    def _tell(self, event: LinkEvent) -> None:
        self._events.append(event)
        self._happened.set()

    # --- the end

    def _end(self, closed: LinkClosed) -> None:
        """Say why, as far as anybody listens, and give everything back."""
        if self._closed is not None:
            return
        self._closed = closed
        self._tell(closed)
        if self._timer is not None:
            self._timer.cancel()
        now = self._clock.now()
        words: list[bytes] = []
        if self._connection is not None:
            self._connection.close(error_code=CLOSE_CODE, reason_phrase=closed.reason)
            words = self._connection.datagrams(now)
        self._say(words)
        for wait_s in LAST_WORDS_AT_S if words else ():
            self._loop.call_later(wait_s, self._say, words)
        self._loop.call_later(LAST_WORDS_AT_S[-1] if words else 0.0, self._give_back)

    def _say(self, words: list[bytes]) -> None:
        if words:
            self._carrier.send(words, self._clock.now())

    def _give_back(self) -> None:
        for running in self._tubes.values():
            running.cancel()
        self._carrier.close()
        self._gone.set()


def _log_mistake(running: asyncio.Task[None]) -> None:
    """A mistake of ours in a tube ends that tube, not the session."""
    if not running.cancelled() and running.exception() is not None:
        logger.error("a tube failed", exc_info=running.exception())
