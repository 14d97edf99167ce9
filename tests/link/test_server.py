"""Logging in at a server that may be down, slow of wit, or lying."""

from __future__ import annotations

import gzip
import socket
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from ezp2p.base.errors import EzError, Unreachable, UsageError
from ezp2p.link.server import ANSWER_LIMIT, login
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.signalling import LoginAnswer, LoginRequest, ProblemAnswer
from tests.support.signal_server import Handler, answering, self_signed, signal_server

ANSWER = LoginAnswer(
    token="t0ken",
    login="kim",
    name="김상담",
    role="counselor",
    company="한빛",
    site="main",
    expires_in_s=43200.0,
)
WELCOME = answering(msgspec.json.encode(ANSWER))


def problem(key: str, status: int, wait_s: float = 0.0) -> Handler:
    answer = ProblemAnswer(key=key, message="No.", wait_s=wait_s)
    return answering(msgspec.json.encode(answer), status)


async def failure(handler: Handler) -> EzError:
    """What login() makes of a server that answers so."""
    async with signal_server(handler) as server:
        with pytest.raises(EzError) as caught:
            await login(server.address, "kim", "password")
    return caught.value


async def test_right_password_gives_a_token() -> None:
    async with signal_server(WELCOME) as server:
        assert await login(server.address, "kim", "password") == ANSWER

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/api/v1/login")


async def test_site_login_and_password_arrive() -> None:
    bodies = []

    async def keep(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.read())
        return await WELCOME(request)

    async with signal_server(keep) as server:
        await login(replace(server.address, site="sales"), "kim", "pass wörd")

    asked = msgspec.json.decode(bodies[0], type=LoginRequest)
    assert asked == LoginRequest(site="sales", login="kim", password="pass wörd")


async def test_wrong_password_is_said_so() -> None:
    assert (await failure(problem("login.wrong", 401))).key == "login.wrong"


@pytest.mark.parametrize("name", ["", "a" * 65])
async def test_impossible_login_is_wrong_without_asking(name: str) -> None:
    async with signal_server(WELCOME) as server:
        with pytest.raises(EzError, match=r"login\.wrong"):
            await login(server.address, name, "password")

    assert server.requests == []


@pytest.mark.parametrize(
    ("told", "seconds"), [(2.5, 3), (-5.0, 0), (1e300, 86400)], ids=["some", "negative", "for ever"]
)
async def test_too_many_tries_say_how_long_to_wait(told: float, seconds: int) -> None:
    error = await failure(problem("login.wait", 429, told))

    assert (type(error), error.exit_code) == (EzError, 1)
    assert (error.key, error.fields["seconds"]) == ("login.wait", seconds)


@pytest.mark.parametrize(
    ("handler", "key"),
    [
        (problem("site.unknown", 404), "site.unknown"),
        (problem("server.busy", 503), "server.busy"),
        (problem("end.customer-ended", 403), "server.refused"),
        (answering(b"<html>", 404), "server.version"),
        (answering(b"<html>", 502), "server.busy"),
        (answering(b"<html>", 418), "server.version"),
        (answering(b"<html>"), "server.protocol"),
        (answering(b"{}"), "server.protocol"),
        (answering(b"[" * 16000), "server.protocol"),
        (answering(b"\xff\xfe"), "server.protocol"),
        (answering(b" " * (ANSWER_LIMIT + 1)), "server.protocol"),
        (answering(b"null"), "server.protocol"),
    ],
)
async def test_every_other_answer_has_its_error(handler: Handler, key: str) -> None:
    assert (await failure(handler)).key == key


@pytest.mark.parametrize("token", ["a\r\nX-Role: admin", "a b", "tökén", "\0"])
async def test_token_that_could_break_a_header_is_refused(token: str) -> None:
    hostile = msgspec.json.encode(msgspec.structs.replace(ANSWER, token=token))

    assert (await failure(answering(hostile))).key == "server.protocol"


async def test_compressed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(msgspec.json.encode(ANSWER))

    error = await failure(answering(packed, Content_Encoding="gzip"))

    assert error.key == "server.protocol"


async def test_redirect_is_not_followed_with_the_password() -> None:
    async with signal_server(WELCOME) as elsewhere:
        target = elsewhere.address.url + "/api/v1/login"
        for status in (301, 302, 307, 308):
            error = await failure(answering(b"", status, Location=target))
            assert error.key == "server.version"

        assert elsewhere.requests == []


async def test_server_that_is_down_is_named_with_its_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable) as caught:
            await login(ServerAddress(f"http://127.0.0.1:{port}"), "kim", "password")

    error = caught.value
    assert error.key == "server.unreachable"
    assert (error.fields["host"], error.fields["port"]) == ("127.0.0.1", port)


async def test_plain_http_to_another_machine_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(UsageError, match=r"server\.insecure"):
        await login(ServerAddress("http://192.0.2.1:3000"), "kim", "password")


# --- certificates


async def test_self_signed_server_is_refused_without_a_pin(tmp_path: Path) -> None:
    tls, _ = self_signed(tmp_path)
    async with signal_server(WELCOME, tls=tls) as server:
        with pytest.raises(Unreachable, match=r"server\.certificate"):
            await login(server.address, "kim", "password")

    assert server.requests == []


async def test_self_signed_server_is_trusted_by_the_pin_of_its_key(tmp_path: Path) -> None:
    tls, pin = self_signed(tmp_path)
    async with signal_server(WELCOME, tls=tls) as server:
        assert await login(replace(server.address, pin=pin), "kim", "password") == ANSWER


async def test_server_with_another_key_than_pinned_gets_no_request(tmp_path: Path) -> None:
    _, pin = self_signed(tmp_path)
    tls, _ = self_signed(tmp_path)
    async with signal_server(WELCOME, tls=tls) as server:
        with pytest.raises(Unreachable, match=r"server\.certificate"):
            await login(replace(server.address, pin=pin), "kim", "password")

    assert server.requests == []


async def test_pin_is_not_given_up_for_plain_http(tmp_path: Path) -> None:
    _, pin = self_signed(tmp_path)
    async with signal_server(WELCOME) as server:
        with pytest.raises(Unreachable, match=r"server\.certificate"):
            await login(replace(server.address, pin=pin), "kim", "password")

    assert server.requests == []


async def test_server_without_tls_where_https_was_meant_is_a_certificate_problem() -> None:
    async with signal_server(WELCOME) as server:
        https = ServerAddress(server.address.url.replace("http", "https"))
        with pytest.raises(Unreachable, match=r"server\.certificate"):
            await login(https, "kim", "password")
