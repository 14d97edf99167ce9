"""A link by the relay's WebSocket: opened on the port that answers, through proxies, and again."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from ezp2p.link.events import LinkClosed, LinkReady, PathChanged
from ezp2p.link.outbound import DIRECT, Outbound, Proxy, ProxyKind
from ezp2p.rendezvous.config import Opening
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import EndReason, PathKind, Role
from ezp2p.wire.signalling import RelayPort
from tests.link.pair import Listener, Pair, Terms
from tests.support.proxy import http_proxy, needs_proxies, socks_proxy
from tests.support.relays import CallAtRelay
from tests.support.rendezvous import RunningRendezvous, running_rendezvous
from tests.support.signal_server import self_signed, signal_server, talking


@asynccontextmanager
async def pair_of_links() -> AsyncIterator[Pair]:
    terms = Terms()
    pair = Pair(Listener(terms.customer()), Listener(terms.counselor()))
    try:
        yield pair
    finally:
        await pair.close()


def by_tube(
    pair: Pair,
    call: CallAtRelay,
    ports: list[RelayPort] | None = None,
    outbound: Outbound = DIRECT,
    pin: str | None = None,
) -> None:
    pair.customer.link.add_tube(call.offer(Role.CUSTOMER, ports), pin, outbound)
    pair.counselor.link.add_tube(call.offer(Role.COUNSELOR, ports), pin, outbound)


async def by_udp(listener: Listener, call: CallAtRelay, role: Role) -> None:
    offer = call.offer(role)
    await listener.link.add_relay(offer.host, offer.udp_port, offer.ticket)


async def ready(pair: Pair) -> None:
    async with asyncio.timeout(30):
        await pair.customer.next(LinkReady)
        await pair.counselor.next(LinkReady)


async def exchange(pair: Pair, size_bytes: int = 300_000) -> None:
    """Send a picture one way and a click the other."""
    picture = os.urandom(size_bytes)
    pair.customer.link.send(Channel.SCREEN, picture)
    pair.counselor.link.send(Channel.INPUT, b"click")
    async with asyncio.timeout(60):
        assert await pair.customer.message(Channel.INPUT) == b"click"
        got = await pair.counselor.message(Channel.SCREEN)
    assert hashlib.sha256(got).digest() == hashlib.sha256(picture).digest()


async def test_link_works_by_websocket_alone() -> None:
    async with running_rendezvous() as server, pair_of_links() as pair:
        by_tube(pair, CallAtRelay(server))
        await ready(pair)
        for _ in range(3):
            await exchange(pair, 1_000_000)
        changed = await pair.customer.next(PathChanged)
        assert (changed.kind, changed.address.port) == (PathKind.RELAY_WS, server.port)
        assert pair.counselor.link.counts.bytes_received > 3_000_000


async def test_link_works_by_tls_with_the_pin_of_the_link(tmp_path: Path) -> None:
    _, pin = self_signed(tmp_path)
    certificate = tmp_path / "server.pem"
    async with running_rendezvous(tls_cert=certificate) as server, pair_of_links() as pair:
        by_tube(pair, CallAtRelay(server), pin=pin)
        await ready(pair)
        await exchange(pair)


async def test_certificate_nobody_vouches_for_carries_nothing(tmp_path: Path) -> None:
    self_signed(tmp_path)
    certificate = tmp_path / "server.pem"
    async with (
        running_rendezvous(
            tls_cert=certificate, listen=(Opening("127.0.0.1", 0, False),)
        ) as server,
        pair_of_links() as pair,
    ):
        by_tube(pair, CallAtRelay(server))
        await ready(pair)
        plain = server.started.ports[1]
        assert (await pair.customer.next(PathChanged)).address.port == plain.port


async def test_one_end_by_udp_and_one_by_websocket_meet() -> None:
    async with running_rendezvous() as server, pair_of_links() as pair:
        call = CallAtRelay(server)
        await by_udp(pair.customer, call, Role.CUSTOMER)
        pair.counselor.link.add_tube(call.offer(Role.COUNSELOR), None, DIRECT)
        await ready(pair)
        await exchange(pair)
        assert (await pair.customer.next(PathChanged)).kind is PathKind.RELAY_UDP
        assert (await pair.counselor.next(PathChanged)).kind is PathKind.RELAY_WS


async def test_link_moves_up_from_websocket_to_udp() -> None:
    async with running_rendezvous() as server, pair_of_links() as pair:
        call = CallAtRelay(server)
        by_tube(pair, call)
        await ready(pair)
        for listener, role in ((pair.customer, Role.CUSTOMER), (pair.counselor, Role.COUNSELOR)):
            await by_udp(listener, call, role)
        for listener in (pair.customer, pair.counselor):
            assert (await listener.next(PathChanged)).kind is PathKind.RELAY_WS
            assert (await listener.next(PathChanged)).kind is PathKind.RELAY_UDP
        await exchange(pair)


async def test_port_that_answers_is_used_whatever_the_others_do() -> None:
    """One refuses, one accepts and says nothing, one speaks something else."""
    with socket.create_server(("127.0.0.1", 0)) as mute, socket.socket() as shut:
        shut.bind(("127.0.0.1", 0))

        async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            await writer.drain()
            writer.close()

        async with (
            await asyncio.start_server(talk, "127.0.0.1", 0) as other,
            running_rendezvous() as server,
            pair_of_links() as pair,
        ):
            numbers = [
                shut.getsockname()[1],
                mute.getsockname()[1],
                other.sockets[0].getsockname()[1],
                server.port,
            ]
            by_tube(pair, CallAtRelay(server), [RelayPort(port=n, tls=False) for n in numbers])
            await ready(pair)
            assert (await pair.customer.next(PathChanged)).address.port == server.port


async def test_port_where_something_else_opens_websockets_is_left_for_the_next() -> None:
    async def swallow(ws: web.WebSocketResponse) -> None:
        async for _ in ws:
            pass

    async with (
        signal_server(talking(swallow)) as impostor,
        running_rendezvous() as server,
        pair_of_links() as pair,
    ):
        numbers = [impostor.address.port, server.port]
        by_tube(pair, CallAtRelay(server), [RelayPort(port=n, tls=False) for n in numbers])
        await ready(pair)
        assert (await pair.customer.next(PathChanged)).address.port == server.port
        assert len(impostor.requests) == 2  # one of each end


async def test_only_chosen_ports_are_tried() -> None:
    more = (Opening("127.0.0.1", 0, False),)
    async with running_rendezvous(listen=more) as server, pair_of_links() as pair:
        chosen = server.started.ports[1].port
        by_tube(pair, CallAtRelay(server), outbound=Outbound(relay_ports=(chosen,)))
        await ready(pair)
        assert (await pair.customer.next(PathChanged)).address.port == chosen


@needs_proxies
@pytest.mark.parametrize("kind", list(ProxyKind))
async def test_link_goes_through_a_proxy_that_asks_for_a_password(
    tmp_path: Path, kind: ProxyKind
) -> None:
    open_proxy = http_proxy if kind is ProxyKind.HTTP else socks_proxy
    with open_proxy(tmp_path, "kim", "secret") as proxy:
        async with running_rendezvous() as server, pair_of_links() as pair:
            way = Proxy(kind, "127.0.0.1", proxy.port, "kim", "secret")
            by_tube(pair, CallAtRelay(server), outbound=Outbound(proxy=way))
            await ready(pair)
            await exchange(pair)
    assert f"127.0.0.1:{server.port}" in proxy.log


async def test_link_goes_on_after_the_relay_was_restarted(tmp_path: Path) -> None:
    async with pair_of_links() as pair:
        async with running_rendezvous(tmp_path) as server:
            by_tube(pair, CallAtRelay(server))
            await ready(pair)
            await exchange(pair)
        pair.customer.link.send(Channel.CHAT, b"meanwhile")
        async with (
            running_rendezvous(tmp_path, port=server.port, udp_port=server.started.udp_port),
            asyncio.timeout(60),
        ):
            assert await pair.counselor.message(Channel.CHAT) == b"meanwhile"
            await exchange(pair)


async def test_link_goes_on_when_its_connections_die_without_a_word() -> None:
    """As after a change of network: nothing comes, and no end is told."""
    async with running_rendezvous() as server, pair_of_links() as pair, Pipe.to(server) as pipe:
        by_tube(pair, CallAtRelay(server), [RelayPort(port=pipe.port, tls=False)])
        await ready(pair)
        await exchange(pair)
        opened = pipe.opened
        pipe.freeze()
        pair.customer.link.send(Channel.CHAT, b"still there?")
        async with asyncio.timeout(60):
            assert await pair.counselor.message(Channel.CHAT) == b"still there?"
        assert pipe.opened > opened


@pytest.mark.parametrize("kind", [PathKind.RELAY_UDP, PathKind.RELAY_WS])
async def test_link_outlives_its_ticket_by_the_relays_own(kind: PathKind) -> None:
    async with running_rendezvous() as server, pair_of_links() as pair:
        # So little that the first refresh finds it half spent.
        call = CallAtRelay(server, budget_bytes=2_000_000)
        if kind is PathKind.RELAY_WS:
            by_tube(pair, call)
        else:
            await by_udp(pair.customer, call, Role.CUSTOMER)
            await by_udp(pair.counselor, call, Role.COUNSELOR)
        await ready(pair)
        await exchange(pair, 1_200_000)
        for _ in range(4):
            await exchange(pair, 1_000_000)


async def test_closing_one_end_tells_the_other_by_the_tube() -> None:
    async with running_rendezvous() as server, pair_of_links() as pair:
        by_tube(pair, CallAtRelay(server))
        await ready(pair)
        await pair.customer.link.close(EndReason.CUSTOMER_ENDED)
        closed = await pair.counselor.next(LinkClosed)
        assert closed == LinkClosed(EndReason.CUSTOMER_ENDED, by_peer=True)


async def test_relay_that_is_no_relay_is_tried_again_and_harms_nothing() -> None:
    async with running_rendezvous() as server, pair_of_links() as pair:
        call = CallAtRelay(server)
        for host in ("127.0.0.1", "no such host", "999.1.1.1", "[", "a/b?c#d"):
            offer = call.offer(Role.CUSTOMER)
            ports = [RelayPort(port=9, tls=True)]
            bad = type(offer)(host=host, udp_port=9, ticket=b"x", ports=ports)
            pair.customer.link.add_tube(bad, None, DIRECT)
        for listener, role in ((pair.customer, Role.CUSTOMER), (pair.counselor, Role.COUNSELOR)):
            await by_udp(listener, call, role)
        await ready(pair)
        await exchange(pair)


class Pipe:
    """A TCP port that leads to a server, and whose connections can be frozen."""

    def __init__(self) -> None:
        self.port = 0
        self.opened = 0
        self._live: set[asyncio.Event] = set()

    @classmethod
    @asynccontextmanager
    async def to(cls, server: RunningRendezvous) -> AsyncIterator[Pipe]:
        pipe = cls()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            pipe.opened += 1
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server.port)
            frozen = asyncio.Event()
            pipe._live.add(frozen)
            ways = (
                asyncio.create_task(_carry(reader, far_writer, frozen)),
                asyncio.create_task(_carry(far_reader, writer, frozen)),
            )
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in (writer, far_writer):
                each.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
            pipe.port = listening.sockets[0].getsockname()[1]
            yield pipe

    def freeze(self) -> None:
        """Let nothing through any more on the connections there are."""
        for frozen in self._live:
            frozen.set()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frozen: asyncio.Event
) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            if not frozen.is_set():
                writer.write(data)
                await writer.drain()
