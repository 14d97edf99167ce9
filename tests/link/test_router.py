"""A link's port at the router: opened, told, given back; by a router in memory that may refuse."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from ezp2p.base.clock import SystemClock
from ezp2p.link.link import Link
from ezp2p.link.router import RouterWorker, keep_open
from ezp2p.nat.route import Address
from ezp2p.nat.upnp import RouterRefused
from ezp2p.wire.keys import EndReason, PathKind
from tests.link.pair import Terms, join

PATIENCE_S = 10
HOST = "11.22.33.10"


@dataclass
class MemoryRouter:
    """Opens what is not in `taken`; `gate` shut lets a call wait, as a slow router does."""

    taken: set[int] = field(default_factory=set)
    open_ports: dict[int, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    has_asked: threading.Event = field(default_factory=threading.Event)
    has_closed: threading.Event = field(default_factory=threading.Event)

    def open(self, inner_port: int, outer_port: int, lease_s: int) -> Address:
        self.threads.add(threading.get_ident())
        self.asked.append(outer_port)
        self.has_asked.set()
        self.gate.wait(PATIENCE_S)
        if outer_port in self.taken:
            raise RouterRefused("conflict")
        self.open_ports[outer_port] = inner_port
        return Address(HOST, outer_port)

    def close(self, outer_port: int) -> None:
        self.threads.add(threading.get_ident())
        if self.open_ports.pop(outer_port, None) is None:
            raise RouterRefused("no such port")
        self.has_closed.set()


async def stopped(task: asyncio.Task[None], router: MemoryRouter) -> None:
    """Stop keeping a port, and let the router take it back."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await asyncio.to_thread(router.has_closed.wait, PATIENCE_S)
    router.has_closed.clear()


async def lone_link() -> Link:
    """A link whose peer has not been found yet."""
    return Terms().customer()


async def test_opened_port_is_told_to_the_peer_and_given_back_at_the_end() -> None:
    router = MemoryRouter()
    router.gate.set()
    link = await lone_link()
    keeping = asyncio.create_task(keep_open(link, RouterWorker(router), SystemClock()))
    async with asyncio.timeout(PATIENCE_S):
        (offer,) = await link.next_offers()
    assert (offer.host, offer.port, offer.kind) == (HOST, link.port, PathKind.UPNP.value)
    assert router.open_ports == {link.port: link.port}
    await stopped(keeping, router)
    assert router.open_ports == {}
    assert threading.get_ident() not in router.threads
    assert len(router.threads) == 1
    await link.close(EndReason.PROGRAM_CLOSED)


async def test_taken_port_leads_to_another_one() -> None:
    link = await lone_link()
    router = MemoryRouter(taken={link.port})
    router.gate.set()
    keeping = asyncio.create_task(keep_open(link, RouterWorker(router), SystemClock()))
    async with asyncio.timeout(PATIENCE_S):
        (offer,) = await link.next_offers()
    assert offer.port != link.port
    assert router.asked == [link.port, offer.port]
    await stopped(keeping, router)
    assert router.open_ports == {}
    await link.close(EndReason.PROGRAM_CLOSED)


async def test_port_that_opens_while_the_session_ends_is_given_back_and_nobody_waits() -> None:
    router = MemoryRouter()
    link = await lone_link()
    keeping = asyncio.create_task(keep_open(link, RouterWorker(router), SystemClock()))
    await asyncio.to_thread(router.has_asked.wait, PATIENCE_S)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)  # though the router has said nothing
    assert not router.gate.is_set()
    router.gate.set()
    assert await asyncio.to_thread(router.has_closed.wait, PATIENCE_S)
    assert router.asked == [link.port]
    assert router.open_ports == {}
    await link.close(EndReason.PROGRAM_CLOSED)


async def test_port_that_waits_its_turn_is_not_opened_for_a_session_that_is_over() -> None:
    router = MemoryRouter()
    worker = RouterWorker(router)
    first, second = await lone_link(), await lone_link()
    keeping = [
        asyncio.create_task(keep_open(each, worker, SystemClock())) for each in (first, second)
    ]
    await asyncio.to_thread(router.has_asked.wait, PATIENCE_S)
    keeping[1].cancel()
    await asyncio.gather(keeping[1], return_exceptions=True)
    router.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        await first.next_offers()
    await stopped(keeping[0], router)
    assert router.asked == [first.port]
    for link in (first, second):
        await link.close(EndReason.PROGRAM_CLOSED)


async def test_two_in_one_network_open_nothing_to_the_world() -> None:
    pair = await join()
    router = MemoryRouter()
    router.gate.set()
    worker = RouterWorker(router)
    link = pair.customer.link
    other = await lone_link()
    keeping = [
        asyncio.create_task(keep_open(each, worker, SystemClock())) for each in (link, other)
    ]
    async with asyncio.timeout(PATIENCE_S):
        await other.next_offers()  # begun later, and open by now
    assert router.asked == [other.port]
    await stopped(keeping[1], router)
    keeping[0].cancel()
    await pair.close()
    await other.close(EndReason.PROGRAM_CLOSED)
