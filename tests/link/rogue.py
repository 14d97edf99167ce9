"""A counselor who has every key and breaks the rules: our parts, put together without the rules."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from ezp2p.base.clock import SystemClock
from ezp2p.link import quic
from ezp2p.link.carrier import Carrier
from ezp2p.link.connection import Connection
from ezp2p.link.frame import OPENING, frame
from ezp2p.link.proof import ProofTerms
from ezp2p.link.socket import Received, open_socket
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.keys import Role
from ezp2p.wire.messages.session import Proof
from tests.link.pair import Terms, loopback

TICK_S = 0.005


class Rogue:
    """Joins a customer and then does as the test says."""

    def __init__(self, terms: Terms, port: int) -> None:
        self._terms = ProofTerms(terms.keys.proof, terms.nonce, terms.session_id)
        self._der = terms.identity.der
        self._clock = SystemClock()
        self._socket = open_socket(host="127.0.0.1")
        self._carrier = Carrier(self._socket, terms.keys.ping, Role.COUNSELOR)
        self._socket.listen(self._receive)
        self._carrier.add_candidates([loopback(port)], self._clock.now())
        self.quic: Connection | None = None
        self.received: list[object] = []
        self._ticked = asyncio.Event()
        self._ticking = asyncio.create_task(self._tick())

    async def shake_hands(self) -> Connection:
        """Return the connection, its handshake done; nothing is said yet."""
        await self._until(lambda: bool(self._carrier.paths.routes))
        knock = self._terms.knock(os.urandom(8))
        connection = quic.client(self._der, knock, 0.01, self._clock.now())
        self.quic = connection
        await self._until(lambda: connection.handshake_done)
        return connection

    async def join(self) -> Connection:
        """Return the connection, proof said and streams open."""
        connection = await self.shake_hands()
        proof = CODECS[Channel.SESSION].encode(Proof(mac=self._terms.mac(self._der)))
        for channel in Channel:
            first = frame(channel, proof) if channel is Channel.SESSION else OPENING
            connection.send_stream_data(channel.stream_id, first)
        return connection

    async def ended(self) -> str:
        """Wait until the customer shows us out; return what it said."""
        await self._until(lambda: self.quic is not None and self.quic.ended is not None)
        assert self.quic is not None
        assert self.quic.ended is not None
        return self.quic.ended.reason_phrase

    async def acknowledged(self, connection: Connection) -> None:
        """Wait until the customer has received all that was written."""
        await self._until(lambda: not any(connection.unacked_bytes(c.stream_id) for c in Channel))

    def vanish(self) -> None:
        """Be gone, without a word."""
        self._ticking.cancel()
        self._carrier.close()

    def _receive(self, burst: list[Received]) -> None:
        now = self._clock.now()
        datagrams, _ = self._carrier.sort(burst, now)
        if self.quic is not None:
            self.quic.take(datagrams, now)

    async def _tick(self) -> None:
        while True:
            now = self._clock.now()
            self._carrier.wake(now)
            if self.quic is not None:
                due = self.quic.get_timer()
                if due is not None and due <= now:
                    self.quic.handle_timer(now)
                self._carrier.send(self.quic.datagrams(now), now)
                while (event := self.quic.next_event()) is not None:
                    self.received.append(event)
            self._ticked.set()
            await asyncio.sleep(TICK_S)

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._ticked.clear()
            await self._ticked.wait()
