"""The signalling socket, as real programs use it and as strangers misuse it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sqlite3
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from ezp2p.rendezvous.config import Limits, parse_relays
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import (
    ANONYMOUS_LIMIT,
    COUNSELOR_LIMIT,
    CallArrived,
    CallEnd,
    CloseSlot,
    HangUp,
    Join,
    Joined,
    OpenSlot,
    Pass,
    Problem,
    RendezvousSays,
    SlotClosed,
    SlotOpened,
)
from tests.support.rendezvous import RunningRendezvous, running_rendezvous

PATIENCE_S = 10


class Program:
    """One end of the signalling socket."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def say(self, message: msgspec.Struct) -> None:
        await self.ws.send_str(msgspec.json.encode(message).decode())

    async def hear(self) -> Any:
        text = await asyncio.wait_for(self.ws.receive_str(), PATIENCE_S)
        return msgspec.json.decode(text, type=RendezvousSays)

    async def ends(self) -> int | None:
        """Wait until the server closes; returns its close code."""
        while True:
            received = await asyncio.wait_for(self.ws.receive(), PATIENCE_S)
            if received.type is aiohttp.WSMsgType.CLOSE:
                return int(received.data)
            if received.type is aiohttp.WSMsgType.CLOSED:
                return self.ws.close_code


@asynccontextmanager
async def customer(server: RunningRendezvous) -> AsyncIterator[Program]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.url}/api/v1/signal") as ws,
    ):
        yield Program(ws)


TEXT, TEXT_UNFINISHED, CONTINUED_UNFINISHED = 0x81, 0x01, 0x00


def frame(opcode: int, payload: bytes) -> bytes:
    """Return a WebSocket frame as a client sends it, with a mask of zeros."""
    return struct.pack("!BBH", opcode, 0x80 | 126, len(payload)) + bytes(4) + payload


@asynccontextmanager
async def upgraded(
    server: RunningRendezvous,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A customer's WebSocket byte by byte; the server must not have agreed to compression."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /api/v1/signal HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
    assert b" 101 " in head
    assert b"permessage-deflate" not in head
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@asynccontextmanager
async def counselor(server: RunningRendezvous) -> AsyncIterator[Program]:
    token = (await server.login()).token
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"{server.url}/api/v1/signal") as ws,
    ):
        yield Program(ws)


async def call(one: Program, other: Program) -> tuple[Joined, CallArrived]:
    """Open a slot and join it; returns what customer and counselor heard."""
    await one.say(OpenSlot())
    opened = await one.hear()
    assert isinstance(opened, SlotOpened)
    await other.say(Join(site="main", slot=opened.number))
    joined, arrived = await other.hear(), await one.hear()
    assert isinstance(joined, Joined)
    assert isinstance(arrived, CallArrived)
    return joined, arrived


async def test_customer_and_counselor_pass_messages_through_a_call() -> None:
    async with running_rendezvous() as server, counselor(server) as helper, customer(server) as me:
        joined, arrived = await call(helper, me)
        assert joined.call == arrived.call
        assert (joined.company, joined.counselor) == ("ezp2p", "admin")
        await me.say(Pass(call=joined.call, body=b"from the customer"))
        assert (await helper.hear()).body == b"from the customer"
        await helper.say(Pass(call=joined.call, body=bytes(10 * 1024)))
        assert (await me.hear()).body == bytes(10 * 1024)


async def test_each_end_gets_its_own_ticket_for_the_relay() -> None:
    async with running_rendezvous() as server, counselor(server) as helper, customer(server) as me:
        joined, arrived = await call(helper, me)
        (mine,), (theirs,) = joined.relays, arrived.relays
        assert mine.host == theirs.host == "127.0.0.1"
        assert mine.udp_port == theirs.udp_port == server.started.udp_port
        assert tuple(mine.ports) == tuple(theirs.ports) == server.started.ports
        assert mine.ticket != theirs.ticket


async def test_calls_are_offered_our_own_relay_and_those_that_run_apart() -> None:
    relays = parse_relays(["udp://relay.kr:3000", "https://relay.kr", "udp://second.kr:4000"])
    async with (
        running_rendezvous(relays=relays) as server,
        counselor(server) as helper,
        customer(server) as me,
    ):
        joined, arrived = await call(helper, me)
        for offers in (joined.relays, arrived.relays):
            assert [offer.host for offer in offers] == ["127.0.0.1", "relay.kr", "second.kr"]
            assert len({offer.ticket for offer in offers}) == 3


async def test_slot_is_used_up_once_the_counselor_says_they_met() -> None:
    async with running_rendezvous() as server, counselor(server) as helper, customer(server) as me:
        joined, arrived = await call(helper, me)
        await helper.say(HangUp(call=joined.call, why=CallEnd.DONE))
        assert await me.hear() == HangUp(call=joined.call, why=CallEnd.DONE)
        await me.say(Join(site="main", slot=arrived.number))
        assert await me.hear() == Problem(key=ErrorKey.CODE_EXPIRED)


async def test_second_caller_hears_that_the_slot_is_busy() -> None:
    async with (
        running_rendezvous() as server,
        counselor(server) as helper,
        customer(server) as me,
        customer(server) as late,
    ):
        _, arrived = await call(helper, me)
        await late.say(Join(site="main", slot=arrived.number))
        assert await late.hear() == Problem(key=ErrorKey.CODE_BUSY)


async def test_unknown_site_and_unknown_slot_are_told_apart() -> None:
    async with running_rendezvous() as server, customer(server) as me:
        await me.say(Join(site="nobody", slot="123"))
        assert await me.hear() == Problem(key=ErrorKey.SITE_UNKNOWN)
        await me.say(Join(site="main", slot="123"))
        assert await me.hear() == Problem(key=ErrorKey.CODE_EXPIRED)


async def test_vanished_customer_hangs_up_the_counselors_call() -> None:
    async with running_rendezvous() as server, counselor(server) as helper:
        async with customer(server) as me:
            joined, _ = await call(helper, me)
        assert await helper.hear() == HangUp(call=joined.call, why=CallEnd.GONE)


async def test_vanished_counselor_hangs_up_the_customers_call_and_closes_the_slot() -> None:
    async with running_rendezvous() as server, customer(server) as me:
        async with counselor(server) as helper:
            joined, arrived = await call(helper, me)
        assert await me.hear() == HangUp(call=joined.call, why=CallEnd.GONE)
        await me.say(Join(site="main", slot=arrived.number))
        assert await me.hear() == Problem(key=ErrorKey.CODE_EXPIRED)


async def test_unfinished_call_times_out_for_both() -> None:
    limits = Limits(call_timeout_s=0.1)
    async with (
        running_rendezvous(limits=limits) as server,
        counselor(server) as helper,
        customer(server) as me,
    ):
        joined, _ = await call(helper, me)
        over = HangUp(call=joined.call, why=CallEnd.TIMEOUT)
        assert [await helper.hear(), await me.hear()] == [over, over]


async def test_closed_slot_is_confirmed_and_gone() -> None:
    async with running_rendezvous() as server, counselor(server) as helper, customer(server) as me:
        await helper.say(OpenSlot())
        number = (await helper.hear()).number
        await helper.say(CloseSlot(number=number))
        assert await helper.hear() == SlotClosed(number=number, why="closed")
        await me.say(Join(site="main", slot=number))
        assert await me.hear() == Problem(key=ErrorKey.CODE_EXPIRED)


async def test_sixth_slot_of_a_counselor_is_refused_over_all_sockets() -> None:
    async with (
        running_rendezvous() as server,
        counselor(server) as helper,
        counselor(server) as again,
    ):
        for _ in range(5):
            await helper.say(OpenSlot())
            assert isinstance(await helper.hear(), SlotOpened)
        await again.say(OpenSlot())
        assert await again.hear() == Problem(key=ErrorKey.SLOTS_FULL)


async def test_logout_ends_the_signalling_socket_of_that_token() -> None:
    async with running_rendezvous() as server:
        token = (await server.login()).token
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.ws_connect(f"{server.url}/api/v1/signal") as ws,
        ):
            async with http.post(f"{server.url}/api/v1/logout") as answer:
                assert answer.status == 204
            program = Program(ws)
            assert await program.hear() == Problem(key=ErrorKey.LOGIN_EXPIRED)
            assert await program.ends() == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_bad_token_is_refused_at_the_upgrade() -> None:
    async with running_rendezvous() as server, aiohttp.ClientSession() as http:
        headers = {"Authorization": "Bearer invented"}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{server.url}/api/v1/signal", headers=headers)
        assert refused.value.status == 401


async def test_message_of_a_later_version_is_ignored() -> None:
    async with running_rendezvous() as server, customer(server) as me:
        await me.ws.send_str('{"type":"Teleport","whither":"Seoul"}')
        await me.say(Join(site="main", slot="123"))
        assert await me.hear() == Problem(key=ErrorKey.CODE_EXPIRED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"Join"',
        '{"type":"Join"}',
        '{"type":"Join","site":"main","slot":"12"}',
        '{"type":"Join","site":"../x","slot":"123"}',
        '{"type":"Join","site":"main","slot":123}',
        '{"type":"Pass","call":"zz","body":""}',
        '{"type":"Pass","call":"' + "0" * 32 + '","body":"!"}',
        '{"type":"OpenSlot"}',
        '{"type":7}',
        "[" * 10_000,
        "\ud83d",
    ],
)
async def test_malformed_message_ends_the_connection_with_a_reason(text: str) -> None:
    async with running_rendezvous() as server, customer(server) as me:
        await me.ws.send_frame(text.encode(errors="surrogatepass"), aiohttp.WSMsgType.TEXT)
        received = await asyncio.wait_for(me.ws.receive(), PATIENCE_S)
        if received.type is aiohttp.WSMsgType.TEXT:
            assert json.loads(received.data)["key"] == ErrorKey.PEER_PROTOCOL
            assert await me.ends() == aiohttp.WSCloseCode.POLICY_VIOLATION
        else:  # not even UTF-8
            assert me.ws.close_code == aiohttp.WSCloseCode.INVALID_TEXT


async def test_binary_message_ends_the_connection() -> None:
    async with running_rendezvous() as server, customer(server) as me:
        await me.ws.send_bytes(b"\x00")
        assert await me.ends() == aiohttp.WSCloseCode.UNSUPPORTED_DATA


@pytest.mark.parametrize(
    ("role", "limit"), [(customer, ANONYMOUS_LIMIT), (counselor, COUNSELOR_LIMIT)]
)
async def test_message_beyond_the_limit_of_its_role_ends_the_connection(
    role: Callable[[RunningRendezvous], Any], limit: int
) -> None:
    async with running_rendezvous() as server, role(server) as program:
        await program.ws.send_str(" " * (limit + 1))
        assert await program.ends() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_flood_of_messages_ends_the_connection() -> None:
    limits = Limits(messages_per_s=1, messages_at_once=5)
    async with running_rendezvous(limits=limits) as server, customer(server) as me:
        for _ in range(6):
            await me.ws.send_str('{"type":"Teleport"}')
        assert (await me.hear()).key == ErrorKey.SERVER_BUSY
        assert await me.ends() == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_strangers_unfinished_fragments_stay_below_the_limit() -> None:
    """Finding 5: an unfinished message could hold 4 MiB for each anonymous connection."""
    async with running_rendezvous() as server, upgraded(server) as (reader, writer):
        opcode = TEXT_UNFINISHED
        for _ in range(5):
            writer.write(frame(opcode, bytes(4096)))
            opcode = CONTINUED_UNFINISHED
        closing = await asyncio.wait_for(reader.read(), PATIENCE_S)
        assert closing[:1] == b"\x88"
        assert struct.unpack("!H", closing[2:4])[0] == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_anonymous_sockets_of_one_address_are_counted() -> None:
    limits = Limits(sockets_per_address=2)
    async with (
        running_rendezvous(limits=limits) as server,
        customer(server),
        customer(server),
        aiohttp.ClientSession() as http,
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{server.url}/api/v1/signal")
        assert refused.value.status == 503


async def test_reader_too_slow_for_its_letters_is_let_go() -> None:
    limits = Limits(outbox_messages=4, messages_per_s=1e6, messages_at_once=1e6, send_timeout_s=0.2)
    async with (
        running_rendezvous(limits=limits) as server,
        counselor(server) as helper,
        upgraded(server) as (_, writer),  # asks, and never reads the answers
    ):
        await helper.say(OpenSlot())
        number = (await helper.hear()).number
        join = msgspec.json.encode(Join(site="main", slot=number))
        writer.write(frame(TEXT, join))
        arrived = await helper.hear()
        hung_up = asyncio.create_task(helper.hear())
        passed = msgspec.json.encode(Pass(call=arrived.call, body=bytes(10 * 1024))).decode()
        while not hung_up.done():
            await helper.ws.send_str(passed)
            await asyncio.sleep(0)
        assert hung_up.result() == HangUp(call=arrived.call, why=CallEnd.GONE)


async def test_lost_database_ends_a_call_for_help_not_the_server(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server, customer(server) as me:
        with sqlite3.connect(tmp_path / "ezp2p.db") as connection:
            connection.execute("ALTER TABLE site RENAME TO gone")
        connection.close()
        await me.say(Join(site="main", slot="123"))
        assert await me.ends() == aiohttp.WSCloseCode.INTERNAL_ERROR
        async with customer(server) as again:
            assert not again.ws.closed


async def test_twenty_wrong_codes_reach_the_administrators_list() -> None:
    async with running_rendezvous(trusted_proxies=("127.0.0.1",)) as server:
        token = (await server.login()).token
        async with (
            counselor(server) as helper,
            aiohttp.ClientSession() as http,
        ):
            await helper.say(OpenSlot())
            number = (await helper.hear()).number
            for turn in range(20):
                headers = {"X-Forwarded-For": f"198.51.100.{turn}"}
                url = f"{server.url}/api/v1/signal"
                async with http.ws_connect(url, headers=headers) as ws:
                    me = Program(ws)
                    await me.say(Join(site="main", slot=number))
                    arrived = await helper.hear()
                    assert arrived.address == f"198.51.100.{turn}"
                    await helper.say(HangUp(call=arrived.call, why=CallEnd.CODE_WRONG))
                    assert isinstance(await me.hear(), Joined)
                    assert (await me.hear()).why is CallEnd.CODE_WRONG
            await helper.say(OpenSlot())
            await helper.hear()
            async with http.get(
                f"{server.url}/api/v1/alarms", headers={"Authorization": f"Bearer {token}"}
            ) as answer:
                (alarm,) = (await answer.json())["alarms"]
            assert alarm["kind"] == "code-guessing"
            assert "198.51.100.19" in alarm["detail"]
