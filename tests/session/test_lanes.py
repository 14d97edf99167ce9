"""Two ends of a session agree on a bulk lane, or on doing without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ezp2p.link.certificate import Identity, make_identity
from ezp2p.link.lane import Lane, LaneTls
from ezp2p.session.lanes import MAX_UNTAKEN, LaneMessage, Lanes
from ezp2p.wire.messages.session import AskLane, LaneMissed, LaneOffer

HERE = "127.0.0.1"
# Class E: no machine of ours has a route there, so that calling fails at once, as by a firewall.
NOWHERE = "240.0.0.1"
IDENTITY = make_identity()


@dataclass
class Neighbour:
    """One end's link, as far as lanes go."""

    identity: Identity | None
    lane_host: str | None = HERE

    @property
    def is_customer(self) -> bool:
        return self.identity is not None

    def lane_tls(self) -> LaneTls:
        return LaneTls(identity=self.identity, pinned_der=IDENTITY.der)


@dataclass
class Street:
    """Both ends; what one says the other hears, one turn of the loop later."""

    group: asyncio.TaskGroup
    customers_link: Neighbour = field(default_factory=lambda: Neighbour(IDENTITY))
    counselors_link: Neighbour = field(default_factory=lambda: Neighbour(None))
    said: list[LaneMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.customer = Lanes(self.customers_link, self._to_counselor, self.group.create_task)
        self.counselor = Lanes(self.counselors_link, self._to_customer, self.group.create_task)

    def _to_counselor(self, message: LaneMessage) -> None:
        self.said.append(message)
        asyncio.get_running_loop().call_soon(lambda: self.counselor.hear(message))

    def _to_customer(self, message: LaneMessage) -> None:
        self.said.append(message)
        asyncio.get_running_loop().call_soon(lambda: self.customer.hear(message))


@asynccontextmanager
async def street() -> AsyncIterator[Street]:
    async with asyncio.TaskGroup() as group:
        made = Street(group)
        yield made
        made.customer.close()
        made.counselor.close()


async def carry(sender: Lane, receiver: Lane) -> None:
    """Something goes from one end to the other."""
    buffer = memoryview(bytearray(5))

    def send_and_receive() -> int:
        sender.send(b"bytes")
        return receiver.receive_into(buffer)

    assert await asyncio.to_thread(send_and_receive) == 5
    assert bytes(buffer) == b"bytes"


@pytest.mark.parametrize("opener", ["customer", "counselor"])
async def test_either_end_opens_a_lane_and_the_other_takes_it_by_its_number(opener: str) -> None:
    async with street() as both:
        ends = both.customer, both.counselor
        here, there = ends if opener == "customer" else reversed(ends)
        opened = await here.open()
        assert opened is not None
        number, lane = opened
        taken = await there.take(number)
        await carry(lane, taken)
        await carry(taken, lane)


async def test_end_whose_firewall_lets_nobody_in_asks_the_other_to_listen() -> None:
    async with street() as both:
        both.counselors_link.lane_host = NOWHERE
        opened = await both.customer.open()
        assert opened is not None
        number, lane = opened
        await carry(lane, await both.counselor.take(number))
        kinds = [type(message) for message in both.said]
        assert kinds == [LaneOffer, LaneMissed, AskLane, LaneOffer]


async def test_without_a_way_there_is_no_lane_and_both_know() -> None:
    async with street() as both:
        both.counselors_link.lane_host = both.customers_link.lane_host = NOWHERE
        assert await both.customer.open() is None


async def test_beyond_the_lan_nothing_is_even_offered() -> None:
    async with street() as both:
        both.customers_link.lane_host = None
        assert await both.customer.open() is None
        assert both.said == []


async def test_lanes_opened_at_the_same_time_are_told_apart() -> None:
    async with street() as both:
        numbers = set()
        for opened in await asyncio.gather(both.customer.open(), both.counselor.open()):
            assert opened is not None
            numbers.add(opened[0])
        assert len(numbers) == 2


async def test_end_that_offers_without_end_is_served_a_few_times_only() -> None:
    async with street() as both:
        for number in range(MAX_UNTAKEN):
            assert await both.customer.open() is not None, number
        assert await both.customer.open() is None


async def test_end_of_the_session_closes_what_is_open_and_stops_what_waits() -> None:
    async with street() as both:
        opened = await both.customer.open()
        assert opened is not None
        waiting = asyncio.create_task(both.counselor.take(4444))
        await asyncio.sleep(0)
        both.counselor.close()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
        assert await both.counselor.open() is None
