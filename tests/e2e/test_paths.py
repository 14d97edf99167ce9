"""Which way the picture takes: directly where that works, through the company's relay otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rendezvous.certificate import self_signed
from tests.support.network import SERVER, can_make_networks, separated_homes
from tests.support.people import Screen
from tests.support.program import program


@pytest.mark.skipif(not can_make_networks(), reason="network namespaces need root and iproute2")
def test_homes_that_cannot_reach_each_other_meet_at_the_relay(
    customers_screen: Screen, tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path, SERVER)
    url = f"https://{SERVER}:3000"
    trusting = {"SSL_CERT_FILE": str(certificate)}
    with (
        separated_homes() as network,
        program(
            *("serve", "--host", SERVER, "--port", "3000", "--public-url", url),
            *("--data", str(tmp_path / "data")),
            *("--tls-cert", str(certificate), "--tls-key", str(key)),
            home=tmp_path / "server",
            before=network.inside(network.server),
        ) as server,
    ):
        listening = server.wait_for("listening")
        with (
            program(
                *("operator", "--server", url, "--login", "admin", "--ui", "none"),
                home=tmp_path / "counselor",
                environ=trusting | {"EZP2P_PASSWORD": listening["admin_password"]},
                before=network.inside(network.counselor),
            ) as counselor,
            program(
                *("customer", "--server", url, "--headless", "--grant", "view"),
                home=tmp_path / "customer",
                environ=trusting
                | customers_screen.environ
                | {"EZP2P_CODE": counselor.wait_for("waiting")["link"]},
                before=network.inside(network.customer),
            ) as customer,
        ):
            for each in (customer, counselor):
                assert each.wait_for("path")["kind"] == "relay-udp"
                each.wait_for("grants", granted=["view"])
