"""A UDP relay for tests, after wire/datagram.py: a real program in a thread's place on the loop.

A ticket here is `role|session`, unsigned. It can lose its memory, fall silent, and let a test see
and add datagrams, since a relay may be anybody's.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable

from ezp2p.wire.datagram import (
    ALLOCATION_BYTES,
    COOKIE_BYTES,
    RELAY_BIND,
    RELAY_BIND_MIN_BYTES,
    RELAY_BOUND,
    RELAY_CHALLENGE,
    RELAY_HEADER_BYTES,
    RELAYED,
)

_Name = tuple[str, int]
Spy = Callable[[bytes, bool], bytes | None]  # datagram, towards the customer -> what goes on


class Relay(asyncio.DatagramProtocol):
    """Forwards between the two who bound with tickets of one session."""

    def __init__(self) -> None:
        self.forwarded = 0
        self.binds = 0
        self.silent = False
        self.spy: Spy | None = None
        self._key = os.urandom(16)
        self._places: dict[bytes, tuple[str, str, _Name]] = {}  # allocation: role, session, name
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    @classmethod
    async def start(cls) -> Relay:
        """Listen on a free port of this machine."""
        loop = asyncio.get_running_loop()
        transport, relay = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        relay._transport = transport
        relay.port = transport.get_extra_info("sockname")[1]
        return relay

    def forget(self) -> None:
        """As if it had been restarted: all places and cookies are gone."""
        self._places.clear()
        self._key = os.urandom(16)

    def inject(self, data: bytes, *, to_customer: bool) -> None:
        """Send a datagram to one end as if it came from the other."""
        for allocation, (role, _session, name) in self._places.items():
            if (role == "customer") == to_customer:
                self._send(bytes((RELAYED,)) + allocation + data, name)

    def stop(self) -> None:
        """Give the port back."""
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: _Name) -> None:
        """Answer a bind or forward."""
        if self.silent or not data:
            return
        if data[0] == RELAY_BIND and len(data) >= RELAY_BIND_MIN_BYTES:
            self._bind(data, addr)
        elif data[0] == RELAYED and len(data) > RELAY_HEADER_BYTES:
            self._forward(data, addr)

    def _bind(self, data: bytes, addr: _Name) -> None:
        self.binds += 1
        cookie = hmac.digest(self._key, repr(addr).encode(), "sha256")[:COOKIE_BYTES]
        if not hmac.compare_digest(data[1 : 1 + COOKIE_BYTES], cookie):
            self._send(bytes((RELAY_CHALLENGE,)) + cookie, addr)
            return
        role, session = data[1 + COOKIE_BYTES :].rstrip(b"\0").decode().split("|")
        for allocation, place in list(self._places.items()):
            if place[:2] == (role, session):
                del self._places[allocation]
        allocation = os.urandom(ALLOCATION_BYTES)
        self._places[allocation] = (role, session, addr)
        self._send(bytes((RELAY_BOUND,)) + allocation, addr)

    def _forward(self, data: bytes, addr: _Name) -> None:
        place = self._places.get(data[1:RELAY_HEADER_BYTES])
        if place is None or place[2] != addr:
            return
        role, session, _name = place
        inner: bytes | None = data[RELAY_HEADER_BYTES:]
        for allocation, (other_role, other_session, name) in list(self._places.items()):
            if other_session == session and other_role != role:
                if self.spy is not None and inner is not None:
                    inner = self.spy(inner, other_role == "customer")
                if inner is not None:
                    self.forwarded += 1
                    self._send(bytes((RELAYED,)) + allocation + inner, name)

    def _send(self, data: bytes, addr: _Name) -> None:
        if self._transport is not None:
            self._transport.sendto(data, addr)
