"""The way to a server, question by question, at real servers."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from ezp2p.base.clock import SystemClock
from ezp2p.link.lookout import Ways
from ezp2p.link.outbound import DIRECT, Outbound, Proxy, ProxyKind
from ezp2p.link.router import RouterWorker
from ezp2p.nat.route import Address
from ezp2p.nat.upnp import RouterRefused
from ezp2p.rendezvous.config import Opening
from ezp2p.rendezvous.tickets import RelayAddress
from ezp2p.session.checkup import Checkup, Finding, first_wrong
from ezp2p.session.network import NetworkQuestions, no_questions
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import CheckName, CheckState, ErrorKey, Hindrance
from ezp2p.wire.signalling import DiscoveryOffer, NetworkAnswer, RelayPort
from tests.support.proxy import http_proxy, needs_proxies, socks_proxy
from tests.support.rendezvous import running_rendezvous
from tests.support.signal_server import answering, self_signed, signal_server

NO_WAYS = Ways()
ALL = [
    check.name
    for check in NetworkQuestions(
        ServerAddress("http://127.0.0.1"), DIRECT, NO_WAYS, SystemClock()
    ).checks()
]


@dataclass
class ShiftedClock(SystemClock):
    """This machine's clock, set wrong by so much."""

    ahead_s: float = 0.0

    def wall(self) -> float:
        return super().wall() + self.ahead_s


async def examine(
    server: ServerAddress,
    outbound: Outbound = DIRECT,
    ways: Ways = NO_WAYS,
    ahead_s: float = 0.0,
) -> dict[CheckName, Finding]:
    clock = ShiftedClock(ahead_s)
    checks = NetworkQuestions(server, outbound, ways, clock).checks()
    findings = await Checkup(checks, clock).run(lambda _: None)
    return {finding.name: finding for finding in findings}


def first(found: dict[CheckName, Finding]) -> tuple[CheckName, str] | None:
    wrong = first_wrong(found.values())
    return None if wrong is None else (wrong.name, wrong.key)


async def test_everything_is_well_at_a_server_on_this_machine() -> None:
    more = (Opening("127.0.0.1", 0, False),)
    async with running_rendezvous(listen=more, discovery_port=0) as server:
        found = await examine(ServerAddress(server.url))
    assert list(found) == ALL
    assert first(found) is None
    opened = ", ".join(str(port.port) for port in server.started.ports)
    assert found[CheckName.PORTS].facts == {"open": opened, "closed": "none"}
    assert found[CheckName.UDP].facts["answered"] == "2/2"
    assert found[CheckName.MAPPING].facts == {"mapping": "steady"}
    assert found[CheckName.PROXY].facts == {"proxy": "none"}
    router = found[CheckName.ROUTER]
    assert (router.state, router.key) == (CheckState.SKIPPED, Hindrance.ROUTER_UNASKED)


@pytest.mark.parametrize("ahead_s", [-7 * 60.0, 7 * 60.0])
async def test_clock_that_is_wrong_by_minutes_is_told(ahead_s: float) -> None:
    async with running_rendezvous() as server:
        found = await examine(ServerAddress(server.url), ahead_s=ahead_s)
    assert first(found) == (CheckName.CLOCK, Hindrance.CLOCK_OFF)
    assert found[CheckName.CLOCK].fields == {"minutes": "7"}


async def test_clock_that_is_wrong_by_seconds_is_fine() -> None:
    async with running_rendezvous() as server:
        assert first(await examine(ServerAddress(server.url), ahead_s=100.0)) is None


async def test_server_that_is_down_is_told_with_its_port_and_the_rest_is_skipped() -> None:
    async with running_rendezvous() as server:
        pass
    found = await examine(ServerAddress(server.url))
    assert first(found) == (CheckName.PORT, Hindrance.PORT_REFUSED)
    assert found[CheckName.PORT].fields["port"] == str(server.port)
    after = ALL[ALL.index(CheckName.PORT) + 1 :]
    assert {found[name].state for name in after} == {CheckState.SKIPPED}


async def test_name_that_leads_nowhere_is_told_before_anything_else() -> None:
    found = await examine(ServerAddress("https://a..example"))
    assert first(found) == (CheckName.NAME, Hindrance.NAME_UNKNOWN)
    assert found[CheckName.NETWORK].state is CheckState.GOOD


async def test_server_that_is_something_else_is_told() -> None:
    async with signal_server(answering(b"<html>")) as server:
        found = await examine(server.address)
    assert first(found) == (CheckName.SERVER, Hindrance.SERVER_OTHER)


async def test_reverse_proxy_that_passes_no_websocket_on_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        told = NetworkAnswer(
            version="1",
            discovery=DiscoveryOffer(host="127.0.0.1", udp_ports=[deaf.getsockname()[1]]),
            ports=[RelayPort(port=1, tls=True)],
        )
        async with signal_server(answering(msgspec.json.encode(told))) as server:
            found = await examine(server.address)
    assert first(found) == (CheckName.LINE, Hindrance.LINE_REFUSED)
    assert found[CheckName.LINE].fields["status"] == "200"
    ports = found[CheckName.PORTS]
    assert (ports.state, ports.key) == (CheckState.GOOD, Hindrance.PORTS_CLOSED)
    assert ports.fields == {"open": str(server.address.port), "closed": "1"}
    udp = found[CheckName.UDP]
    assert (udp.state, udp.key) == (CheckState.WORSE, Hindrance.UDP_SILENT)
    assert found[CheckName.MAPPING].state is CheckState.SKIPPED


async def test_certificate_of_nobody_known_is_told(tmp_path: Path) -> None:
    tls, _ = self_signed(tmp_path)
    async with signal_server(answering(b"x"), tls=tls) as server:
        found = await examine(server.address)
    assert first(found) == (CheckName.CERTIFICATE, Hindrance.CERTIFICATE_UNKNOWN)


async def test_relay_that_stands_apart_and_is_closed_is_named() -> None:
    async with running_rendezvous() as apart:
        relays = tuple(
            RelayAddress(host, 4000, (RelayPort(port=port, tls=False),))
            for host, port in (("localhost", apart.port), ("127.0.0.2", 9))
        )
        async with running_rendezvous(relays=relays) as server:
            found = await examine(ServerAddress(server.url))
            asked_there = found[CheckName.PORTS]
            assert asked_there.facts["open"] == f"{server.port}, localhost:{apart.port}"
    assert first(found) == (CheckName.PORTS, Hindrance.RELAY_CLOSED)
    assert asked_there.fields == {"relays": "127.0.0.2", "ports": "9"}


@needs_proxies
async def test_everything_is_asked_through_the_proxy_but_udp(tmp_path: Path) -> None:
    async with running_rendezvous(listen=(Opening("127.0.0.1", 0, False),)) as server:
        with http_proxy(tmp_path) as http, socks_proxy(tmp_path) as socks:
            for kind, port in ((ProxyKind.HTTP, http.port), (ProxyKind.SOCKS5, socks.port)):
                proxy = Proxy(kind, "127.0.0.1", port)
                found = await examine(ServerAddress(server.url), Outbound(proxy=proxy))
                assert first(found) is None
                assert found[CheckName.PROXY].facts == {"proxy": str(proxy)}
                assert found[CheckName.PORT].facts["by"] == "proxy"
                assert found[CheckName.PORTS].facts["closed"] == "none"
            # Port, server, line; the certificate needs no connection without TLS.
            assert http.log.count(f"CONNECT 127.0.0.1:{server.port} ") == 3


@needs_proxies
async def test_proxy_that_wants_a_password_is_the_cause(tmp_path: Path) -> None:
    async with running_rendezvous() as server:
        with http_proxy(tmp_path, "kim", "right") as http:
            proxy = Proxy(ProxyKind.HTTP, "127.0.0.1", http.port, "kim", "wrong")
            found = await examine(ServerAddress(server.url), Outbound(proxy=proxy))
    assert first(found) == (CheckName.PORT, ErrorKey.PROXY_REFUSED)
    assert "wrong" not in str(found)


async def test_proxy_that_is_not_there_is_the_cause() -> None:
    proxy = Proxy(ProxyKind.HTTP, "127.0.0.1", 9)
    found = await examine(ServerAddress("https://help.company.kr"), Outbound(proxy=proxy))
    assert first(found) == (CheckName.PROXY, ErrorKey.PROXY_UNREACHABLE)


class ClosedRouter:
    """A router that opens nothing."""

    def open(self, inner_port: int, outer_port: int, lease_s: int) -> Address:
        raise RouterRefused("not permitted")

    def close(self, outer_port: int) -> None:
        raise AssertionError("nothing is open")


async def test_router_that_opens_nothing_is_no_problem_but_said() -> None:
    ways = Ways(router=RouterWorker(ClosedRouter()))
    async with running_rendezvous() as server:
        found = await examine(ServerAddress(server.url), ways=ways)
    assert first(found) is None
    router = found[CheckName.ROUTER]
    assert (router.key, router.facts) == (Hindrance.ROUTER_CLOSED, {"why": "not permitted"})


async def test_without_a_server_only_this_machine_is_looked_at() -> None:
    (found,) = await Checkup(no_questions(), SystemClock()).run(lambda _: None)
    assert found.name is CheckName.NETWORK
