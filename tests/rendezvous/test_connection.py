"""Attacks on the TCP port, over real sockets: slow, large, many, and not HTTP at all."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from pathlib import Path

import aiohttp
import pytest

from ezp2p.rendezvous.config import Limits
from tests.rendezvous.certificate import self_signed
from tests.support.rendezvous import RunningRendezvous, running_rendezvous

PATIENCE_S = 10
HASTY = Limits(header_timeout_s=0.2, body_timeout_s=0.2)


async def talk(server: RunningRendezvous, sent: bytes) -> bytes:
    """Send bytes, keep the connection open, and return all that comes until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionResetError:
        return b""
    finally:
        writer.transport.abort()


async def is_alive(server: RunningRendezvous) -> bool:
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/healthz") as answer:
        return answer.status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost:",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a plain port
    ],
)
async def test_connection_without_a_full_request_is_closed(sent: bytes) -> None:
    async with running_rendezvous(limits=HASTY) as server:
        await talk(server, sent)
        assert await is_alive(server)


async def test_request_head_that_trickles_is_cut_off() -> None:
    """Slow loris: every byte is progress, no request is ever whole."""
    async with running_rendezvous(limits=HASTY) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        closed = asyncio.create_task(reader.read())
        writer.write(b"GET / HTTP/1.1\r\n")
        while not closed.done():
            writer.write(b"X-A: b\r\n")
            await asyncio.wait((closed,), timeout=0.02)
        writer.transport.abort()
        await asyncio.gather(closed, return_exceptions=True)
        assert await is_alive(server)


async def test_body_that_never_comes_is_not_waited_for() -> None:
    async with running_rendezvous(limits=HASTY) as server:
        answer = await talk(
            server,
            b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        )
        assert b" 408 " in answer.split(b"\r\n")[0]


async def test_hundred_slow_connections_do_not_keep_others_out() -> None:
    async with running_rendezvous(limits=HASTY) as server:
        slow = [asyncio.create_task(talk(server, b"GET / HTTP/1.1\r\n")) for _ in range(90)]
        await server.login()
        await asyncio.gather(*slow)


async def test_tls_handshake_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    async with running_rendezvous(limits=HASTY, tls_cert=cert, tls_key=key) as server:
        assert await talk(server, b"\x16\x03\x01") == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + bytes(20000),
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"4000\r\n"
        + bytes(0x4000)
        + b"\r\n4000\r\n"
        + bytes(0x4000)
        + b"\r\n0\r\n\r\n",
    ],
)
async def test_body_beyond_the_limit_is_refused(sent: bytes) -> None:
    async with running_rendezvous(limits=HASTY) as server:
        answer = await talk(server, sent)
        assert b" 413 " in answer.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(100)) + b"\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\nabcde",
        b"GET / HTTP/1.1\r\nHost: x\r\n bad: fold\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\xff\xfe\r\n\r\n",
    ],
)
async def test_head_that_is_too_long_or_not_http_gets_400_without_an_echo(head: bytes) -> None:
    async with running_rendezvous(limits=HASTY) as server:
        answer = await talk(server, head)
        assert answer.split(b" ")[1] == b"400"
        assert answer.endswith(b"\r\n\r\n")


async def test_connections_of_one_address_are_counted_and_freed() -> None:
    async with running_rendezvous(limits=Limits(connections_per_address=3)) as server:
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        assert await talk(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        gone = held[0][1]
        gone.close()
        await gone.wait_closed()
        request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        while b" 200 " not in await talk(server, request):
            pass  # until the server, too, has seen the connection go
        for _, writer in held:
            writer.transport.abort()


async def test_connections_are_counted_before_their_handshake(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    context = ssl.create_default_context(cafile=str(cert))
    limits = Limits(connections_per_address=3, header_timeout_s=0.5)
    async with running_rendezvous(limits=limits, tls_cert=cert, tls_key=key) as server:
        silent = [asyncio.create_task(talk(server, b"")) for _ in range(3)]
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        with pytest.raises(OSError):
            for _ in range(4):
                await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        await asyncio.gather(*silent, *(reader.read() for reader, _ in held))
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        writer.transport.abort()
        for _, writer in held:
            writer.transport.abort()


async def test_listed_proxy_is_not_counted_as_one_address() -> None:
    limits = Limits(connections_per_address=1)
    async with running_rendezvous(limits=limits, trusted_proxies=("127.0.0.1",)) as server:
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(5)]
        assert await is_alive(server)
        for _, writer in held:
            writer.transport.abort()


async def test_live_tls_connections_read_through_small_buffers(tmp_path: Path) -> None:
    """Finding 3: asyncio's own buffers cost 291 KiB a connection."""
    cert, key = self_signed(tmp_path)
    context = ssl.create_default_context(cafile=str(cert))
    async with running_rendezvous(tls_cert=cert, tls_key=key) as server:
        held = [
            await asyncio.open_connection("127.0.0.1", server.port, ssl=context) for _ in range(3)
        ]
        live = [found for found in gc.get_objects() if isinstance(found, SSLProtocol)]
        assert len(live) >= 6  # our ends and the server's
        for protocol in live:
            assert len(protocol.get_buffer(-1)) == 16 * 1024
        for _, writer in held:
            writer.transport.abort()


@pytest.mark.parametrize("turns", range(8))
async def test_connection_that_comes_as_the_server_closes_is_closed_too(turns: int) -> None:
    async with running_rendezvous() as server:
        comers = [socket.create_connection(("127.0.0.1", server.port), 5) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
    gone = []
    for each in comers:
        with each:
            try:
                gone.append(each.recv(1))
            except ConnectionResetError:
                gone.append(b"")
    assert gone == [b""] * len(comers)
