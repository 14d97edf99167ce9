"""`ezp2p relay`: a relay apart from the rendezvous, until it is told to stop."""

from __future__ import annotations

import asyncio
from typing import Any

from ezp2p.app.loop import run as run_loop
from ezp2p.app.report import Reporter
from ezp2p.app.serve import listening_from
from ezp2p.base.errors import UsageError
from ezp2p.rendezvous.config import RelayConfig
from ezp2p.rendezvous.relay_server import RelayServer
from ezp2p.wire.keys import ErrorKey


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Carry datagrams until SIGTERM or Ctrl+C."""
    if options["rendezvous_key"] is None:
        raise UsageError(ErrorKey.USAGE, why="--rendezvous-key FILE is needed")
    config = RelayConfig(**listening_from(options), rendezvous_key=options["rendezvous_key"])
    run_loop(_carry(config, reporter))
    return 0


async def _carry(config: RelayConfig, reporter: Reporter) -> None:
    relay = RelayServer(config)
    started = await relay.start()
    try:
        address = str(started.address)
        reporter.event(
            "listening",
            reporter.texts.text("cli.relay", {"relay": address}),
            url=started.url,
            udp_port=started.address.udp_port,
            ports=[{"port": port.port, "tls": port.tls} for port in started.address.ports],
            relay=address,
        )
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        pass
    finally:
        await relay.close()
