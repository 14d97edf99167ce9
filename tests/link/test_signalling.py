"""The line to a rendezvous that may break off, answer nonsense, or lie."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest
from aiohttp import WSCloseCode, web

from ezp2p.base.errors import EzError, PeerError, Unreachable
from ezp2p.link.signalling import (
    FIRST_DELAY_S,
    LONGEST_DELAY_S,
    Backoff,
    Signalling,
    connect_again,
)
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.signalling import (
    COUNSELOR_LIMIT,
    CallArrived,
    Join,
    Joined,
    OpenSlot,
    Pass,
    Problem,
    RelayOffer,
    SlotOpened,
)
from tests.support.signal_server import Talk, answering, self_signed, signal_server, talking

CALL = "0123456789abcdef" * 2
OPENED = SlotOpened(number="417", life_s=600.0)


def said(message: msgspec.Struct) -> str:
    return msgspec.json.encode(message).decode()


def saying(*texts: str) -> Talk:
    """Say these, then listen until the other side leaves."""

    async def talk(line: web.WebSocketResponse) -> None:
        for text in texts:
            await line.send_str(text)
        await line.receive()

    return talk


class AtOnce(Random):
    """Chance that always waits the shortest time."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


# --- talking


async def test_messages_travel_both_ways() -> None:
    heard: list[str] = []

    async def talk(line: web.WebSocketResponse) -> None:
        heard.append((await line.receive()).data)
        relay = RelayOffer(host="192.0.2.1", udp_port=3000, ticket=b"\0ticket")
        await line.send_str(
            said(Joined(call=CALL, company="한빛", counselor="김상담", relays=[relay]))
        )
        await line.send_str(said(Pass(call=CALL, body=b"\0\xff")))
        await line.receive()

    async with signal_server(talking(talk)) as server:
        line = await Signalling.connect(server.address)
        await line.send(Join(site="main", slot="417"))
        joined, passed = await line.receive(), await line.receive()
        await line.close()

    assert msgspec.json.decode(heard[0], type=Join) == Join(site="main", slot="417")
    assert isinstance(joined, Joined)
    assert joined.relays[0].ticket == b"\0ticket"
    assert passed == Pass(call=CALL, body=b"\0\xff")


async def test_counselor_shows_its_token_and_customer_nothing() -> None:
    async with signal_server(talking(saying(said(OPENED)))) as server:
        for token in ("t0ken", None):
            line = await Signalling.connect(server.address, token)
            await line.receive()
            await line.close()

    counselor, customer = server.requests
    assert counselor.path == "/api/v1/signal"
    assert counselor.headers["Authorization"] == "Bearer t0ken"
    assert "Authorization" not in customer.headers
    assert "Origin" not in customer.headers
    assert "permessage-deflate" not in customer.headers.get("Sec-WebSocket-Extensions", "")


async def test_messages_of_a_later_version_are_skipped() -> None:
    later = ['{"type": "Horoscope", "sign": "ox"}', '{"type": "SlotOpened2"}']
    async with signal_server(talking(saying(*later, said(OPENED)))) as server:
        line = await Signalling.connect(server.address, "t0ken")
        assert await line.receive() == OPENED
        assert line.unknown_messages == 2
        await line.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"type": 7}',
        '{"number": "417"}',
        '{"type": "SlotOpened", "number": "4170", "life_s": 1}',
        '{"type": "SlotOpened", "number": "417"}',
        '{"type": "OpenSlot"}{"type": "OpenSlot"}',
        '{"type": "Pass", "call": "x", "body": ""}',
        '{"type": "Pass", "call": "%s", "body": "***"}' % CALL,
        said(CallArrived(number="417", call=CALL, address="a" * 257)),
        said(Problem(key="k" * 65)),
        said(Pass(call=CALL, body=bytes(10 * 1024 + 1))),
        said(
            Joined(
                call=CALL,
                company="",
                counselor="",
                relays=[RelayOffer(host="h", udp_port=1, ticket=b"")] * 9,
            )
        ),
        "[" * 30_000,
        '{"type": "Problem", "key": "x", "more": %s}' % ("[" * 20_000),
        "x" * (COUNSELOR_LIMIT + 1),
    ],
    ids=lambda text: text[:40],
)
async def test_nonsense_of_the_server_ends_the_line(text: str) -> None:
    async with signal_server(talking(saying(text))) as server:
        line = await Signalling.connect(server.address)
        with pytest.raises(PeerError, match=r"server\.protocol"):
            await line.receive()
        await line.close()


async def test_binary_message_ends_the_line() -> None:
    async def talk(line: web.WebSocketResponse) -> None:
        await line.send_bytes(said(OPENED).encode())
        await line.receive()

    async with signal_server(talking(talk)) as server:
        line = await Signalling.connect(server.address)
        with pytest.raises(PeerError, match=r"server\.protocol"):
            await line.receive()
        await line.close()


# --- breaking off


async def test_line_that_the_server_closes_is_unreachable() -> None:
    async def talk(line: web.WebSocketResponse) -> None:
        await line.close(code=WSCloseCode.GOING_AWAY)

    async with signal_server(talking(talk)) as server:
        line = await Signalling.connect(server.address)
        with pytest.raises(Unreachable, match=r"server\.unreachable"):
            await line.receive()
        with pytest.raises(Unreachable, match=r"server\.unreachable"):
            await line.send(OpenSlot())
        await line.close()


async def test_line_that_is_cut_is_unreachable() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.receive()
        assert request.transport is not None
        request.transport.abort()  # as a network does it: without a closing frame
        return line

    async with signal_server(cut) as server:
        line = await Signalling.connect(server.address)
        await line.send(OpenSlot())
        with pytest.raises(Unreachable, match=r"server\.unreachable"):
            await line.receive()
        await line.close()
        await line.close()


@pytest.mark.parametrize(
    ("status", "key"),
    [
        (200, "server.version"),
        (401, "login.expired"),
        (403, "server.refused"),
        (404, "server.version"),
        (426, "server.version"),
        (429, "server.busy"),
        (503, "server.busy"),
    ],
)
async def test_server_that_opens_no_line_says_why(status: int, key: str) -> None:
    async with signal_server(answering(b"No.", status)) as server:
        with pytest.raises(EzError) as caught:
            await Signalling.connect(server.address, "t0ken")

    assert caught.value.key == key


async def test_redirect_is_not_followed_with_the_token() -> None:
    async with signal_server(talking(saying(said(OPENED)))) as elsewhere:
        target = elsewhere.address.url + "/api/v1/signal"
        async with signal_server(answering(b"", 307, Location=target)) as server:
            with pytest.raises(EzError, match=r"server\.version"):
                await Signalling.connect(server.address, "t0ken")

        assert elsewhere.requests == []


async def test_server_that_is_down_is_named_with_its_port() -> None:
    server = ServerAddress(f"http://127.0.0.1:{free_port()}")

    with pytest.raises(Unreachable) as caught:
        await Signalling.connect(server)

    assert caught.value.key == "server.unreachable"
    assert caught.value.fields["port"] == server.port


async def test_token_goes_only_to_the_pinned_key(tmp_path: Path) -> None:
    tls, pin = self_signed(tmp_path)
    other, _ = self_signed(tmp_path)
    async with signal_server(talking(saying(said(OPENED))), tls=tls) as server:
        line = await Signalling.connect(replace(server.address, pin=pin), "t0ken")
        assert await line.receive() == OPENED
        await line.close()
    async with signal_server(talking(saying(said(OPENED))), tls=other) as impostor:
        with pytest.raises(Unreachable, match=r"server\.certificate"):
            await Signalling.connect(replace(impostor.address, pin=pin), "t0ken")

    assert impostor.requests == []


# --- coming back


def test_waiting_grows_to_a_minute_and_no_further() -> None:
    class Longest(Random):
        def uniform(self, a: float, b: float) -> float:
            return max(a, b)

    backoff = Backoff(Longest())
    waits = [backoff.next_delay_s() for _ in range(100)]

    assert waits[:4] == [FIRST_DELAY_S, 2.0, 4.0, 8.0]
    assert max(waits) == waits[-1] == LONGEST_DELAY_S
    backoff.worked()
    assert backoff.next_delay_s() == FIRST_DELAY_S


def test_a_thousand_counselors_do_not_come_back_at_once() -> None:
    waits = [Backoff(Random(seed)).next_delay_s() for seed in range(1000)]

    tenths = [sum(tenth <= 10 * wait < tenth + 1 for wait in waits) for tenth in range(10)]
    assert min(tenths) > 50


async def test_counselor_comes_back_when_the_server_does() -> None:
    port = free_port()
    address = ServerAddress(f"http://127.0.0.1:{port}")
    coming = asyncio.create_task(connect_again(address, "t0ken", Backoff(AtOnce())))
    with pytest.raises(Unreachable):
        await Signalling.connect(address)

    async with signal_server(talking(saying(said(OPENED))), port=port):
        async with asyncio.timeout(20):
            line = await coming
        assert await line.receive() == OPENED
        await line.close()


async def test_counselor_whose_token_expired_does_not_come_back() -> None:
    async with signal_server(answering(b"", 401)) as server:
        with pytest.raises(EzError, match=r"login\.expired"):
            await connect_again(server.address, "t0ken", Backoff(AtOnce()))


async def test_counselor_waits_until_the_pinned_key_answers_again(tmp_path: Path) -> None:
    tls, pin = self_signed(tmp_path)
    other, _ = self_signed(tmp_path)
    talk = talking(saying(said(OPENED)))
    async with signal_server(talk, tls=other) as impostor:
        pinned = replace(impostor.address, pin=pin)
        coming = asyncio.create_task(connect_again(pinned, "t0ken", Backoff(AtOnce())))
        with pytest.raises(Unreachable, match=r"server\.certificate"):
            await Signalling.connect(pinned, "t0ken")
    assert not coming.done()

    async with signal_server(talk, tls=tls, port=pinned.port):
        async with asyncio.timeout(20):
            line = await coming
        assert await line.receive() == OPENED
        await line.close()

    assert impostor.requests == []


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
