"""A port that the router opens for us, without a person setting it up (UPnP IGD, S43).

    asking --opened--> held --half its life--> asking
      | no router: again in 5 minutes
      | refused: another port, three in all; then again in 5 minutes
      +------------------------------------------------------------> asking
    given back at the end; if we cannot, the router forgets it after an hour

`PortLease` is what to do when, sans-IO. `UpnpRouter` is a router that does it, by miniupnpc: its
calls block for seconds and belong into one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import miniupnpc

from ezp2p.nat.route import Address, address_of

LEASE_S = 3600
RETRY_S = 300.0
LOOK_AGAIN_S = 30.0
PORTS_TRIED = 3
_FIRST_FREE_PORT = 49_152  # RFC 6335, 6: nobody's
_FREE_PORTS = 0x10000 - _FIRST_FREE_PORT
_FIND_MS = 1000  # how long routers may take to answer; most need 100
_UDP = "UDP"
_NAME = "ezp2p"
_FOR_EVER = 0  # a lease some old routers insist on (error 725, OnlyPermanentLeasesSupported)


class RouterRefused(Exception):
    """Not this port: what the router said. Nothing a person must act on."""


class NoRouter(RouterRefused):
    """Nobody in this network opens ports."""


class Router(Protocol):
    """Somebody who can have a port opened; both calls block."""

    def open(self, inner_port: int, outer_port: int, lease_s: int) -> Address:
        """Have UDP to the outer port brought to our inner one; return where that is.

        The same again renews it. Raises RouterRefused, NoRouter.
        """
        ...

    def close(self, outer_port: int) -> None:
        """Give it back. Raises RouterRefused, and then it ends by itself."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What to ask the router for."""

    inner_port: int
    outer_port: int
    lease_s: int = LEASE_S


class PortLease:
    """One port that we want open for as long as we live."""

    def __init__(self, inner_port: int, chance: Callable[[int], int], now: float) -> None:
        """`chance(n)` draws a number below n."""
        self.wake_at = now
        self.address: Address | None = None  # where the router listens for us
        self._inner_port = inner_port
        self._chance = chance
        self._outer_port = inner_port
        self._refusals = 0

    def due(self, now: float) -> Opening | None:
        """Return what to ask for now; then tell `opened` or `refused`."""
        return Opening(self._inner_port, self._outer_port) if now >= self.wake_at else None

    def postpone(self, now: float) -> None:
        """Nobody needs it at present: look again later."""
        self.wake_at = now + LOOK_AGAIN_S

    def opened(self, address: Address, now: float) -> None:
        """The router has done it."""
        self.address = address
        self._outer_port = address.port
        self._refusals = 0
        self.wake_at = now + LEASE_S / 2

    def missed(self, now: float) -> None:
        """There is no router."""
        self.address = None
        self.wake_at = now + RETRY_S

    def refused(self, now: float) -> None:
        """It has not: perhaps the port is another machine's."""
        self.address = None
        self._refusals += 1
        if self._refusals % PORTS_TRIED:
            self._outer_port = _FIRST_FREE_PORT + self._chance(_FREE_PORTS)
            self.wake_at = now
        else:
            self._outer_port = self._inner_port
            self.wake_at = now + RETRY_S


class UpnpRouter:
    """The router of the network this machine is in; looked for when first needed."""

    def __init__(self) -> None:
        self._found: Any = None

    def find(self) -> None:
        """Look for it, for a second or two; raises NoRouter."""
        if self._found is not None:
            return
        upnp = miniupnpc.UPnP()
        upnp.discoverdelay = _FIND_MS
        try:
            # Without any device, discover() raises Exception("Success").
            if not upnp.discover():
                raise NoRouter("no router answers")
            upnp.selectigd()
        except NoRouter:
            raise
        except Exception as error:  # the library has no other class
            raise NoRouter(f"no router: {error}") from None
        self._found = upnp

    def open(self, inner_port: int, outer_port: int, lease_s: int) -> Address:
        """Have the port opened; see Router."""
        self.find()
        try:
            self._add(inner_port, outer_port, lease_s)
            host = str(self._found.externalipaddress())
        except Exception as error:
            self._forget()
            raise RouterRefused(f"port {outer_port}: {error}") from None
        address = address_of(host, outer_port)
        if address is None:  # it is not connected itself
            with suppress(RouterRefused):
                self.close(outer_port)
            raise RouterRefused(f"the router says that it is at {host}")
        return address

    def close(self, outer_port: int) -> None:
        """Give the port back; see Router."""
        if self._found is None:
            raise RouterRefused("the router is gone")
        try:
            self._found.deleteportmapping(outer_port, _UDP)
        except Exception as error:
            raise RouterRefused(f"port {outer_port}: {error}") from None

    def _add(self, inner_port: int, outer_port: int, lease_s: int) -> None:
        upnp = self._found
        wanted = (outer_port, _UDP, upnp.lanaddr, inner_port, _NAME, "")
        try:
            upnp.addportmapping(*wanted, lease_s)
        except Exception as error:
            if "Permanent" not in str(error):
                raise
            upnp.addportmapping(*wanted, _FOR_EVER)

    def _forget(self) -> None:
        """It may be another one next time: a laptop travels."""
        self._found = None
