"""The ports of a server of ours, opened and served: the rendezvous' and a relay's alike.

What is opened is pushed on the server's stack, so that it is closed in the reverse order.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace

from aiohttp import web

from ezp2p.base.errors import UsageError
from ezp2p.rendezvous.address import Ways
from ezp2p.rendezvous.config import ListenConfig, Opening, public_url, relay_host, told_ports
from ezp2p.rendezvous.connection import Door, tls_context
from ezp2p.rendezvous.limits import Turnstile
from ezp2p.rendezvous.listening import listen, listen_tcp
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import RelayPort

_SHUTDOWN_S = 2.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Bound and listening sockets; `openings` are the TCP ones as they really came to be."""

    tcp: list[socket.socket]
    udp: socket.socket
    openings: list[Opening]
    url: str  # what links carry, and programs are told
    told: list[RelayPort]

    @property
    def port(self) -> int:
        """The first TCP port."""
        return self.openings[0].port

    @property
    def udp_port(self) -> int:
        """The UDP port."""
        number: int = self.udp.getsockname()[1]
        return number


def open_ports(config: ListenConfig, opened: AsyncExitStack) -> Ports:
    """Bind everything. Raises Unavailable(port.taken), UsageError(usage | link.malformed)."""
    first, udp = listen(config.host, config.port, relay_host(config), config.udp_port)
    opened.callback(first.close)
    opened.callback(udp.close)
    tcp = [first]
    for opening in config.listen:
        tcp.append(listen_tcp(opening.host, opening.port))
        opened.callback(tcp[-1].close)
    openings = [
        replace(opening, port=sock.getsockname()[1])
        for opening, sock in zip(config.openings, tcp, strict=True)
    ]
    url = public_url(config, openings[0].port)
    return Ports(tcp, udp, openings, url, told_ports(url, openings))


def certificate(config: ListenConfig) -> ssl.SSLContext | None:
    """Return what serves our certificate, if we have one. Raises UsageError(server.certificate)."""
    if config.tls_cert is None:
        return None
    try:
        return tls_context(config.tls_cert, config.tls_key)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or str(error)
        raise UsageError(ErrorKey.SERVER_CERTIFICATE, path=str(config.tls_cert), why=why) from None


async def open_doors(
    app: web.Application,
    ways: Ways,
    ports: Ports,
    tls: ssl.SSLContext | None,
    config: ListenConfig,
    opened: AsyncExitStack,
) -> None:
    """Serve the application on every TCP port."""
    limits = config.limits
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    opened.push_async_callback(runner.cleanup)
    assert runner.server is not None
    turnstile = Turnstile(in_all=limits.connections, per_key=limits.connections_per_address)
    for opening, tcp in zip(ports.openings, ports.tcp, strict=True):
        door = Door(runner.server, tcp, tls if opening.tls else None, ways, turnstile, limits)
        opened.push_async_callback(cancel, asyncio.create_task(door.stand_open()))


async def cancel(task: asyncio.Task[None]) -> None:
    """End a task of ours, and wait until it has."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
