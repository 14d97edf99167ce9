"""Single questions to the network, by which a program finds out what stands in its way.

    own_addresses   are we in any network?
    find            does the name lead to an address?
    knock           does a TCP port open? by a proxy: knock_through
    discover        does UDP pass, and what does the network make of our port?
    try_router      does the router open a port for us?

Each asks once and gives facts, or raises EzError with a Hindrance.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil
import python_socks

from ezp2p.base.clock import Clock
from ezp2p.base.errors import Unavailable, Unreachable
from ezp2p.link.lookout import find_host
from ezp2p.link.outbound import Proxy
from ezp2p.link.router import RouterWorker
from ezp2p.link.socket import Received, open_socket
from ezp2p.nat.discovery import REFRESH_S, Discovery
from ezp2p.nat.route import Address
from ezp2p.nat.upnp import Opening
from ezp2p.wire.keys import ErrorKey, Hindrance, PortMapping
from ezp2p.wire.signalling import DiscoveryOffer

KNOCK_S = 6.0  # TCP asks again after 1 s and after 3
TRIED_LEASE_S = 60
_FIRST_FREE_PORT = 49_152  # RFC 6335, 6: nobody's
_FREE_PORTS = 0x10000 - _FIRST_FREE_PORT


@dataclass(frozen=True, slots=True)
class Discovered:
    """What came of asking how the world sees our UDP port."""

    mapping: PortMapping
    address: Address | None
    asked: int  # ports
    answered: int


def own_addresses() -> list[str]:
    """Return the addresses of this machine in networks that are up; none of its own loopback."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return [
        entry.address.partition("%")[0]
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if name in up and entry.family in (socket.AF_INET, socket.AF_INET6)
        if not entry.address.startswith(("127.", "169.254.", "fe80:", "::1"))
    ]


async def find(host: str) -> list[str]:
    """Return the addresses a name leads to.

    Raises Unreachable(hindrance.name-unknown | hindrance.name-silent, host).
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        # EAI_AGAIN: nobody answered; every other one: there is no such name.
        silent = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        key = Hindrance.NAME_SILENT if silent else Hindrance.NAME_UNKNOWN
        raise Unreachable(key, host=host, why=str(error)) from None
    return list(dict.fromkeys(str(name[0]) for *_, name in found))


async def knock(host: str, port: int, addresses: Sequence[str]) -> str:
    """Open a TCP connection to each address of a host; return the first that takes it.

    Raises Unreachable(hindrance.port-refused | port-silent | port-unreachable, host, port).
    """
    outcomes = await asyncio.gather(*(_knock(each, port) for each in addresses))
    for address, outcome in zip(addresses, outcomes, strict=True):
        if outcome is None:
            return address
    # "Refused" says most: somebody was there to say no.
    order = (Hindrance.PORT_REFUSED, Hindrance.PORT_SILENT, Hindrance.PORT_UNREACHABLE)
    raise Unreachable(min((o for o in outcomes if o), key=order.index), host=host, port=port)


async def knock_through(proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy open a TCP connection.

    Raises Unreachable(proxy.unreachable | proxy.refused | hindrance.port-silent, host, port).
    """
    try:
        async with asyncio.timeout(2 * KNOCK_S):
            connection = await proxy.open(host, port)
    except TimeoutError:
        raise Unreachable(Hindrance.PORT_SILENT, host=host, port=port) from None
    except (python_socks.ProxyConnectionError, python_socks.ProxyTimeoutError) as error:
        raise Unreachable(ErrorKey.PROXY_UNREACHABLE, host=host, why=str(error)) from None
    except (python_socks.ProxyError, OSError) as error:
        raise Unreachable(ErrorKey.PROXY_REFUSED, host=host, why=str(error)) from None
    connection.close()


async def discover(offer: DiscoveryOffer, clock: Clock) -> Discovered:
    """Ask each UDP port of a server once (with retries, 1.5 s) how it sees us.

    Raises Unavailable(hindrance.no-port) if this machine gives us no port.
    """
    try:
        ours = open_socket()
    except OSError as error:
        raise Unavailable(Hindrance.NO_PORT, why=str(error)) from None
    servers = await find_host(offer.host, offer.udp_ports, with_ipv6=ours.with_ipv6)
    started_at = clock.now()
    asking = Discovery(servers, os.urandom, started_at)
    answered: set[Address] = set()
    heard = asyncio.Event()

    def take(burst: list[Received]) -> None:
        for data, sender in burst:
            asking.receive(data, sender, clock.now())
            if sender in servers:
                answered.add(sender)
        heard.set()

    ours.listen(take)
    try:
        while servers:
            asking.wake(clock.now())
            for data, server in asking.datagrams():
                ours.send([data], server)
            # After a round the next one is due REFRESH_S later.
            if asking.wake_at is None or asking.wake_at >= started_at + REFRESH_S:
                break
            heard.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, asking.wake_at - clock.now())):
                    await heard.wait()
    finally:
        ours.close()
    mapping = asking.mapping if answered else PortMapping.SILENT
    return Discovered(mapping, asking.address, len(offer.udp_ports), len(answered))


async def try_router(worker: RouterWorker) -> Address:
    """Have the router open a port for a moment; return where. Raises RouterRefused."""
    port = _FIRST_FREE_PORT + secrets.randbelow(_FREE_PORTS)
    opened = worker.open(Opening(port, port, TRIED_LEASE_S))
    try:
        address = await asyncio.wrap_future(opened)
    finally:
        given_back = worker.give_back(opened)
    await asyncio.wrap_future(given_back)
    return address


async def _knock(address: str, port: int) -> Hindrance | None:
    """Return what keeps us from one address, None for nothing."""
    try:
        async with asyncio.timeout(KNOCK_S):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return Hindrance.PORT_SILENT
    except ConnectionRefusedError:
        return Hindrance.PORT_REFUSED
    except OSError:
        return Hindrance.PORT_UNREACHABLE
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return None
