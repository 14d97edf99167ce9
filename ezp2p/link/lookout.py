"""Our UDP port before there is a link: opened with the call, to find out how it may be reached.

Asking the server takes a round trip, and agreeing on a key takes more: done side by side, the
first thing the other program hears has our outer address in it. Then the link takes over.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

from ezp2p.base.clock import Clock
from ezp2p.link.router import RouterWorker
from ezp2p.link.socket import Received, UdpSocket, open_socket
from ezp2p.nat.candidates import host_candidates
from ezp2p.nat.reach import Reach
from ezp2p.nat.route import Address, address_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ways:
    """What this machine's owner has set up, or allows, so that it can be reached."""

    forwarded_port: int | None = None  # the router hands this UDP port on to us (S45)
    router: RouterWorker | None = None  # may be asked to open a port (S43)


class Lookout:
    """A socket, and what has become known about it. Needs a running loop."""

    def __init__(self, ways: Ways, clock: Clock) -> None:
        """Open the port: the forwarded one, if it is free. Raises OSError if there is none."""
        self.socket, forwarded = _open(ways.forwarded_port)
        hosts = host_candidates(self.socket.port, with_ipv6=self.socket.with_ipv6)
        self.reach = Reach(hosts, forwarded_port=forwarded)
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.socket.listen(self._receive)

    def ask(self, servers: Sequence[Address]) -> None:
        """Ask these ports of one server how the world sees us."""
        self.reach.ask(servers, os.urandom, self._clock.now())
        self._turn()

    def hand_over(self) -> tuple[UdpSocket, Reach]:
        """Return both to who drives them from now on."""
        if self._timer is not None:
            self._timer.cancel()
        return self.socket, self.reach

    def close(self) -> None:
        """Give the port back: no link comes of it."""
        self.hand_over()
        self.socket.close()

    def _receive(self, burst: list[Received]) -> None:
        now = self._clock.now()
        for data, sender in burst:
            self.reach.receive(data, sender, now)
        self._turn()

    def _turn(self) -> None:
        now = self._clock.now()
        self.reach.wake(now)
        for data, server in self.reach.datagrams():
            self.socket.send([data], server)
        if self._timer is not None:
            self._timer.cancel()
        if self.reach.wake_at is not None:
            self._timer = self._loop.call_later(max(0.0, self.reach.wake_at - now), self._turn)


async def find_host(host: str, ports: Sequence[int], *, with_ipv6: bool) -> list[Address]:
    """Return the addresses of these ports of one host, IPv4 if it has one.

    What lies behind networks that translate addresses is IPv4. Empty if the name leads nowhere.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None)
    except (OSError, UnicodeError) as error:  # no name at all, if a server lies
        log.warning("no address of %s: %s", host, error)
        return []
    hosts = dict.fromkeys(str(name[0]) for _family, _kind, _protocol, _canonical, name in found)
    for wanted in sorted(hosts, key=lambda each: ":" in each):
        addresses = [address_of(wanted, port) for port in ports]
        if with_ipv6 or ":" not in wanted:
            return [address for address in addresses if address is not None]
    return []


def _open(forwarded_port: int | None) -> tuple[UdpSocket, int | None]:
    """Return a socket, and the forwarded port if it is that one's."""
    if forwarded_port is not None:
        try:
            return open_socket(forwarded_port), forwarded_port
        except OSError as error:
            # Another session has it; one of several customers can come by it.
            log.info("the forwarded port %d is in use: %s", forwarded_port, error)
    return open_socket(), None
