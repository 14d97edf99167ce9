"""The two ends that tests/bench/link.py measures, one process each.

    link_ends.py shipped|ours customer                 prints where it is, echoes, counts
    link_ends.py shipped|ours counselor WHERE BYTES    measures and prints the figures

Protocol between them, on either engine: on the small channel every message is echoed; the bulk
channel is swallowed, and after so many bytes a message says that they came and what CPU it took.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import socket
import ssl
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any, Protocol

sys.path.insert(0, str(Path(__file__).parents[2]))

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamDataReceived
from cryptography.hazmat.primitives.serialization import Encoding

from ezp2p.link.certificate import CERTIFICATE_NAME, make_identity
from ezp2p.link.events import ChannelMessage, LinkClosed, LinkReady
from ezp2p.link.keys import derive_keys
from ezp2p.link.link import Link
from ezp2p.link.socket import open_socket
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import EndReason
from tests.link.pair import Terms, loopback

IDLE_ECHOES = 200
BULK_ECHOES = 200
ECHO_EVERY_S = 0.01
PIECE = bytes(64 * 1024)
SMALL = 32
DONE = b"done"
SMALL_STREAM, BULK_STREAM = Channel.INPUT.stream_id, Channel.SCREEN.stream_id


class End(Protocol):
    """What measuring needs of an engine, on the counselor's side."""

    async def echo(self, message: bytes) -> None: ...

    def want_bulk(self, size_bytes: int | None) -> None: ...

    async def bulk_arrived(self) -> None: ...

    async def close(self) -> None: ...


async def measure(end: End, bulk_bytes: int) -> dict[str, float]:
    """Return the figures of this engine."""
    round_trip_ms = bare_round_trip_ms()
    await echoes(end, 20)
    idle = await echoes(end, IDLE_ECHOES)
    cpu, started = time.process_time(), time.perf_counter()
    end.want_bulk(bulk_bytes)
    await end.bulk_arrived()
    took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    end.want_bulk(None)
    await asyncio.sleep(0.3)
    busy = await echoes(end, BULK_ECHOES)
    await end.close()
    return {
        "mb_per_s": bulk_bytes / took_s / 1e6,
        "cpu_s": cpu_s,
        "round_trip_ms": round_trip_ms,
        "echo_idle_p50_ms": statistics.median(idle),
        "echo_idle_p99_ms": statistics.quantiles(idle, n=100)[98],
        "echo_bulk_p50_ms": statistics.median(busy),
        "echo_bulk_p99_ms": statistics.quantiles(busy, n=100)[98],
    }


async def echoes(end: End, count: int) -> list[float]:
    """Return how long each echo took, in milliseconds."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        await end.echo(os.urandom(SMALL))
        times.append((time.perf_counter() - started) * 1e3)
        await asyncio.sleep(ECHO_EVERY_S)
    return times


def bare_round_trip_ms() -> float:
    """What a datagram there and back costs here between two who wait for it, as ours do."""
    here, there = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    times = []
    with here, there:
        for end in (here, there):
            end.bind(("127.0.0.1", 0))
        mirror = threading.Thread(target=_mirror, args=(there,))
        mirror.start()
        for _ in range(IDLE_ECHOES):
            time.sleep(ECHO_EVERY_S)
            started = time.perf_counter()
            here.sendto(b"x" * SMALL, there.getsockname())
            here.recv(SMALL)
            times.append((time.perf_counter() - started) * 1e3)
        here.sendto(b"", there.getsockname())
        mirror.join()
    return statistics.median(times)


def _mirror(end: socket.socket) -> None:
    while True:
        data, sender = end.recvfrom(SMALL)
        if not data:
            return
        end.sendto(data, sender)


# --- ours


class Ours:
    """Our link, the bulk channel kept full from here."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._echoed: asyncio.Future[None] | None = None
        self._done = asyncio.Event()
        self._left: float = 0
        self._reader = asyncio.create_task(self._read())
        self._feeder = asyncio.create_task(self._feed())
        self.ready = asyncio.Event()

    async def echo(self, message: bytes) -> None:
        self._echoed = asyncio.get_running_loop().create_future()
        self._link.send(Channel.INPUT, message)
        await self._echoed

    def want_bulk(self, size_bytes: int | None) -> None:
        self._left = float("inf") if size_bytes is None else size_bytes

    async def bulk_arrived(self) -> None:
        await self._done.wait()

    async def close(self) -> None:
        self._feeder.cancel()
        self._link.send(Channel.CHAT, DONE)
        await asyncio.wait({self._reader})
        await self._link.close(EndReason.COUNSELOR_ENDED)

    async def _feed(self) -> None:
        """Keep some megabytes queued, as a file transfer would."""
        while True:
            while self._left > 0 and self._link.unacked_bytes(Channel.SCREEN) < 4_000_000:
                piece = PIECE[: int(min(len(PIECE), self._left))]
                self._link.send(Channel.SCREEN, piece)
                self._left -= len(piece)
            await asyncio.sleep(0.01)

    async def _read(self) -> None:
        while True:
            for event in await self._link.next_events():
                if isinstance(event, LinkReady):
                    self.ready.set()
                elif isinstance(event, LinkClosed):
                    return
                elif isinstance(event, ChannelMessage):
                    if event.channel is Channel.CHAT:
                        self._done.set()
                    elif self._echoed is not None:
                        self._echoed.set_result(None)


async def our_customer() -> float:
    """Echo and swallow; return the CPU seconds the bulk took."""
    secret = os.urandom(32)
    terms = Terms(keys=derive_keys(secret, secret))
    udp = open_socket(host="127.0.0.1")
    link = terms.customer(udp, bulk=[Channel.SCREEN])
    fields = (secret, terms.identity.der, terms.nonce, terms.session_id)
    words = [base64.b64encode(part).decode() for part in fields]
    print(" ".join([str(udp.port), *words]), flush=True)
    meter = Meter()
    while True:
        for event in await link.next_events():
            if isinstance(event, LinkClosed):
                return meter.cpu_s
            if not isinstance(event, ChannelMessage):
                continue
            if event.channel is Channel.SCREEN:
                if meter.took(len(event.data)):
                    link.send(Channel.CHAT, DONE)
            elif event.channel is Channel.CHAT:
                await link.close(EndReason.CUSTOMER_ENDED)
            else:
                link.send(event.channel, event.data)


async def our_counselor(where: str, bulk_bytes: int) -> dict[str, float]:
    """Join the customer and measure."""
    port, *words = where.split()
    secret, der, nonce, session_id = (base64.b64decode(word) for word in words)
    identity = make_identity()
    terms = Terms(derive_keys(secret, secret), identity, nonce, session_id)
    link = terms.counselor(open_socket(host="127.0.0.1"), [Channel.SCREEN], pinned_der=der)
    link.add_candidates([loopback(int(port))])
    end = Ours(link)
    await end.ready.wait()
    return await measure(end, bulk_bytes)


# --- aioquic as shipped


class Shipped(QuicConnectionProtocol):
    """aioquic's own protocol and sockets; bulk by its stream, as its examples do."""

    def __init__(self, *arguments: Any, **how: Any) -> None:
        super().__init__(*arguments, **how)
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._echoed: asyncio.Future[None] | None = None
        self._done = asyncio.Event()
        self._bulk: asyncio.Task[None] | None = None

    async def echo(self, message: bytes) -> None:
        self._echoed = asyncio.get_running_loop().create_future()
        self._quic.send_stream_data(SMALL_STREAM, message)
        self.transmit()
        await self._echoed

    def want_bulk(self, size_bytes: int | None) -> None:
        left: float = float("inf") if size_bytes is None else size_bytes
        self._bulk = asyncio.create_task(self._feed(left))

    async def bulk_arrived(self) -> None:
        await self._done.wait()

    async def close_all(self) -> None:
        if self._bulk is not None:
            self._bulk.cancel()

    async def _feed(self, left: float) -> None:
        """The same few megabytes in its buffer that ours has in its queue."""
        while left > 0:
            stream = self._quic._streams.get(BULK_STREAM)
            while left > 0 and (stream is None or len(stream.sender._buffer) < 4_000_000):
                piece = PIECE[: int(min(len(PIECE), left))]
                self._quic.send_stream_data(BULK_STREAM, piece)
                left -= len(piece)
                stream = self._quic._streams[BULK_STREAM]
            self.transmit()
            await asyncio.sleep(0.01)

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == BULK_STREAM:
            self._done.set()
        elif isinstance(event, StreamDataReceived) and self._echoed and not self._echoed.done():
            self._echoed.set_result(None)
        elif isinstance(event, ConnectionTerminated) and not self.over.done():
            self.over.set_result(None)


class ShippedCustomer(QuicConnectionProtocol):
    """The other end of it."""

    over: asyncio.Future[float]

    def __init__(self, *arguments: Any, **how: Any) -> None:
        super().__init__(*arguments, **how)
        self._meter = Meter()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived):
            if event.stream_id != BULK_STREAM:
                self._quic.send_stream_data(event.stream_id, event.data)
            elif self._meter.took(len(event.data)):
                self._quic.send_stream_data(BULK_STREAM, DONE)
        elif isinstance(event, ConnectionTerminated):
            self.over.set_result(self._meter.cpu_s)


async def shipped_customer() -> float:
    """Echo and swallow; return the CPU seconds the bulk took."""
    ShippedCustomer.over = asyncio.get_running_loop().create_future()
    identity = make_identity()
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["bench"])
    configuration.certificate, configuration.private_key = identity.certificate, identity.key
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    await serve("127.0.0.1", port, configuration=configuration, create_protocol=ShippedCustomer)
    pem = identity.certificate.public_bytes(Encoding.PEM)
    print(port, base64.b64encode(pem).decode(), flush=True)
    return await ShippedCustomer.over


async def shipped_counselor(where: str, bulk_bytes: int) -> dict[str, float]:
    """Join the customer and measure."""
    port, pem = where.split()
    configuration = QuicConfiguration(is_client=True, alpn_protocols=["bench"])
    configuration.verify_mode = ssl.CERT_REQUIRED
    configuration.server_name = CERTIFICATE_NAME
    configuration.load_verify_locations(cadata=base64.b64decode(pem))
    async with connect(
        "127.0.0.1", int(port), configuration=configuration, create_protocol=Shipped
    ) as protocol:
        assert isinstance(protocol, Shipped)
        return await measure(ShippedEnd(protocol), bulk_bytes)


class ShippedEnd:
    """Shipped, with the `close` that measuring wants (the protocol has one of its own)."""

    def __init__(self, protocol: Shipped) -> None:
        self.echo = protocol.echo
        self.want_bulk = protocol.want_bulk
        self.bulk_arrived = protocol.bulk_arrived
        self.close = protocol.close_all


class Meter:
    """CPU seconds between the first byte of bulk and the last of the first BULK_BYTES."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._left = int(os.environ["BENCH_BULK_BYTES"])
        self._started: float | None = None

    def took(self, size_bytes: int) -> bool:
        """Count bulk; return True once, when all has come."""
        if self._started is None:
            self._started = time.process_time()
        waiting = self._left > 0
        self._left -= size_bytes
        if waiting and self._left <= 0:
            self.cpu_s = time.process_time() - self._started
            return True
        return False


async def main(engine: str, role: str, *rest: str) -> None:
    logging.disable(logging.WARNING)
    if role == "customer":
        cpu_s = await (our_customer() if engine == "ours" else shipped_customer())
        print(json.dumps({"cpu_s": cpu_s}), flush=True)
    else:
        where, bulk_bytes = rest
        measuring = our_counselor if engine == "ours" else shipped_counselor
        print(json.dumps(await measuring(where, int(bulk_bytes))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
