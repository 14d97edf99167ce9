"""Questions to servers that are ours, that are others, and whose certificates are none to trust."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

import ezp2p
from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import EzError
from ezp2p.link.inquiry import ask_server, hold, trust
from ezp2p.link.outbound import DIRECT, Outbound, Proxy, ProxyKind
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import ErrorKey, Hindrance
from ezp2p.wire.signalling import DiscoveryOffer, NetworkAnswer, ProblemAnswer
from tests.rendezvous.certificate import self_signed as certificate_for
from tests.support.proxy import http_proxy, needs_proxies
from tests.support.rendezvous import running_rendezvous
from tests.support.signal_server import (
    Handler,
    answering,
    self_signed,
    signal_server,
    talking,
)

CLOCK = SystemClock()
NETWORK = NetworkAnswer(version="9.9", discovery=DiscoveryOffer(host="h", udp_ports=[1]), ports=[])
OURS = answering(msgspec.json.encode(NETWORK))


@asynccontextmanager
async def raw_server(answer: bytes) -> AsyncIterator[ServerAddress]:
    """A TCP port that says this to everybody and hangs up; its address is an https one."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield ServerAddress(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")


# --- who it is


async def test_server_with_the_pinned_key_is_trusted_whatever_it_answers(tmp_path: Path) -> None:
    tls, pin = self_signed(tmp_path)
    for handler in (answering(b"x"), answering(b"", 302, Location="https://elsewhere.example")):
        async with signal_server(handler, tls=tls) as server:
            await trust(replace(server.address, pin=pin), DIRECT, CLOCK)
            assert [request.path for request in server.requests] == ["/healthz"]


async def mistrust(server: ServerAddress, outbound: Outbound = DIRECT) -> EzError:
    with pytest.raises(EzError) as failed:
        await trust(server, outbound, CLOCK)
    return failed.value


async def test_other_key_than_the_link_names_is_said_so(tmp_path: Path) -> None:
    tls, _ = self_signed(tmp_path)
    async with signal_server(OURS, tls=tls) as server:
        error = await mistrust(replace(server.address, pin="A" * 43))
    assert error.key == Hindrance.CERTIFICATE_PIN


@needs_proxies
async def test_certificate_of_nobody_known_is_shown_with_its_issuer(tmp_path: Path) -> None:
    tls, _ = self_signed(tmp_path)
    async with signal_server(OURS, tls=tls) as server:
        with http_proxy(tmp_path) as proxy:
            way = Outbound(proxy=Proxy(ProxyKind.HTTP, "127.0.0.1", proxy.port))
            for outbound in (DIRECT, way):
                error = await mistrust(server.address, outbound)
                assert error.key == Hindrance.CERTIFICATE_UNKNOWN
                assert error.fields["issuer"] == "CN=help.company.kr"


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Hindrance.NO_TLS),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Hindrance.NO_TLS),
        (b"", Hindrance.TLS_CUT),
    ],
    ids=["http", "ssh", "hangs-up"],
)
async def test_server_without_tls_is_told_from_one_that_is_cut_off(answer: bytes, key: str) -> None:
    async with raw_server(answer) as server:
        error = await mistrust(server)
    assert error.key == key
    assert error.fields["port"] == server.port


async def test_name_in_a_strange_certificate_is_cut_short_and_freed_of_signs(
    tmp_path: Path,
) -> None:
    chain, key = certificate_for(tmp_path, name="x\n\x1b[2J" + "y" * 50)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    async with signal_server(OURS, tls=context) as server:
        issuer = str((await mistrust(server.address)).fields["issuer"])
    assert issuer.isprintable()
    assert len(issuer) <= 80


# --- what it is


async def test_rendezvous_says_where_it_listens_and_what_time_it_is() -> None:
    async with running_rendezvous() as server:
        told = await ask_server(ServerAddress(server.url), DIRECT, CLOCK)
    assert told.network.version == ezp2p.__version__
    assert told.network.ports[0].port == server.port
    assert told.date is not None
    assert abs(told.date - time.time()) < 60
    assert 0 <= told.round_trip_s < 60


@pytest.mark.parametrize("date", ["yesterday", "", "Sat, 99 Foo 9999 00:00:00 GMT"])
async def test_server_that_tells_no_time_has_none(date: str) -> None:
    async with signal_server(answering(msgspec.json.encode(NETWORK), Date=date)) as server:
        told = await ask_server(server.address, DIRECT, CLOCK)
    assert told.date is None


def problem(key: str, status: int) -> Handler:
    return answering(msgspec.json.encode(ProblemAnswer(key=key, message="No.")), status)


@pytest.mark.parametrize(
    ("handler", "key"),
    [
        (answering(b"<html>"), Hindrance.SERVER_OTHER),
        (answering(b"<html>", 404), Hindrance.SERVER_OTHER),
        (answering(b"<html>", 503), Hindrance.SERVER_OTHER),
        (answering(b"", 302, Location="http://login.hotel.example/"), Hindrance.SERVER_OTHER),
        (answering(b"{}"), Hindrance.SERVER_OTHER),
        (answering(b"[" * 16000), Hindrance.SERVER_OTHER),
        (answering(b"\xff\xfe" * 50_000), Hindrance.SERVER_OTHER),
        (problem("usage", 404), ErrorKey.SERVER_VERSION),
        (problem("server.busy", 503), ErrorKey.SERVER_BUSY),
    ],
)
async def test_what_is_no_rendezvous_is_told_from_one_that_cannot(
    handler: Handler, key: str
) -> None:
    async with signal_server(handler) as server:
        with pytest.raises(EzError) as failed:
            await ask_server(server.address, DIRECT, CLOCK)
    assert failed.value.key == key


async def test_what_speaks_no_http_is_something_else() -> None:
    async with raw_server(b"220 mail.example ESMTP\r\n") as server:
        http = ServerAddress(server.url.replace("https", "http"))
        with pytest.raises(EzError, match=Hindrance.SERVER_OTHER):
            await ask_server(http, DIRECT, CLOCK)


async def test_plain_http_to_another_machine_is_not_asked() -> None:
    with pytest.raises(EzError, match=ErrorKey.SERVER_INSECURE):
        await ask_server(ServerAddress("http://192.0.2.1"), DIRECT, CLOCK)


# --- whether a line stays


async def test_line_to_a_rendezvous_stays() -> None:
    async with running_rendezvous() as server:
        await hold(ServerAddress(server.url), DIRECT)


async def leave(line: web.WebSocketResponse) -> None:
    await line.close()


@pytest.mark.parametrize(
    ("handler", "key"),
    [
        (talking(leave), Hindrance.LINE_CUT),
        (answering(b"<html>"), Hindrance.LINE_REFUSED),
        (answering(b"", 403), Hindrance.LINE_REFUSED),
        (answering(b"", 503), ErrorKey.SERVER_BUSY),
    ],
    ids=["closed", "page", "forbidden", "busy"],
)
async def test_line_that_does_not_come_about_or_stay_is_said_so(handler: Handler, key: str) -> None:
    async with signal_server(handler) as server:
        with pytest.raises(EzError) as failed:
            await hold(server.address, DIRECT)
    assert failed.value.key == key
