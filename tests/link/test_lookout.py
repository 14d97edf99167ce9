"""A UDP port that finds out how it may be reached before anybody talks over it."""

from __future__ import annotations

import asyncio

import pytest

from ezp2p.base.clock import SystemClock
from ezp2p.link.lookout import Lookout, Ways, find_host
from ezp2p.link.socket import open_socket
from ezp2p.nat.route import Address
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import EndReason, PathKind, PortMapping
from tests.link.pair import Terms
from tests.support.rendezvous import running_rendezvous

PATIENCE_S = 10


async def test_port_learns_from_the_server_how_the_world_sees_it() -> None:
    async with running_rendezvous(discovery_port=0) as server:
        lookout = Lookout(Ways(), SystemClock())
        ports = server.started.discovery_ports
        lookout.ask(await find_host("127.0.0.1", ports, with_ipv6=False))
        assert await mapping_told(lookout) is PortMapping.STEADY


async def test_forwarded_port_is_taken_if_it_is_free_and_offered_with_the_seen_host() -> None:
    probe = open_socket()
    port = probe.port
    probe.close()
    async with running_rendezvous(discovery_port=0) as server:
        first = Lookout(Ways(forwarded_port=port), SystemClock())
        second = Lookout(Ways(forwarded_port=port), SystemClock())
        assert first.socket.port == port != second.socket.port
        for lookout in (first, second):
            lookout.ask([Address("127.0.0.1", p) for p in server.started.discovery_ports])
            await mapping_told(lookout)
    forwarded = CandidateOffer("127.0.0.1", port, PathKind.FORWARDED.value)
    assert forwarded in first.reach.everything()
    assert PathKind.FORWARDED not in {offer.kind for offer in second.reach.everything()}


async def mapping_told(lookout: Lookout) -> PortMapping:
    """Let a link take the port over before the answers are read, and read them."""
    socket, reach = lookout.hand_over()
    link = Terms().customer(socket, reach=reach)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while reach.mapping is PortMapping.UNKNOWN:
                await link.next_offers()
        return reach.mapping
    finally:
        await link.close(EndReason.PROGRAM_CLOSED)


async def test_closed_lookout_gives_its_port_back() -> None:
    lookout = Lookout(Ways(), SystemClock())
    lookout.ask([Address("127.0.0.1", 9)])
    port = lookout.socket.port
    lookout.close()
    open_socket(port).close()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 300, "a..b", "a b"])
async def test_host_that_leads_nowhere_has_no_addresses(host: str) -> None:
    assert await find_host(host, [3000], with_ipv6=True) == []


async def test_host_with_both_kinds_of_address_is_asked_by_ipv4() -> None:
    assert await find_host("127.0.0.1", [3000, 3001], with_ipv6=True) == [
        Address("127.0.0.1", 3000),
        Address("127.0.0.1", 3001),
    ]
    assert await find_host("::1", [3000], with_ipv6=True) == [Address("::1", 3000)]
    assert await find_host("::1", [3000], with_ipv6=False) == []
