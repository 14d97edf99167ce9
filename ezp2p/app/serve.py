"""`ezp2p serve`: a company's rendezvous, until it is told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ezp2p.app.loop import run as run_loop
from ezp2p.app.places import server_data
from ezp2p.app.report import Reporter
from ezp2p.rendezvous.config import RendezvousConfig, parse_opening, parse_relays
from ezp2p.rendezvous.server import Rendezvous


def config_from(options: dict[str, Any]) -> RendezvousConfig:
    """Return the rendezvous' configuration as the command line gives it."""
    data: Path = options.get("data") or server_data()
    return RendezvousConfig(
        **listening_from(options),
        insecure_http=options["insecure_http"],
        discovery_port=options["discovery_port"],
        data=data,
        database_url=options["database"],
        company=options["company"],
        relays=parse_relays(options["relay"]),
    )


def listening_from(options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a ListenConfig as the command line gives them."""
    has_tls = options["tls_cert"] is not None
    proxies = options["trusted_proxies"].split(",")
    return {
        "host": options["host"],
        "port": options["port"],
        "udp_port": options["udp_port"],
        "listen": tuple(parse_opening(text, tls=has_tls) for text in options["listen"]),
        "public_url": options["public_url"],
        "tls_cert": options["tls_cert"],
        "tls_key": options["tls_key"],
        "trusted_proxies": tuple(proxy.strip() for proxy in proxies if proxy.strip()),
    }


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
