"""What loads a relay in tests/bench/relay.py: pairs of programs, in a process of its own.

    relay_load.py udp|runs|tube|mixed URL UDP_PORT TICKETS SECONDS     prints {"packets", "bytes"}

udp      datagrams of 1,200 bytes, sent one by one from several pairs in turn
runs     the same, as our link sends bulk: up to 48 of them by one call (UDP_SEGMENT)
tube     WebSocket to WebSocket, as full as messages get
mixed    WebSocket to UDP

TICKETS is a file with one base64 ticket a line, customer and counselor in turn.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import aiohttp

from ezp2p.wire.datagram import (
    COOKIE_BYTES,
    RELAY_BIND,
    RELAY_BIND_MIN_BYTES,
    RELAYED,
    TUBE_ROUTE,
    pack,
    unpack,
)

INNER = 1200
IN_FLIGHT = 48  # a pair; what more would be lost in somebody's buffer
TIMEOUT_S = 0.2
UDP_SEGMENT = 103  # linux/udp.h
BUFFER_BYTES = 4 * 1024 * 1024


class UdpEnd:
    """One end of a pair, bound."""

    def __init__(self, port: int, ticket: bytes) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self.sock.connect(("127.0.0.1", port))
        self.sock.settimeout(TIMEOUT_S)
        challenge = self._ask(bytes(COOKIE_BYTES), ticket)
        self.header = bytes((RELAYED,)) + self._ask(challenge[1:], ticket)[1:9]

    def _ask(self, cookie: bytes, ticket: bytes) -> bytes:
        bind = bytes((RELAY_BIND,)) + cookie + ticket
        self.sock.send(bind.ljust(RELAY_BIND_MIN_BYTES, b"\0"))
        return self.sock.recv(2048)

    def send_one_by_one(self, packet: bytes) -> None:
        for _ in range(IN_FLIGHT):
            self.sock.send(packet)

    def send_run(self, packet: bytes) -> None:
        size = struct.pack("=H", len(packet))
        self.sock.sendmsg([packet * IN_FLIGHT], [(socket.SOL_UDP, UDP_SEGMENT, size)])

    def hear(self) -> int:
        """Return how many of those that were sent have come."""
        heard = 0
        try:
            while heard < IN_FLIGHT:
                self.sock.recv(2048)
                heard += 1
        except TimeoutError:
            pass
        return heard


def load_udp(port: int, tickets: list[bytes], seconds: float, *, runs: bool) -> dict[str, int]:
    """Send through all pairs in turn; return what came out."""
    ends = [UdpEnd(port, ticket) for ticket in tickets]
    pairs = list(zip(ends[::2], ends[1::2], strict=True))
    packets = 0
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for here, _ in pairs:
            packet = here.header + bytes(INNER)
            (here.send_run if runs else here.send_one_by_one)(packet)
        packets += sum(there.hear() for _, there in pairs)
    return {"packets": packets, "bytes": packets * INNER}


async def load_tube(
    url: str, port: int, tickets: list[bytes], seconds: float, *, mixed: bool
) -> dict[str, int]:
    """Send through one pair, as fast as the other end hears."""
    packets = 0
    (message,) = list(pack([os.urandom(INNER)] * 13))
    async with aiohttp.ClientSession() as http:
        here = await _tube(http, url, tickets[0])
        there: Any = UdpEnd(port, tickets[1]) if mixed else await _tube(http, url, tickets[1])
        if mixed:
            there.sock.setblocking(False)
        loop = asyncio.get_running_loop()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            # Below the relay's 64 KiB, so that nothing is dropped.
            for _ in range(3):
                await here.send_bytes(message)
            heard = 0
            while heard < 3 * 13:
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        if mixed:
                            await loop.sock_recv(there.sock, 2048)
                            heard += 1
                        else:
                            heard += len(list(unpack(await there.receive_bytes())))
                except TimeoutError:
                    break
            packets += heard
        await here.close()
        if not mixed:
            await there.close()
    return {"packets": packets, "bytes": packets * INNER}


async def _tube(
    http: aiohttp.ClientSession, url: str, ticket: bytes
) -> aiohttp.ClientWebSocketResponse:
    ws = await http.ws_connect(url + TUBE_ROUTE, max_msg_size=0, compress=0)
    await ws.send_bytes(bytes((RELAY_BIND,)) + ticket)
    await ws.receive_bytes()
    return ws


def main(kind: str, url: str, port: str, file: str, seconds: str) -> None:
    tickets = [base64.b64decode(line) for line in Path(file).read_text().split()]
    if kind in ("udp", "runs"):
        carried = load_udp(int(port), tickets, float(seconds), runs=kind == "runs")
    else:
        mixed = kind == "mixed"
        carried = asyncio.run(load_tube(url, int(port), tickets, float(seconds), mixed=mixed))
    print(json.dumps(carried))


if __name__ == "__main__":
    main(*sys.argv[1:])
