"""How connections leave: directly, by the proxy a person set, by the one the system names."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ezp2p.base.errors import EzError, UsageError
from ezp2p.link.outbound import Outbound, Proxy, ProxyKind, SystemProxies, parse_proxy
from ezp2p.link.server import login
from ezp2p.link.signalling import Signalling
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.signalling import RelayPort
from tests.support.proxy import http_proxy, needs_proxies, socks_proxy
from tests.support.rendezvous import RunningRendezvous, running_rendezvous
from tests.support.signal_server import answering, self_signed, signal_server

# --- reading


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("proxy.corp:3128", Proxy(ProxyKind.HTTP, "proxy.corp", 3128)),
        ("http://proxy.corp", Proxy(ProxyKind.HTTP, "proxy.corp", 8080)),
        ("socks5://10.0.0.1", Proxy(ProxyKind.SOCKS5, "10.0.0.1", 1080)),
        ("socks5h://[::1]:9050/", Proxy(ProxyKind.SOCKS5, "::1", 9050)),
        (" http://kim@p:1 ", Proxy(ProxyKind.HTTP, "p", 1, "kim")),
        ("http://kim:p%40ss%3A@p:1", Proxy(ProxyKind.HTTP, "p", 1, "kim", "p@ss:")),
    ],
)
def test_proxy_is_read_as_people_write_it(text: str, proxy: Proxy) -> None:
    assert parse_proxy(text) == proxy


@pytest.mark.parametrize(
    "text",
    ["", "ftp://kim:hunter2@p:1", "http://kim:hunter2@p:1/path", "http://kim:hunter2@p:99999"],
)
def test_address_that_is_no_proxy_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_proxy(text)
    assert "hunter2" not in str(refused.value)


def test_password_is_never_shown() -> None:
    proxy = parse_proxy("socks5://kim%20y:hunter2@proxy.corp:1080")
    assert str(proxy) == "socks5://kim%20y@proxy.corp:1080"
    assert "hunter2" not in f"{proxy} {proxy!r} {Outbound(proxy=proxy)!r}"


# --- the system's word


@pytest.mark.parametrize(
    ("settings", "scheme", "port"),
    [
        ({"https": "http://p:1", "http": "http://p:2"}, "https", 1),
        ({"https": "http://p:1", "http": "http://p:2"}, "http", 2),
        ({"all": "socks5://p:3"}, "https", 3),
        ({"socks": "socks://p:4"}, "https", 4),
        ({"http": "http://p:2"}, "https", None),
        ({"https": "quic://p:1"}, "https", None),
        ({}, "https", None),
    ],
)
async def test_system_names_the_proxy_for_a_scheme(
    settings: dict[str, str], scheme: str, port: int | None
) -> None:
    found = await SystemProxies(settings, lambda _: False).proxy_to("help.company.kr", scheme)
    assert (found.port if found else None) == port


async def test_hosts_that_the_system_exempts_are_reached_directly() -> None:
    system = SystemProxies({"all": "http://p:1"}, "inside.corp".__eq__)
    assert await system.proxy_to("inside.corp", "https") is None
    assert await system.proxy_to("outside.example", "https") is not None


def test_relay_ports_are_tried_in_the_order_firewalls_like_them() -> None:
    offered = [RelayPort(port=port, tls=True) for port in (8443, 51515, 80, 443)]
    assert [p.port for p in Outbound().ports_to_try(offered)] == [443, 80, 51515, 8443]
    chosen = Outbound(relay_ports=(51515, 443, 3000))
    assert [p.port for p in chosen.ports_to_try(offered)] == [51515, 443]


# --- through real proxies


async def log_in(server: RunningRendezvous, outbound: Outbound) -> str:
    """Log in and open a counselor's line; return whose login it is."""
    address = ServerAddress(server.url)
    answer = await login(address, "admin", server.admin_password, outbound)
    line = await Signalling.connect(address, answer.token, outbound)
    await line.close()
    return answer.login


async def failure(server: RunningRendezvous, outbound: Outbound) -> str:
    with pytest.raises(EzError) as failed:
        await log_in(server, outbound)
    return failed.value.key


@needs_proxies
@pytest.mark.parametrize(("who", "word"), [("", ""), ("kim", "p_w")], ids=["open", "password"])
async def test_login_and_signalling_go_through_an_http_proxy(
    tmp_path: Path, who: str, word: str
) -> None:
    with http_proxy(tmp_path, who, word) as proxy:
        async with running_rendezvous() as server:
            way = Proxy(ProxyKind.HTTP, "127.0.0.1", proxy.port, who, word)
            assert await log_in(server, Outbound(proxy=way)) == "admin"
    assert proxy.log.count(f"CONNECT 127.0.0.1:{server.port} ") == 2


@needs_proxies
@pytest.mark.parametrize(("who", "word"), [("", ""), ("kim", "p:w")], ids=["open", "password"])
async def test_login_and_signalling_go_through_a_socks_proxy(
    tmp_path: Path, who: str, word: str
) -> None:
    with socks_proxy(tmp_path, who, word) as proxy:
        async with running_rendezvous() as server:
            way = Proxy(ProxyKind.SOCKS5, "127.0.0.1", proxy.port, who, word)
            assert await log_in(server, Outbound(proxy=way)) == "admin"
    assert proxy.log.count(f"connected to 127.0.0.1:{server.port}") == 2


@needs_proxies
async def test_certificate_is_checked_behind_a_proxy_too(tmp_path: Path) -> None:
    tls, pin = self_signed(tmp_path)
    answer = answering(b'{"key":"login.wrong","message":"No."}', 401)
    async with signal_server(answer, tls=tls) as server:
        with http_proxy(tmp_path) as http, socks_proxy(tmp_path) as socks:
            for kind, port in ((ProxyKind.HTTP, http.port), (ProxyKind.SOCKS5, socks.port)):
                outbound = Outbound(proxy=Proxy(kind, "127.0.0.1", port))
                for pinned, key in (
                    (pin, "login.wrong"),
                    ("A" * 43, "server.certificate"),
                    (None, "server.certificate"),
                ):
                    with pytest.raises(EzError) as failed:
                        await login(replace(server.address, pin=pinned), "kim", "pw", outbound)
                    assert failed.value.key == key
        assert len(server.requests) == 2


@needs_proxies
async def test_proxy_that_wants_another_password_is_named_as_the_cause(tmp_path: Path) -> None:
    async with running_rendezvous() as server:
        with http_proxy(tmp_path, "kim", "right") as http, socks_proxy(tmp_path, "kim", "r") as so:
            for kind, port in ((ProxyKind.HTTP, http.port), (ProxyKind.SOCKS5, so.port)):
                for who in ("", "kim"):
                    way = Proxy(kind, "127.0.0.1", port, who, "wrong")
                    assert await failure(server, Outbound(proxy=way)) == "proxy.refused"


async def test_proxy_that_is_not_there_is_named_as_the_cause() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with running_rendezvous() as server:
            for kind in ProxyKind:
                outbound = Outbound(proxy=Proxy(kind, "127.0.0.1", port))
                assert await failure(server, outbound) == "proxy.unreachable"


@needs_proxies
async def test_server_that_is_down_behind_the_proxy_is_an_error_of_its_own(tmp_path: Path) -> None:
    async with running_rendezvous() as server:
        pass
    with http_proxy(tmp_path) as proxy:
        way = Proxy(ProxyKind.HTTP, "127.0.0.1", proxy.port)
        with pytest.raises(EzError, match=r"proxy\.refused"):
            await login(ServerAddress(server.url), "admin", "password", Outbound(proxy=way))


async def test_this_machine_is_reached_directly_whatever_the_system_says() -> None:
    async with running_rendezvous() as server:
        system = SystemProxies({"all": "http://127.0.0.1:9"}, lambda _: False)
        assert await log_in(server, Outbound(system=system)) == "admin"


async def test_no_proxy_at_all_may_be_chosen() -> None:
    system = SystemProxies({"all": "http://p:9"}, lambda _: False)
    connector = await Outbound(is_direct=True, system=system).connector("x.test", "https", True)
    by_proxy = await Outbound(system=system).connector("x.test", "https", True)
    assert type(connector) is not type(by_proxy)
    await connector.close()
    await by_proxy.close()
