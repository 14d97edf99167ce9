"""What a check-up asks of the network, from this machine to the company's server and out again.

    network -> proxy -> name -> port -> certificate -> server -> line    does the line come about?
                                                              -> clock
                                                              -> ports   which other ports are open?
                                                              -> udp     is there a direct way?
                                                                 -> mapping
            -> router                                                    may others come in?

Without the line there is no help; without the rest it is slower, or fails in another network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, Unreachable
from ezp2p.base.stranger import one_line
from ezp2p.link.inquiry import Told, ask_server, hold, trust
from ezp2p.link.lookout import Ways
from ezp2p.link.outbound import Outbound, Proxy
from ezp2p.link.probes import (
    Discovered,
    discover,
    find,
    knock,
    knock_through,
    own_addresses,
    try_router,
)
from ezp2p.nat.upnp import RouterRefused
from ezp2p.session.checkup import Check, Outcome
from ezp2p.wire.invitation import ServerAddress, is_loopback
from ezp2p.wire.keys import CheckName, CheckState, ErrorKey, Hindrance, PortMapping

# So far apart no certificate is called invalid, and no diary is misread.
CLOCK_TOLERANCE_S = 300.0
LONG_TIMEOUT_S = 45.0  # what makes several connections, each with its own patience


class NetworkQuestions:
    """The questions about one server; what one has found out, the next ones use."""

    def __init__(self, server: ServerAddress, outbound: Outbound, ways: Ways, clock: Clock) -> None:
        self._server = server
        self._outbound = outbound
        self._ways = ways
        self._clock = clock
        self._proxy: Proxy | None = None
        self._addresses: list[str] = []
        self._told: Told | None = None
        self._discovered: Discovered | None = None

    def checks(self) -> list[Check]:
        """Return the table."""
        long = LONG_TIMEOUT_S
        name = CheckName
        return [
            Check(name.NETWORK, self._network),
            Check(name.PROXY, self._way, (name.NETWORK,)),
            Check(name.NAME, self._name, (name.PROXY,)),
            Check(name.PORT, self._port, (name.NAME,)),
            Check(name.CERTIFICATE, self._certificate, (name.PORT,), long),
            Check(name.SERVER, self._ask_server, (name.CERTIFICATE,), long),
            Check(name.CLOCK, self._clocks, (name.SERVER,)),
            Check(name.LINE, self._line, (name.SERVER,), long),
            Check(name.PORTS, self._ports, (name.SERVER,), long),
            Check(name.UDP, self._udp, (name.SERVER,)),
            Check(name.MAPPING, self._mapping, (name.UDP,)),
            Check(name.ROUTER, self._router, (name.NETWORK,)),
        ]

    # --- one question each, in the table's order

    async def _network(self) -> Outcome:
        ours = await asyncio.to_thread(own_addresses)
        if not ours and not is_loopback(self._server.host):
            raise Unreachable(Hindrance.OFFLINE)
        return Outcome(facts={"addresses": _list(ours)})

    async def _way(self) -> Outcome:
        scheme = self._server.url.partition(":")[0]
        self._proxy = await self._outbound.proxy_to(self._server.host, scheme)
        if self._proxy is None:
            return Outcome(facts={"proxy": "none"})
        # Whether it lets us through shows at the server's port; here, whether there is one.
        try:
            await knock(self._proxy.host, self._proxy.port, await find(self._proxy.host))
        except Unreachable as error:
            why = f"{self._proxy.host}:{self._proxy.port} {error.key}"
            raise Unreachable(ErrorKey.PROXY_UNREACHABLE, why=why) from None
        return Outcome(facts={"proxy": str(self._proxy)})

    async def _name(self) -> Outcome:
        if self._proxy is not None:
            return Outcome(facts={"by": "proxy"})  # it looks names up itself
        self._addresses = await find(self._server.host)
        return Outcome(facts={"addresses": _list(self._addresses)})

    async def _port(self) -> Outcome:
        by = await self._knock(self._server.host, self._server.port)
        return Outcome(facts={"port": str(self._server.port), "by": by})

    async def _certificate(self) -> Outcome:
        if self._server.url.startswith("https:"):
            await trust(self._server, self._outbound, self._clock)
            return Outcome(facts={"pinned": "yes"} if self._server.pin else {})
        if is_loopback(self._server.host):
            return Outcome(facts={"encrypted": "no"})
        host = {"host": self._server.host}
        return Outcome(CheckState.WORSE, Hindrance.UNENCRYPTED, host, {"encrypted": "no"})

    async def _ask_server(self) -> Outcome:
        self._told = told = await ask_server(self._server, self._outbound, self._clock)
        return Outcome(
            facts={"version": one_line(told.network.version), "ms": _ms(told.round_trip_s)}
        )

    async def _clocks(self) -> Outcome:
        date = self._told.date if self._told else None
        if date is None:
            return Outcome(facts={"server": "tells no time"})
        # What its answer was under way does not matter at this tolerance.
        ahead_s = self._clock.wall() - date
        facts = {"ahead_s": f"{ahead_s:.0f}"}
        if abs(ahead_s) <= CLOCK_TOLERANCE_S:
            return Outcome(facts=facts)
        minutes = {"minutes": f"{abs(ahead_s) / 60:.0f}"}
        return Outcome(CheckState.WORSE, Hindrance.CLOCK_OFF, minutes, facts)

    async def _line(self) -> Outcome:
        await hold(self._server, self._outbound)
        return Outcome()

    async def _ports(self) -> Outcome:
        assert self._told is not None
        told = self._told.network
        ours = self._server.host
        relays = {
            one_line(each.host): self._outbound.ports_to_try(each.ports) for each in told.relays
        }
        doors = [(ours, p.port) for p in self._outbound.ports_to_try(told.ports)]
        doors += [(host, p.port) for host, ports in relays.items() for p in ports]
        known = (ours, self._server.port)
        others = [door for door in doors if door != known]
        opened = await asyncio.gather(*(self._try(*door) for door in others))
        is_open = {known: True} | dict(zip(others, opened, strict=True))
        facts = {
            "open": _list(self._shown(door) for door, works in is_open.items() if works),
            "closed": _list(self._shown(door) for door, works in is_open.items() if not works),
        }
        dead = [h for h, ports in relays.items() if not any(is_open[h, p.port] for p in ports)]
        if dead:
            ports = _list({str(p.port): None for host in dead for p in relays[host]})
            fields = {"relays": _list(dead), "ports": ports}
            return Outcome(CheckState.WORSE, Hindrance.RELAY_CLOSED, fields, facts)
        if all(is_open.values()):
            return Outcome(facts=facts)
        return Outcome(CheckState.GOOD, Hindrance.PORTS_CLOSED, facts, facts)

    async def _udp(self) -> Outcome:
        assert self._told is not None
        offer = self._told.network.discovery
        self._discovered = seen = await discover(offer, self._clock)
        ports = {"host": one_line(offer.host), "ports": _list(map(str, offer.udp_ports))}
        facts = {"answered": f"{seen.answered}/{seen.asked}"}
        if seen.address is not None:
            facts["seen_as"] = str(seen.address)
        if not seen.answered:
            return Outcome(CheckState.WORSE, Hindrance.UDP_SILENT, ports, facts)
        if seen.answered < seen.asked:
            return Outcome(CheckState.GOOD, Hindrance.UDP_HALF, ports, facts)
        return Outcome(facts=facts)

    async def _mapping(self) -> Outcome:
        mapping = self._discovered.mapping if self._discovered else PortMapping.UNKNOWN
        facts = {"mapping": str(mapping)}
        if mapping is PortMapping.SILENT:
            return Outcome(CheckState.SKIPPED)
        if mapping is PortMapping.VARYING:
            return Outcome(CheckState.WORSE, Hindrance.MAPPING_VARYING, {}, facts)
        return Outcome(facts=facts)

    async def _router(self) -> Outcome:
        if self._ways.router is None:
            return Outcome(CheckState.SKIPPED, Hindrance.ROUTER_UNASKED)
        try:
            address = await try_router(self._ways.router)
        except RouterRefused as refused:
            why = {"why": str(refused)}
            return Outcome(CheckState.GOOD, Hindrance.ROUTER_CLOSED, {}, why)
        return Outcome(facts={"opened": str(address)})

    # --- ports

    async def _knock(self, host: str, port: int) -> str:
        """Return who opened the port: an address, or the proxy."""
        if self._proxy is not None:
            await knock_through(self._proxy, host, port)
            return "proxy"
        is_server = host == self._server.host
        return await knock(host, port, self._addresses if is_server else await find(host))

    async def _try(self, host: str, port: int) -> bool:
        try:
            await self._knock(host, port)
        except EzError:
            return False
        return True

    def _shown(self, door: tuple[str, int]) -> str:
        """Return a port of the server as a number, another host's with its name."""
        host, port = door
        return str(port) if host == self._server.host else f"{host}:{port}"


def no_questions() -> list[Check]:
    """Return the table where no server is known: there is only this machine to look at."""

    async def network() -> Outcome:
        ours = await asyncio.to_thread(own_addresses)
        if not ours:
            raise Unreachable(Hindrance.OFFLINE)
        return Outcome(facts={"addresses": _list(ours)})

    return [Check(CheckName.NETWORK, network)]


def _list(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"
