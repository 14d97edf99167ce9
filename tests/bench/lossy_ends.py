"""The ends of the flows that tests/bench/lossy.py lets run over a long line, one process each.

    lossy_ends.py tcp-receiver ADDRESS                   prints its port, takes one connection
    lossy_ends.py tcp-sender ADDRESS PORT ALGORITHM S    sends for so many seconds
    lossy_ends.py our-receiver ADDRESS                   prints where it is: the customer's link
    lossy_ends.py our-sender ADDRESS S WHERE             sends for so long, and types beside it

A receiver ends by printing one JSON line: {"taken": [[seconds of the system's clock, bytes], ...]},
bytes growing. Our sender prints {"echo_ms": [...]}: how long its key strokes took there and back.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ezp2p.link.certificate import make_identity
from ezp2p.link.events import ChannelMessage, LinkClosed, LinkReady
from ezp2p.link.keys import derive_keys
from ezp2p.link.link import Link
from ezp2p.link.socket import open_socket
from ezp2p.wire.channel import Channel
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import EndReason, PathKind
from tests.link.pair import Terms

PIECE = bytes(64 * 1024)
TALLY_S = 0.1
TYPE_EVERY_S = 0.1
QUIET_S = 5.0


class Tally:
    """What has arrived when."""

    def __init__(self) -> None:
        self._bytes = 0
        self._taken: list[tuple[float, int]] = []

    def took(self, size_bytes: int) -> None:
        """Count."""
        self._bytes += size_bytes
        now = time.monotonic()
        if not self._taken or now - self._taken[-1][0] >= TALLY_S:
            self._taken.append((now, self._bytes))

    def say(self) -> None:
        """Print it."""
        print(json.dumps({"taken": self._taken}), flush=True)


def receive_tcp(address: str) -> None:
    """Take one connection's bytes until it ends."""
    tally = Tally()
    with socket.create_server((address, 0)) as server:
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
    connection.settimeout(QUIET_S)
    # The sender ends by a reset, which may be lost like anything else.
    with connection, suppress(ConnectionResetError, TimeoutError):
        while data := connection.recv(1 << 18):
            tally.took(len(data))
    tally.say()


def send_tcp(address: str, port: str, algorithm: str, seconds: str) -> None:
    """Send as fast as this congestion control lets us; what waits in the end is dropped."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, algorithm.encode())
        connection.connect((address, int(port)))
        connection.settimeout(1.0)
        until = time.monotonic() + float(seconds)
        while time.monotonic() < until:
            try:
                connection.send(PIECE)
            except TimeoutError:
                continue
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


async def receive_ours(address: str) -> None:
    """Take bulk and echo key strokes until the link ends."""
    tally = Tally()
    secret = os.urandom(32)
    terms = Terms(keys=derive_keys(secret, secret))
    udp = open_socket(host=address)
    link = terms.customer(udp, bulk=[Channel.SCREEN])
    fields = (secret, terms.identity.der, terms.nonce, terms.session_id)
    print(" ".join([str(udp.port), *(base64.b64encode(f).decode() for f in fields)]), flush=True)
    while True:
        for event in await link.next_events():
            if isinstance(event, LinkClosed):
                tally.say()
                return
            if not isinstance(event, ChannelMessage):
                continue
            if event.channel is Channel.SCREEN:
                tally.took(len(event.data))
            else:
                link.send(event.channel, event.data)


async def send_ours(address: str, seconds: str, where: str, theirs: str) -> None:
    """Fill the link with bulk and type beside it."""
    port, *words = where.split()
    secret, der, nonce, session_id = (base64.b64decode(word) for word in words)
    terms = Terms(derive_keys(secret, secret), make_identity(), nonce, session_id)
    link = terms.counselor(open_socket(host=address), [Channel.SCREEN], pinned_der=der)
    link.add_candidates([CandidateOffer(theirs, int(port), PathKind.DIRECT_LAN.value)])
    ready = asyncio.Event()
    typed: dict[bytes, float] = {}
    echo_ms: list[float] = []
    reading = asyncio.create_task(_read(link, ready, typed, echo_ms))
    await ready.wait()
    until = time.monotonic() + float(seconds)
    type_at = 0.0
    while (now := time.monotonic()) < until:
        while link.unacked_bytes(Channel.SCREEN) < 4_000_000:
            link.send(Channel.SCREEN, PIECE)
        if now >= type_at:
            key = os.urandom(16)
            typed[key] = time.monotonic()
            link.send(Channel.INPUT, key)
            type_at = now + TYPE_EVERY_S
        await asyncio.sleep(0.005)
    print(json.dumps({"echo_ms": echo_ms}), flush=True)
    await link.close(EndReason.COUNSELOR_ENDED)
    await reading


async def _read(
    link: Link, ready: asyncio.Event, typed: dict[bytes, float], echo_ms: list[float]
) -> None:
    while True:
        for event in await link.next_events():
            if isinstance(event, LinkReady):
                ready.set()
            elif isinstance(event, LinkClosed):
                return
            elif isinstance(event, ChannelMessage) and event.data in typed:
                echo_ms.append((time.monotonic() - typed.pop(event.data)) * 1e3)


def main(end: str, *words: str) -> None:
    logging.disable(logging.WARNING)
    if end == "tcp-receiver":
        receive_tcp(*words)
    elif end == "tcp-sender":
        send_tcp(*words)
    elif end == "our-receiver":
        asyncio.run(receive_ours(*words))
    else:
        asyncio.run(send_ours(*words))


if __name__ == "__main__":
    main(*sys.argv[1:])
