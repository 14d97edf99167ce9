"""The link's socket: datagrams by the run, out and in, and a network that complains."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from ezp2p.link.socket import BURST, Received, UdpSocket, open_socket
from ezp2p.nat.route import Address

HOST = "127.0.0.1"


class Ear:
    """Keeps the bursts that a socket hands over."""

    def __init__(self, ear: UdpSocket) -> None:
        self.bursts: list[list[Received]] = []
        self._heard = asyncio.Event()
        ear.listen(self._hear)

    def _hear(self, burst: list[Received]) -> None:
        self.bursts.append(burst)
        self._heard.set()

    async def datagrams(self, count: int) -> list[Received]:
        """Wait until so many have come, and return all."""
        while sum(map(len, self.bursts)) < count:
            await self._heard.wait()
            self._heard.clear()
        return [received for burst in self.bursts for received in burst]


@pytest.fixture
async def here() -> AsyncIterator[UdpSocket]:
    with closing(open_socket(host=HOST)) as opened:
        yield opened


@pytest.fixture
async def there() -> AsyncIterator[UdpSocket]:
    with closing(open_socket(host=HOST)) as opened:
        yield opened


@pytest.mark.parametrize("size", [1, 20, 1_200, 1_472, 8_900])
@pytest.mark.parametrize("count", [1, 2, 61, 130])
async def test_datagrams_of_a_run_arrive_each_for_itself_and_in_order(
    here: UdpSocket, there: UdpSocket, size: int, count: int
) -> None:
    ear = Ear(there)
    sent = [os.urandom(size) for _ in range(count)]
    sent.append(b"z" * max(1, size // 2))
    here.send(sent, Address(HOST, there.port))
    received = await ear.datagrams(len(sent))
    assert [data for data, _sender in received] == sent
    assert {sender for _data, sender in received} == {Address(HOST, here.port)}
    assert here.counts.datagrams_sent == there.counts.datagrams_received == len(sent)
    assert here.counts.bytes_sent == there.counts.bytes_received == sum(map(len, sent))


async def test_what_has_come_meanwhile_is_handed_over_together(
    here: UdpSocket, there: UdpSocket
) -> None:
    ear = Ear(there)
    here.send([b"x" * 1_000] * (BURST // 2), Address(HOST, there.port))
    here.send([b"y" * 500] * (BURST // 4), Address(HOST, there.port))
    await ear.datagrams(BURST // 2 + BURST // 4)
    assert len(ear.bursts) == 1


async def test_senders_and_sizes_are_told_apart(here: UdpSocket, there: UdpSocket) -> None:
    ear = Ear(there)
    with closing(open_socket(host=HOST)) as other:
        words = [(here, b"aaa"), (other, b"bbb"), (here, b"c"), (other, b"dddd"), (here, b"eee")]
        for mouth, word in words:
            mouth.send([word], Address(HOST, there.port))
        received = await ear.datagrams(len(words))
        expected = [(word, Address(HOST, mouth.port)) for mouth, word in words]
        assert received == expected


async def test_empty_datagrams_are_passed_over(here: UdpSocket, there: UdpSocket) -> None:
    ear = Ear(there)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"", (HOST, there.port))
        stranger.sendto(b"word", (HOST, there.port))
    received = await ear.datagrams(1)
    assert [data for data, _sender in received] == [b"word"]


async def test_nobody_at_home_at_one_address_hinders_nothing_at_another(
    here: UdpSocket, there: UdpSocket
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind((HOST, 0))
        empty: int = gone.getsockname()[1]
    ear = Ear(here)
    for _ in range(5):
        here.send([b"anybody?"] * 3, Address(HOST, empty))
        there.send([b"me"], Address(HOST, here.port))
    received = await ear.datagrams(5)
    assert [data for data, _sender in received] == [b"me"] * 5


async def test_datagram_longer_than_any_of_ours_arrives_whole(
    here: UdpSocket, there: UdpSocket
) -> None:
    ear = Ear(there)
    long = os.urandom(60_000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(long, (HOST, there.port))
    assert (await ear.datagrams(1))[0][0] == long
