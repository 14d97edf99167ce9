"""What anybody is told about where a server listens."""

from __future__ import annotations

import aiohttp
import msgspec

import ezp2p
from ezp2p.rendezvous.config import Opening
from ezp2p.wire.signalling import NetworkAnswer, RelayPort
from tests.support.rendezvous import running_rendezvous


async def test_anybody_is_told_all_ports_that_are_really_open() -> None:
    more = (Opening("127.0.0.1", 0, False),)
    async with (
        running_rendezvous(listen=more, discovery_port=0) as server,
        aiohttp.ClientSession() as http,
        http.get(f"{server.url}/api/v1/network") as got,
    ):
        told = msgspec.json.decode(await got.read(), type=NetworkAnswer)

    assert told.version == ezp2p.__version__
    assert told.discovery.host == "127.0.0.1"
    assert tuple(told.discovery.udp_ports) == server.started.discovery_ports
    assert len(set(told.discovery.udp_ports)) == 2
    assert tuple(told.ports) == server.started.ports
    assert told.ports[0] == RelayPort(port=server.port, tls=False)
    assert len(told.ports) == 2
