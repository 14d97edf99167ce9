"""Single questions to real networks: names, ports, UDP, proxies, a router in memory."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import Unreachable
from ezp2p.link.outbound import Proxy, ProxyKind
from ezp2p.link.probes import discover, find, knock, knock_through, own_addresses, try_router
from ezp2p.link.router import RouterWorker
from ezp2p.nat.route import Address
from ezp2p.nat.upnp import RouterRefused
from ezp2p.wire.keys import ErrorKey, Hindrance, PortMapping
from ezp2p.wire.signalling import DiscoveryOffer
from tests.support.proxy import http_proxy, needs_proxies, socks_proxy
from tests.support.rendezvous import running_rendezvous

LOOPBACK = "127.0.0.1"
PATIENCE_S = 10.0


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        yield taken.getsockname()[1]


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue is full: the kernel answers no more, as a firewall that drops."""
    with socket.create_server((LOOPBACK, 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex((LOOPBACK, port))
        yield port
        for each in waiting:
            each.close()


# --- names


async def test_name_leads_to_addresses() -> None:
    assert LOOPBACK in await find("localhost")


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_impossible_name_is_unknown(host: str) -> None:
    with pytest.raises(Unreachable) as failed:
        await find(host)
    assert failed.value.key == Hindrance.NAME_UNKNOWN
    assert failed.value.fields["host"] == host


def test_own_addresses_are_no_loopback() -> None:
    assert not {LOOPBACK, "::1"} & set(own_addresses())


# --- ports


async def test_open_port_is_opened_by_the_first_address_that_takes_it() -> None:
    async with running_rendezvous() as server:
        assert await knock("localhost", server.port, ["::1", LOOPBACK]) == LOOPBACK


async def failure(port: int) -> Unreachable:
    with pytest.raises(Unreachable) as failed:
        await knock("help.company.kr", port, [LOOPBACK])
    assert failed.value.fields == {"host": "help.company.kr", "port": port}
    return failed.value


async def test_closed_port_refuses(closed_port: int) -> None:
    assert (await failure(closed_port)).key == Hindrance.PORT_REFUSED


@pytest.mark.slow
async def test_port_that_never_answers_is_silent(deaf_port: int) -> None:
    assert (await failure(deaf_port)).key == Hindrance.PORT_SILENT


async def test_refusal_says_more_than_silence_or_no_way(closed_port: int) -> None:
    with pytest.raises(Unreachable, match=Hindrance.PORT_REFUSED):
        await knock("help.company.kr", closed_port, ["255.255.255.255", LOOPBACK])
    with pytest.raises(Unreachable, match=Hindrance.PORT_UNREACHABLE):
        await knock("help.company.kr", closed_port, ["255.255.255.255"])


@needs_proxies
async def test_port_is_opened_through_a_proxy(tmp_path: Path, closed_port: int) -> None:
    with http_proxy(tmp_path) as http, socks_proxy(tmp_path) as socks:
        for kind, port in ((ProxyKind.HTTP, http.port), (ProxyKind.SOCKS5, socks.port)):
            proxy = Proxy(kind, LOOPBACK, port)
            async with running_rendezvous() as server:
                await knock_through(proxy, LOOPBACK, server.port)
            with pytest.raises(Unreachable, match=ErrorKey.PROXY_REFUSED):
                await knock_through(proxy, LOOPBACK, closed_port)


async def test_proxy_that_is_not_there_is_the_cause(closed_port: int) -> None:
    for kind in ProxyKind:
        with pytest.raises(Unreachable, match=ErrorKey.PROXY_UNREACHABLE):
            await knock_through(Proxy(kind, LOOPBACK, closed_port), LOOPBACK, closed_port)


# --- UDP


async def test_both_ports_of_a_server_tell_our_address() -> None:
    async with running_rendezvous(discovery_port=0) as server:
        offer = DiscoveryOffer(host=LOOPBACK, udp_ports=list(server.started.discovery_ports))
        seen = await discover(offer, SystemClock())
    assert (seen.mapping, seen.asked, seen.answered) == (PortMapping.STEADY, 2, 2)
    assert seen.address is not None
    assert seen.address.host == LOOPBACK


async def test_port_that_says_nothing_leaves_the_kind_of_network_unknown() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((LOOPBACK, 0))
        async with running_rendezvous() as server:
            ports = [server.started.discovery_ports[0], deaf.getsockname()[1]]
            half = await discover(DiscoveryOffer(host=LOOPBACK, udp_ports=ports), SystemClock())
        silent = await discover(DiscoveryOffer(host=LOOPBACK, udp_ports=ports[1:]), SystemClock())
    assert (half.mapping, half.answered) == (PortMapping.UNKNOWN, 1)
    assert (silent.mapping, silent.address, silent.answered) == (PortMapping.SILENT, None, 0)


async def test_network_that_draws_a_port_for_each_destination_is_seen() -> None:
    async with running_rendezvous() as server, translated(server.started.udp_port) as port:
        offer = DiscoveryOffer(host=LOOPBACK, udp_ports=[server.started.udp_port, port])
        seen = await discover(offer, SystemClock())
    assert (seen.mapping, seen.answered) == (PortMapping.VARYING, 2)


async def test_server_whose_name_leads_nowhere_is_silent() -> None:
    offer = DiscoveryOffer(host="a..example", udp_ports=[3000, 3001])
    seen = await discover(offer, SystemClock())
    assert (seen.mapping, seen.asked, seen.answered) == (PortMapping.SILENT, 2, 0)


@asynccontextmanager
async def translated(to_port: int) -> AsyncIterator[int]:
    """A port whose datagrams come to `to_port` from another one, as a router would send them."""
    inner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inner.bind((LOOPBACK, 0))
    inner.settimeout(PATIENCE_S)
    outer.settimeout(PATIENCE_S)

    def pass_one_on() -> None:
        question, asker = inner.recvfrom(2000)
        outer.sendto(question, (LOOPBACK, to_port))
        inner.sendto(outer.recv(2000), asker)

    router = threading.Thread(target=pass_one_on)
    router.start()
    try:
        yield inner.getsockname()[1]
    finally:
        router.join()
        inner.close()
        outer.close()


# --- a router


class MemoryRouter:
    """Opens everything, or nothing."""

    def __init__(self, outside: str | None) -> None:
        self.outside = outside
        self.leases: list[int] = []
        self.open_ports: set[int] = set()

    def open(self, inner_port: int, outer_port: int, lease_s: int) -> Address:
        if self.outside is None:
            raise RouterRefused("no router answers")
        self.leases.append(lease_s)
        self.open_ports.add(outer_port)
        return Address(self.outside, outer_port)

    def close(self, outer_port: int) -> None:
        self.open_ports.remove(outer_port)


async def test_router_opens_a_port_and_gets_it_back() -> None:
    router = MemoryRouter("11.22.33.10")
    address = await try_router(RouterWorker(router))
    assert address.host == "11.22.33.10"
    assert (router.leases, router.open_ports) == ([60], set())


async def test_router_that_opens_nothing_says_so() -> None:
    with pytest.raises(RouterRefused, match="no router answers"):
        await try_router(RouterWorker(MemoryRouter(None)))
