"""What links carry, and where the relay listens, for each way to set a server up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ezp2p.rendezvous.config import RendezvousConfig, public_url, relay_host

CERT = Path("cert.pem")


@pytest.mark.parametrize(
    ("options", "url", "relay"),
    [
        ({"host": "127.0.0.1"}, "http://127.0.0.1:3000", "127.0.0.1"),
        ({"host": "localhost"}, "http://127.0.0.1:3000", "localhost"),
        ({"host": "::1"}, "http://[::1]:3000", "::1"),
        ({}, "http://127.0.0.1:3000", ""),  # plain http leads to this machine only
        ({"host": "0.0.0.0"}, "http://127.0.0.1:3000", "0.0.0.0"),
        ({"host": "192.0.2.1", "tls_cert": CERT}, "https://192.0.2.1:3000", "192.0.2.1"),
        ({"public_url": "https://help.company.kr"}, "https://help.company.kr", ""),
        ({"public_url": "https://help.company.kr:8443/"}, "https://help.company.kr:8443", ""),
        (
            {"host": "127.0.0.1", "public_url": "https://help.company.kr"},
            "https://help.company.kr",
            "",
        ),
        (
            {"host": "127.0.0.1", "public_url": "http://localhost:3000"},
            "http://localhost:3000",
            "127.0.0.1",
        ),
    ],
)
def test_links_and_relay_follow_the_way_the_server_is_reached(
    options: dict[str, object], url: str, relay: str
) -> None:
    config = RendezvousConfig(data=Path("data"), **options)  # type: ignore[arg-type]
    assert (public_url(config, 3000), relay_host(config)) == (url, relay)
