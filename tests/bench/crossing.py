"""What a small frame pays for the link and for the page's socket, beside a bare datagram.

    datagram   a UDP datagram over loopback, read by the same event loop
    crypto     aioquic's packet protection alone, sealed and opened once (no socket)
    link       a message from one link to the other: frames, QUIC, crypto and a datagram
    websocket  a binary message of aiohttp to a client in the same loop, as the page's is sent

Milliseconds one way, medians, both ends in one process and one loop; so a hand-over to another
process, which a busy machine makes dear, is in none of them. Idle is a marker's flat colour,
typing a letter: they differ in size.
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import time

import aiohttp
from aiohttp import web
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicProtocolVersion

from ezp2p.wire.channel import Channel
from tests.bench.report import Result
from tests.link.pair import join

SIZES = {"idle": 30, "typing": 110}  # bytes of a message with one part
ROUNDS = 150
PAUSE_S = 0.02
SHORT_HEADER = bytes([0x43]) + bytes(8) + bytes([0, 0, 0, 1])  # connection id, packet number


def run() -> Result:
    """Measure; return the figures. No target asks for them."""
    return {"figures": {name: asyncio.run(_all(size)) for name, size in SIZES.items()}}


async def _all(size: int) -> dict[str, float]:
    data = os.urandom(size)
    return {
        "datagram_ms": await _datagram(data),
        "crypto_ms": _crypto(data),
        "link_ms": await _link(data),
        "websocket_ms": await _websocket(data),
    }


async def _datagram(data: bytes) -> float:
    loop = asyncio.get_running_loop()
    here, there = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with here, there:
        there.bind(("127.0.0.1", 0))
        there.setblocking(False)
        times = []
        for _ in range(ROUNDS):
            arriving = asyncio.ensure_future(loop.sock_recv(there, 2048))
            await asyncio.sleep(PAUSE_S)
            began = time.perf_counter()
            here.sendto(data, there.getsockname())
            await arriving
            times.append(time.perf_counter() - began)
    return _median_ms(times)


def _crypto(data: bytes) -> float:
    version = QuicProtocolVersion.VERSION_1
    ours, theirs = CryptoPair(), CryptoPair()
    ours.setup_initial(cid=bytes(8), is_client=True, version=version)
    theirs.setup_initial(cid=bytes(8), is_client=False, version=version)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        packet = ours.encrypt_packet(SHORT_HEADER, data, 1)
        theirs.decrypt_packet(packet, 9, 1)
        times.append(time.perf_counter() - began)
    return _median_ms(times)


async def _link(data: bytes) -> float:
    pair = await join()
    try:
        times = []
        for _ in range(ROUNDS):
            arriving = asyncio.ensure_future(pair.counselor.message(Channel.SCREEN))
            await asyncio.sleep(PAUSE_S)
            began = time.perf_counter()
            pair.customer.link.send(Channel.SCREEN, data)
            await arriving
            times.append(time.perf_counter() - began)
        return _median_ms(times)
    finally:
        await pair.close()


async def _websocket(data: bytes) -> float:
    opened: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()

    async def accept(request: web.Request) -> web.WebSocketResponse:
        accepted = web.WebSocketResponse(compress=False)
        await accepted.prepare(request)
        opened.put_nowait(accepted)
        async for _ in accepted:
            pass
        return accepted

    application = web.Application()
    application.router.add_get("/", accept)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    times = []
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as page:
        server = await opened.get()
        for _ in range(ROUNDS):
            arriving = asyncio.ensure_future(page.receive_bytes())
            await asyncio.sleep(PAUSE_S)
            began = time.perf_counter()
            await server.send_bytes(data)
            await arriving
            times.append(time.perf_counter() - began)
    await runner.cleanup()
    return _median_ms(times)


def _median_ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1000, 3)
