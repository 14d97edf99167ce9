"""The relay's WebSockets, at a real server: who gets in, what is carried, what is dropped."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ezp2p.base.clock import SystemClock
from ezp2p.rendezvous.config import Limits
from ezp2p.rendezvous.folder import relay_key
from ezp2p.rendezvous.tickets import RelayAddress, Ticket, sign_ticket
from ezp2p.wire.datagram import (
    COOKIE_BYTES,
    RELAY_BIND,
    RELAY_BIND_MIN_BYTES,
    RELAY_BOUND,
    RELAYED,
    TUBE_MESSAGE_BYTES,
    TUBE_QUEUE_BYTES,
    TUBE_ROUTE,
    pack,
    unpack,
)
from ezp2p.wire.keys import Role
from tests.support.rendezvous import RunningRendezvous, running_rendezvous

PATIENCE_S = 10
HASTY = Limits(header_timeout_s=0.2)
(HELLO,) = pack([b"hello"])


@dataclass
class Office:
    """A running server, and what its rendezvous would sign."""

    server: RunningRendezvous
    key: Ed25519PrivateKey
    http: aiohttp.ClientSession
    opened: list[aiohttp.ClientWebSocketResponse] = field(default_factory=list)

    def ticket(self, role: Role = Role.CUSTOMER, **changed: Any) -> bytes:
        """Return a good ticket, but for what is changed."""
        relay = RelayAddress("127.0.0.1", self.server.started.udp_port)
        good = Ticket(bytes(16), role, relay.id, int(SystemClock().wall()) + 3600, 2**30)
        return sign_ticket(replace(good, **changed), self.key)

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket and show nothing."""
        ws = await self.http.ws_connect(self.server.url + TUBE_ROUTE)
        self.opened.append(ws)
        return ws

    async def join(self, role: Role, **changed: Any) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket and take the seat."""
        ws = await self.connect()
        await ws.send_bytes(bytes((RELAY_BIND,)) + self.ticket(role, **changed))
        bound = await ws.receive_bytes(timeout=PATIENCE_S)
        assert bound[0] == RELAY_BOUND
        return ws


@asynccontextmanager
async def running_office(limits: Limits | None = None) -> AsyncIterator[Office]:
    async with (
        running_rendezvous(limits=limits) as server,
        aiohttp.ClientSession() as http,
    ):
        office = Office(server, relay_key(server.config.data), http)
        yield office
        await asyncio.gather(*(ws.close() for ws in office.opened))


async def ending(ws: aiohttp.ClientWebSocketResponse) -> int | None:
    """Return the code with which the server closes it."""
    while (await ws.receive(timeout=PATIENCE_S)).type is WSMsgType.BINARY:
        pass
    return ws.close_code


async def test_two_ends_with_tickets_exchange_messages() -> None:
    async with running_office() as office:
        customer, counselor = await office.join(Role.CUSTOMER), await office.join(Role.COUNSELOR)
        for number in range(200):
            (message,) = pack([b"%d" % number, os.urandom(1200)])
            await customer.send_bytes(message)
            assert await counselor.receive_bytes(timeout=PATIENCE_S) == message
        await counselor.send_bytes(HELLO)
        assert await customer.receive_bytes(timeout=PATIENCE_S) == HELLO


async def test_one_end_by_udp_meets_the_other_by_websocket() -> None:
    async with running_office() as office:
        customer = await office.join(Role.CUSTOMER)
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setblocking(False)
            udp.connect(("127.0.0.1", office.server.started.udp_port))

            async def hear() -> bytes:
                return await asyncio.wait_for(loop.sock_recv(udp, 2048), PATIENCE_S)

            def bind(cookie: bytes) -> bytes:
                whole = bytes((RELAY_BIND,)) + cookie + office.ticket(Role.COUNSELOR)
                return whole.ljust(RELAY_BIND_MIN_BYTES, b"\0")

            await loop.sock_sendall(udp, bind(bytes(COOKIE_BYTES)))
            await loop.sock_sendall(udp, bind((await hear())[1:]))
            header = bytes((RELAYED,)) + (await hear())[1:9]
            await customer.send_bytes(b"".join(pack([b"one", b"two"])))
            assert [await hear(), await hear()] == [header + b"one", header + b"two"]
            for data in (b"three", b"four"):
                udp.send(header + data)
            heard: list[bytes] = []
            while len(heard) < 2:
                heard += unpack(await customer.receive_bytes(timeout=PATIENCE_S))
            assert heard == [b"three", b"four"]


async def test_third_with_a_good_ticket_of_another_call_hears_nothing() -> None:
    async with running_office() as office:
        customer, counselor = await office.join(Role.CUSTOMER), await office.join(Role.COUNSELOR)
        eve = await office.join(Role.COUNSELOR, call=os.urandom(16))
        await eve.send_bytes(HELLO)
        await customer.send_bytes(HELLO)
        assert await counselor.receive_bytes(timeout=PATIENCE_S) == HELLO
        await counselor.send_bytes(b"".join(pack([b"last"])))
        assert list(unpack(await customer.receive_bytes(timeout=PATIENCE_S))) == [b"last"]
        await eve.close()
        assert (await eve.receive()).type is WSMsgType.CLOSED


@pytest.mark.parametrize(
    "changed",
    [
        {"expires_at": 1},
        {"relay": RelayAddress("elsewhere.test", 3000).id},
        {"call": bytes(15) + b"\x01"},
    ],
    ids=["expired", "for another relay", "altered"],
)
async def test_ticket_that_is_not_genuine_ends_the_connection(changed: dict[str, Any]) -> None:
    async with running_office() as office:
        ticket = office.ticket(**changed)
        if "call" in changed:
            ticket = ticket[:1] + bytes(16) + ticket[17:]
        ws = await office.connect()
        await ws.send_bytes(bytes((RELAY_BIND,)) + ticket)
        assert await ending(ws) == WSCloseCode.POLICY_VIOLATION


@pytest.mark.parametrize(
    "first", [b"", HELLO, bytes((RELAY_BIND,)), b"\x40quic", b"\x04" + bytes(200), "text"]
)
async def test_first_message_without_a_ticket_ends_the_connection(first: bytes | str) -> None:
    async with running_office() as office:
        ws = await office.connect()
        await (ws.send_str(first) if isinstance(first, str) else ws.send_bytes(first))
        assert await ending(ws) == WSCloseCode.POLICY_VIOLATION


async def test_silence_instead_of_a_ticket_ends_the_connection() -> None:
    async with running_office(HASTY) as office:
        assert await ending(await office.connect()) == WSCloseCode.POLICY_VIOLATION


async def test_message_beyond_the_limit_ends_the_connection_and_one_at_it_passes() -> None:
    async with running_office() as office:
        customer, counselor = await office.join(Role.CUSTOMER), await office.join(Role.COUNSELOR)
        largest = bytes((RELAYED,)) + bytes(TUBE_MESSAGE_BYTES - 1)
        await customer.send_bytes(largest)
        assert await counselor.receive_bytes(timeout=PATIENCE_S) == largest
        await customer.send_bytes(largest + b"\0")
        assert await ending(customer) == WSCloseCode.MESSAGE_TOO_BIG


async def test_words_of_no_meaning_after_the_ticket_end_the_connection() -> None:
    async with running_office() as office:
        for word in (b"\x05cookie", b"\x04" + bytes(106), b"\x10ping"):
            ws = await office.join(Role.CUSTOMER, call=os.urandom(16))
            await ws.send_bytes(word)
            assert await ending(ws) == WSCloseCode.POLICY_VIOLATION


async def test_spent_budget_carries_nothing_more_one_way() -> None:
    async with running_office() as office:
        customer = await office.join(Role.CUSTOMER, budget_bytes=20 * len(HELLO))
        counselor = await office.join(Role.COUNSELOR)
        for _ in range(30):
            await customer.send_bytes(HELLO)
        for _ in range(20):
            assert await counselor.receive_bytes(timeout=PATIENCE_S) == HELLO
        await counselor.send_bytes(HELLO)
        assert await customer.receive_bytes(timeout=PATIENCE_S) == HELLO
        # All of the customer's has gone through by now; what comes next is the end.
        await counselor.send_bytes(b"nonsense")
        assert (await counselor.receive(timeout=PATIENCE_S)).type is WSMsgType.CLOSE


async def test_reader_that_does_not_read_loses_messages_and_costs_no_memory() -> None:
    async with running_office() as office:
        customer = await office.join(Role.CUSTOMER)
        counselor = await office.connect()
        await counselor.send_bytes(bytes((RELAY_BIND,)) + office.ticket(Role.COUNSELOR))
        await counselor.receive_bytes(timeout=PATIENCE_S)
        sent = 2000
        message = bytes((RELAYED,)) + os.urandom(TUBE_MESSAGE_BYTES - 1)
        for _ in range(sent):  # 32 MB
            await customer.send_bytes(message)
        await customer.send_bytes(bytes((RELAY_BIND,)) + office.ticket(Role.CUSTOMER))
        assert (await customer.receive_bytes(timeout=PATIENCE_S))[0] == RELAY_BOUND
        await counselor.send_bytes(HELLO)
        assert await customer.receive_bytes(timeout=PATIENCE_S) == HELLO
        heard = 0
        await customer.send_bytes(HELLO)
        while (got := await counselor.receive_bytes(timeout=PATIENCE_S)) != HELLO:
            assert got == message
            heard += 1
            await customer.send_bytes(HELLO)  # lost, too, while there is no room
        # What the kernels hold on loopback comes through, and our own 64 KiB.
        assert 0 < heard < sent - TUBE_QUEUE_BYTES // TUBE_MESSAGE_BYTES


async def test_flood_of_one_pair_does_not_keep_another_from_talking() -> None:
    async with running_office() as office:
        loud, ear = await office.join(Role.CUSTOMER), await office.join(Role.COUNSELOR)
        call = os.urandom(16)
        customer = await office.join(Role.CUSTOMER, call=call)
        counselor = await office.join(Role.COUNSELOR, call=call)
        message = bytes((RELAYED,)) + bytes(TUBE_MESSAGE_BYTES - 1)

        async def flood() -> None:
            while True:
                await loud.send_bytes(message)
                await asyncio.sleep(0)

        flooding = asyncio.create_task(flood())
        for _ in range(50):
            await customer.send_bytes(HELLO)
            assert await counselor.receive_bytes(timeout=PATIENCE_S) == HELLO
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        assert not ear.closed


async def test_connections_of_one_address_are_counted_and_freed() -> None:
    async with running_office(Limits(tubes_per_address=2)) as office:
        held = [await office.connect() for _ in range(2)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await office.connect()
        assert refused.value.status == 503
        await held[0].close()
        while True:  # until the server has seen it go
            try:
                await office.join(Role.CUSTOMER)
            except aiohttp.WSServerHandshakeError:
                continue
            break


async def test_foreign_page_cannot_open_one() -> None:
    async with running_office() as office:
        asked = {"Origin": "https://evil.example", "Upgrade": "websocket"}
        async with office.http.get(office.server.url + TUBE_ROUTE, headers=asked) as answer:
            assert answer.status == 403


async def test_seat_of_an_end_that_left_is_free_at_once() -> None:
    async with running_office() as office:
        counselor = await office.join(Role.COUNSELOR)
        first = await office.join(Role.CUSTOMER)
        await first.close()
        second = await office.join(Role.CUSTOMER)
        await second.send_bytes(HELLO)
        assert await counselor.receive_bytes(timeout=PATIENCE_S) == HELLO


async def test_closing_server_says_good_bye() -> None:
    async with running_office() as office:
        ws = await office.join(Role.CUSTOMER)
        closing = asyncio.create_task(office.server.rendezvous.close())
        assert await ending(ws) == WSCloseCode.GOING_AWAY
        await closing
