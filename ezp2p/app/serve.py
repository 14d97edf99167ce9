"""`ezp2p serve`: a company's rendezvous, until it is told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ezp2p.app.loop import run as run_loop
from ezp2p.app.places import server_data
from ezp2p.app.report import Reporter
from ezp2p.rendezvous.config import RendezvousConfig, parse_opening
from ezp2p.rendezvous.server import Rendezvous


def config_from(options: dict[str, Any]) -> RendezvousConfig:
    """Return the rendezvous' configuration as the command line gives it."""
    data: Path = options.get("data") or server_data()
    return RendezvousConfig(
        host=options["host"],
        port=options["port"],
        udp_port=options["udp_port"],
        listen=tuple(
            parse_opening(text, tls=options["tls_cert"] is not None) for text in options["listen"]
        ),
        discovery_port=options["discovery_port"],
        public_url=options["public_url"],
        data=data,
        database_url=options["database"],
        tls_cert=options["tls_cert"],
        tls_key=options["tls_key"],
        insecure_http=options["insecure_http"],
        company=options["company"],
        trusted_proxies=tuple(
            part.strip() for part in options["trusted_proxies"].split(",") if part.strip()
        ),
    )


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Serve until SIGTERM or Ctrl+C."""
    run_loop(_serve(config_from(options), reporter))
    return 0


async def _serve(config: RendezvousConfig, reporter: Reporter) -> None:
    rendezvous = Rendezvous(config)
    started = await rendezvous.start()
    try:
        texts = reporter.texts
        page = f"{started.url}/{started.site}"
        sentence = texts.text("cli.listening", {"url": page})
        if started.admin_password:
            fields = {"login": started.admin_login, "password": started.admin_password}
            sentence += "\n" + texts.text("cli.first-admin", fields)
        reporter.event(
            "listening",
            sentence,
            url=started.url,
            page=page,
            site=started.site,
            udp_port=started.udp_port,
            ports=[{"port": port.port, "tls": port.tls} for port in started.ports],
            discovery_ports=list(started.discovery_ports),
            admin_login=started.admin_login,
            **({"admin_password": started.admin_password} if started.admin_password else {}),
        )
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        pass
    finally:
        await rendezvous.close()
