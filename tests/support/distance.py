"""A customer and a counselor in different networks, and their company's server in a third.

with apart(network, SERVER, screen, folder) as people:
    people.customer.wait_for("path")
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.rendezvous.certificate import self_signed
from tests.support.network import Network
from tests.support.people import Screen
from tests.support.program import Program, program


@dataclass(frozen=True, slots=True)
class Apart:
    """Three programs, each in a network of its own."""

    network: Network
    server: Program
    counselor: Program
    customer: Program

    @property
    def both(self) -> tuple[Program, Program]:
        """The two who have met."""
        return self.customer, self.counselor


@contextlib.contextmanager
def apart(
    network: Network,
    host: str,
    screen: Screen,
    folder: Path,
    *arguments: str,
    grant: str = "view",
) -> Iterator[Apart]:
    """Run a server at this address, and let the two meet there by a link; `arguments` are the
    customer's."""
    certificate, key = self_signed(folder, host)
    url = f"https://{host}:3000"
    trusting = {"SSL_CERT_FILE": str(certificate)}
    with program(
        *("serve", "--host", host, "--port", "3000", "--public-url", url),
        *("--data", str(folder / "data")),
        *("--tls-cert", str(certificate), "--tls-key", str(key)),
        home=folder / "server",
        before=network.inside(network.server),
    ) as server:
        listening = server.wait_for("listening")
        with (
            program(
                *("operator", "--server", url, "--login", "admin", "--ui", "none"),
                home=folder / "counselor",
                environ=trusting | {"EZP2P_PASSWORD": listening["admin_password"]},
                before=network.inside(network.counselor),
            ) as counselor,
            program(
                *("customer", "--server", url, "--headless", "--grant", grant, *arguments),
                home=folder / "customer",
                environ=trusting
                | screen.environ
                | {"EZP2P_CODE": counselor.wait_for("waiting")["link"]},
                before=network.inside(network.customer),
            ) as customer,
        ):
            yield Apart(network, server, counselor, customer)
