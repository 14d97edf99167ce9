"""A relay apart from the rendezvous: nearer to the people, or where the lines are thick.

It knows the rendezvous' public key and nothing else: no accounts, no records. Programs are sent
to it by the rendezvous (`serve --relay`), measure which relay is the nearest, and go to another
one in the middle of a session when theirs dies.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from ezp2p.base.clock import Clock, SystemClock
from ezp2p.rendezvous.accounts import Account
from ezp2p.rendezvous.address import Ways
from ezp2p.rendezvous.api import Health
from ezp2p.rendezvous.config import RelayConfig
from ezp2p.rendezvous.doors import cancel, certificate, open_doors, open_ports
from ezp2p.rendezvous.folder import read_public_key
from ezp2p.rendezvous.relay import RelayTable
from ezp2p.rendezvous.relay_websocket import RelayWebSockets
from ezp2p.rendezvous.tickets import RelayAddress
from ezp2p.rendezvous.udp_port import UdpPort
from ezp2p.rendezvous.web import Access, Asking, Desk, Route, json_response
from ezp2p.wire.datagram import RELAY_BIND, RELAYED

_TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class RelayStarted:
    """What `ezp2p relay` prints; `address` is what the rendezvous must be told."""

    url: str
    address: RelayAddress


class RelayServer:
    """One running relay."""

    def __init__(self, config: RelayConfig, clock: Clock | None = None) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self._opened = AsyncExitStack()

    async def start(self) -> RelayStarted:
        """Serve from now on; raises as Rendezvous.start does, and UsageError for a bad key."""
        try:
            return await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let everybody go and stop listening."""
        await self._opened.aclose()

    async def _start(self) -> RelayStarted:
        config = self._config
        tls = certificate(config)
        key = read_public_key(config.rendezvous_key)
        ports = open_ports(config, self._opened)
        host = urlsplit(ports.url).hostname or ""
        address = RelayAddress(host, ports.udp_port, tuple(ports.told))
        table = RelayTable(key, address.id, secrets.token_bytes(32))
        udp = UdpPort({RELAYED: table, RELAY_BIND: table}, ports.udp, self._clock, table)
        udp.start()
        self._opened.callback(udp.close)
        tubes = RelayWebSockets(table, udp, self._clock, config.limits)
        ways = Ways(config, ports.url)
        desk = Desk(
            _NoTokens(),
            ways,
            _NoPages(),
            self._clock,
            config.limits,
            https=ports.url.startswith("https:"),
        )
        await open_doors(
            desk.application([tubes.route(), _health()]), ways, ports, tls, config, self._opened
        )
        self._opened.push_async_callback(tubes.close)
        watching = asyncio.create_task(self._watch(table))
        self._opened.push_async_callback(cancel, watching)
        return RelayStarted(ports.url, address)

    async def _watch(self, table: RelayTable) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            table.sweep(self._clock.now(), self._clock.wall())


class _NoTokens:
    """Nobody logs in at a relay."""

    async def by_token(self, token: str, wall: float) -> Account | None:
        return None


class _NoPages:
    """Nobody looks at a relay."""

    def error(self, _request: web.Request, status: int) -> web.Response:
        return web.Response(status=status)


def _health() -> Route:
    async def answer(_asking: Asking) -> web.StreamResponse:
        return json_response(Health(status="ok"))

    return Route(
        method="GET",
        path="/healthz",
        handler=answer,
        access=Access.ANYONE,
        summary="The process answers",
        answer=Health,
    )
