"""`ezp2p doctor` as people and scripts run it: in good order, behind certificates, in networks."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rendezvous.certificate import self_signed
from tests.support.company import company
from tests.support.network import (
    PUBLIC_SERVER,
    NatKind,
    Network,
    can_make_routers,
    can_make_upnp_routers,
    opened_ports,
    routed_homes,
    upnp,
)
from tests.support.program import Program, finished, program
from tests.support.signal_server import answering, signal_server
from tests.support.xvfb import xvfb

NETWORK = (
    *("network", "proxy", "name", "port", "certificate", "server", "clock", "line", "ports"),
    *("udp", "mapping", "router"),
)
MACHINE = ("data", "screen", "input", "end-key", "window")
NO_UPNP = ("--upnp", "off")


def states(said: Program) -> dict[str, str]:
    return {e["name"]: e["state"] for e in said.events if e["event"] == "check"}


def key_of(said: Program, name: str) -> str:
    return next(str(e["key"]) for e in said.events if e["event"] == "check" and e["name"] == name)


def test_all_is_well_where_a_server_runs_and_a_display(tmp_path: Path) -> None:
    with company(tmp_path) as hanbit, xvfb(320, 200) as display:
        x11 = {name: display.environ[name] for name in ("DISPLAY", "XAUTHORITY")}
        code, said = finished(
            *("doctor", "--server", hanbit.url, *NO_UPNP), home=tmp_path / "well", environ=x11
        )
    checks = states(said)
    assert tuple(checks) == NETWORK + MACHINE
    assert {name for name, state in checks.items() if state != "good"} == {"router"}
    summary = said.events[-1]
    assert (code, summary["event"], summary["ok"]) == (0, "checked", True), said.story()
    assert (summary["first"], summary["key"]) == (None, "doctor.well")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_person_reads_every_step_and_at_last_what_to_do(tmp_path: Path, language: str) -> None:
    arguments = ("doctor", "--server", "127.0.0.1:9", *NO_UPNP)
    code, said = finished(*arguments, home=tmp_path, as_json=False, language=language)
    *checks, blank, last = said.lines
    assert code == 1
    assert len(checks) == len(NETWORK + MACHINE)
    assert all(line[0] in "✓!✗-" for line in checks)
    assert not any(sign in line for line in said.lines for sign in ("{", "check.", "hindrance."))
    assert blank == ""
    assert "127.0.0.1" in last
    assert last in checks[3]


def test_script_reads_which_step_failed_first_and_which_were_left_out(tmp_path: Path) -> None:
    code, said = finished("doctor", "--server", "127.0.0.1:9", *NO_UPNP, home=tmp_path)
    events = {event.get("name"): event for event in said.events}
    assert code == 1
    port, line = events["port"], events["line"]
    assert (port["ok"], port["key"]) == (False, "hindrance.port-refused")
    assert port["fields"] == {"host": "127.0.0.1", "port": "9"}
    assert (line["ok"], line["state"]) == (None, "skipped")
    assert {name for name, state in states(said).items() if state == "bad"} == {
        *("port", "screen", "input", "end-key", "window")
    }
    assert said.events[-1]["first"] == "port"


def test_without_a_server_the_machine_is_looked_at_alone(tmp_path: Path) -> None:
    _, said = finished("doctor", home=tmp_path)
    assert tuple(states(said)) == ("network", *MACHINE)


def test_address_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    code, said = finished("doctor", "--server", "http://help.company.kr", home=tmp_path)
    assert (code, said.events[-1]["key"]) == (2, "server.insecure")


# --- certificates, by an authority that this machine trusts


@pytest.mark.parametrize(
    ("host", "years", "date", "key", "field"),
    [
        ("127.0.0.1", (2000, 2001), "", "certificate-expired", ("until", "2001-01-01")),
        ("127.0.0.1", (2090, 2099), "", "certificate-early", ("since", "2090-01-01")),
        ("192.0.2.7", (2000, 2099), "", "certificate-name", ("names", "192.0.2.7")),
        (
            *("127.0.0.1", (2000, 2001), "Sat, 01 Jul 2000 12:00:00 GMT"),
            *("certificate-clock", ("theirs", "2000-07-01 12:00")),
        ),
    ],
    ids=["expired", "early", "other-name", "our-clock"],
)
async def test_certificate_that_proves_nothing_is_explained(
    tmp_path: Path, host: str, years: tuple[int, int], date: str, key: str, field: tuple[str, str]
) -> None:
    chain, private = self_signed(tmp_path, host, years=years)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, private)
    answer = answering(b"{}", Date=date) if date else answering(b"{}")
    async with signal_server(answer, tls=context) as server:
        said = await examined(server.address.url, tmp_path, chain)
    (check,) = [e for e in said.events if e.get("name") == "certificate"]
    assert check["key"] == f"hindrance.{key}", said.story()
    assert check["fields"][field[0]] == field[1]
    assert said.events[-1]["first"] == "certificate"


async def examined(url: str, folder: Path, trusted: Path) -> Program:
    """Run the doctor while this loop goes on serving."""
    environ = {"SSL_CERT_FILE": str(trusted), "TZ": "UTC"}
    home = folder / "home"
    _, said = await asyncio.to_thread(
        finished, "doctor", "--server", url, *NO_UPNP, home=home, environ=environ
    )
    return said


# --- networks


@contextlib.contextmanager
def serving(network: Network, folder: Path) -> Iterator[tuple[str, Path]]:
    """A rendezvous on the net in the middle; its address, and the certificate to trust."""
    certificate, key = self_signed(folder, PUBLIC_SERVER)
    url = f"https://{PUBLIC_SERVER}:3000"
    with program(
        *("serve", "--host", PUBLIC_SERVER, "--port", "3000", "--public-url", url),
        *("--data", str(folder / "data")),
        *("--tls-cert", str(certificate), "--tls-key", str(key)),
        home=folder / "server",
        before=network.inside(network.server),
    ) as server:
        server.wait_for("listening")
        yield url, certificate


def at_the_customers(
    network: Network, url: str, certificate: Path, home: Path, *arguments: str
) -> Program:
    """Run the doctor there until it ends by itself."""
    with program(
        *("doctor", "--server", url, *arguments),
        home=home,
        environ={"SSL_CERT_FILE": str(certificate)},
        before=network.inside(network.customer),
    ) as doctor:
        doctor.exit_code()
    return doctor


@pytest.mark.slow
@pytest.mark.skipif(not can_make_routers(), reason="networks with NAT need root and nftables")
def test_network_that_lets_no_udp_through_is_named(tmp_path: Path) -> None:
    with routed_homes(NatKind.KEEPS, NatKind.KEEPS) as network, serving(network, tmp_path) as at:
        well = at_the_customers(network, *at, tmp_path / "well", *NO_UPNP)
        network.block_udp_to_server()
        ill = at_the_customers(network, *at, tmp_path / "ill", *NO_UPNP)
    assert states(well)["udp"] == states(well)["mapping"] == "good"
    assert (states(ill)["udp"], states(ill)["mapping"]) == ("worse", "skipped")
    assert (states(ill)["line"], key_of(ill, "udp")) == ("good", "hindrance.udp-silent")


@pytest.mark.slow
@pytest.mark.skipif(not can_make_upnp_routers(), reason="needs root, nftables and miniupnpd")
def test_router_that_draws_ports_and_opens_one_is_seen_as_both(tmp_path: Path) -> None:
    with routed_homes(NatKind.DRAWS, NatKind.KEEPS) as network, serving(network, tmp_path) as at:
        router = network.customers_router
        with upnp(router, "11.22.33.10", "192.168.7", tmp_path):
            said = at_the_customers(network, *at, tmp_path / "home")
        left_open = opened_ports(router)
    assert (states(said)["mapping"], key_of(said, "mapping")) == (
        "worse",
        "hindrance.mapping-varying",
    )
    (check,) = [e for e in said.events if e.get("name") == "router"]
    assert check["facts"]["opened"].startswith("11.22.33.10:"), said.story()
    assert left_open == 0


@pytest.mark.slow
@pytest.mark.skipif(not can_make_routers(), reason="networks with NAT need root and nftables")
def test_cut_cable_is_told_from_a_name_service_that_is_silent(tmp_path: Path) -> None:
    with routed_homes(NatKind.KEEPS, NatKind.KEEPS) as network:
        nowhere = ("https://help.example", tmp_path / "none.pem")
        with name_service(network.customer, "127.0.0.1"):
            silent = at_the_customers(network, *nowhere, tmp_path / "silent", *NO_UPNP)
        network.unplug(network.customer)
        offline = at_the_customers(network, *nowhere, tmp_path / "offline", *NO_UPNP)
    assert (silent.events[-1]["first"], silent.events[-1]["key"]) == (
        "name",
        "hindrance.name-silent",
    )
    assert (offline.events[-1]["first"], offline.events[-1]["key"]) == (
        "network",
        "hindrance.offline",
    )


@contextlib.contextmanager
def name_service(namespace: str, address: str) -> Iterator[None]:
    """Have a network's programs ask this address for names; `ip netns exec` sees to it."""
    folder = Path("/etc/netns") / namespace
    folder.mkdir(parents=True)
    try:
        (folder / "resolv.conf").write_text(f"nameserver {address}\n")
        yield
    finally:
        (folder / "resolv.conf").unlink()
        folder.rmdir()
