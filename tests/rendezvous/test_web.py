"""Who may use which route, and what strangers send to all of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from ezp2p.base.clock import SystemClock
from ezp2p.rendezvous.admin import open_admin
from ezp2p.rendezvous.web import Access, Asking, Route, check_marks
from ezp2p.wire.keys import ErrorKey
from tests.support.rendezvous import RunningRendezvous, running_rendezvous

# Every route but the pages: method, path, and what anybody, a counselor and an admin get.
MATRIX = {
    ("POST", "/api/v1/login"): (400, 400, 400),  # the matrix sends no body
    ("POST", "/api/v1/logout"): (401, 204, 204),
    ("GET", "/api/v1/me"): (401, 200, 200),
    ("GET", "/api/v1/alarms"): (401, 403, 200),
    ("GET", "/api/v1/signal"): (400, 400, 400),  # no upgrade
    ("GET", "/api/v1/relay"): (400, 400, 400),  # no upgrade
    ("GET", "/api/v1/network"): (200, 200, 200),
    ("GET", "/api/v1/openapi.json"): (200, 200, 200),
    ("GET", "/healthz"): (200, 200, 200),
    ("GET", "/readyz"): (200, 200, 200),
}

HOSTILE_ORIGINS = [
    "https://evil.example",
    "null",
    "https://help.company.kr.evil.example",
    "https://evil.example/help.company.kr",
    "http://help.company.kr",
    "https://help.company.kr:444",
    "https://help.company.kr@evil.example",
    "",
    "garbage",
    "file://",
    "http://[",
]


@pytest.fixture
async def server() -> AsyncIterator[RunningRendezvous]:
    async with running_rendezvous() as running:
        yield running


async def ask(
    url: str, method: str = "GET", *, data: bytes | None = None, **headers: str
) -> tuple[int, bytes, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as http,
        http.request(
            method, URL(url, encoded=True), data=data, headers=named, allow_redirects=False
        ) as answer,
    ):
        return answer.status, await answer.read(), answer.headers


async def anna_logs_in(server: RunningRendezvous) -> str:
    body = b'{"site":"main","login":"anna","password":"anna\'s password"}'
    _, answer, _ = await ask(f"{server.url}/api/v1/login", "POST", data=body)
    return str(json.loads(answer)["token"])


async def test_every_route_answers_every_role_as_the_matrix_says(
    server: RunningRendezvous,
) -> None:
    async with open_admin(server.config, SystemClock()) as office:
        await office.add_counselor("main", "anna", "Anna", "anna's password")
    for (method, path), expected in MATRIX.items():
        anna, admin = await anna_logs_in(server), (await server.login()).token
        statuses = [(await ask(server.url + path, method))[0]]
        for token in (anna, admin):
            status, _, _ = await ask(server.url + path, method, Authorization=f"Bearer {token}")
            statuses.append(status)
        assert tuple(statuses) == expected, (method, path)


async def test_openapi_lists_exactly_the_routes_of_the_matrix(server: RunningRendezvous) -> None:
    _, body, _ = await ask(f"{server.url}/api/v1/openapi.json")
    document = json.loads(body)
    assert {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    } == set(MATRIX)


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Basic YWRtaW46eA==", "bearer x y", "Bearer " + "a" * 5000, "x"],
)
async def test_authorization_that_is_no_token_is_refused_everywhere(
    server: RunningRendezvous, authorization: str
) -> None:
    for method, path in MATRIX:
        status, _, _ = await ask(server.url + path, method, Authorization=authorization)
        assert status == 401, path


async def test_mutated_paths_and_override_headers_open_no_door(server: RunningRendezvous) -> None:
    """ScreenConnect's CVE-2024-1709: a trailing path part reopened the set-up wizard."""
    mutations = ["{}/x", "{}/", "/{}", "{};a", "{}%2f", "{}/.", "{}%20", "{}%00", "/.{}", "{}//"]
    mutations += ["/main/..{}", "/static/..{}", "/%2e%2e{}", "{}?x=/healthz", "{}#"]
    for path in ("/api/v1/alarms", "/api/v1/me", "/api/v1/logout"):
        for mutation in [*mutations, path.upper().replace("{", "")]:
            for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "TRACE"):
                status, _, _ = await ask(
                    server.url + mutation.format(path),
                    method,
                    X_Original_URL="/healthz",
                    X_HTTP_Method_Override="GET",
                )
                assert status in (400, 401, 403, 404, 405), (method, mutation, path)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/..%2fserver.py",
        "/static/%2e%2e/server.py",
        "/static/....//server.py",
        "/static/%2fetc%2fpasswd",
        "/static/..%5cserver.py",
        "/static/page.css%00.html",
        "/static/",
        "/static",
    ],
)
async def test_static_files_are_only_those_of_the_pages(
    server: RunningRendezvous, path: str
) -> None:
    status, body, _ = await ask(server.url + path)
    assert status == 404
    assert b"import" not in body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"[" * 10_000,
        b'"x"',
        b"\xff\xfe",
        b'{"site":"main","login":"admin"}',
        b'{"site":"main","login":"admin","password":7}',
        b'{"site":"../x","login":"admin","password":"x"}',
        b'{"site":"main","login":"","password":"x"}',
        b'{"site":"main","login":"admin","password":"' + b"x" * 300 + b'"}',
        b'{"site":"main","login":"\xed\xa0\x80","password":"x"}',
    ],
)
async def test_malformed_body_is_answered_400_by_every_route_that_takes_one(
    server: RunningRendezvous, body: bytes
) -> None:
    status, answer, _ = await ask(f"{server.url}/api/v1/login", "POST", data=body)
    assert status == 400
    assert json.loads(answer)["key"] == ErrorKey.PEER_PROTOCOL


@pytest.mark.parametrize("origin", HOSTILE_ORIGINS)
async def test_foreign_page_can_neither_post_nor_open_a_socket(origin: str) -> None:
    async with running_rendezvous(public_url="https://help.company.kr") as running:
        local = f"http://127.0.0.1:{running.port}"
        status, _, _ = await ask(f"{local}/api/v1/login", "POST", data=b"{}", Origin=origin)
        assert status == 403
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{local}/api/v1/signal", headers={"Origin": origin})
            assert refused.value.status == 403


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://help.company.kr", "127.0.0.1"),  # behind nginx that does not pass Host on
        ("https://help.company.kr", "help.company.kr"),
        ("http://10.0.0.5:3000", "10.0.0.5:3000"),  # by address
        ("http://localhost:3000", "localhost:3000"),
        ("http://[::1]:3000", "[::1]:3000"),
    ],
)
async def test_our_own_pages_may_open_a_socket(origin: str, host: str) -> None:
    async with running_rendezvous(public_url="https://help.company.kr") as running:
        headers = {"Origin": origin, "Host": host}
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"http://127.0.0.1:{running.port}/api/v1/signal", headers=headers),
        ):
            pass


async def test_name_that_points_here_is_not_trusted_for_being_in_both_headers() -> None:
    """DNS rebinding: the page of evil.example reaches us as if we were evil.example."""
    async with running_rendezvous() as running, aiohttp.ClientSession() as http:
        headers = {"Origin": "http://evil.example:3000", "Host": "evil.example:3000"}
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"{running.url}/api/v1/signal", headers=headers)


async def test_every_answer_carries_the_security_headers(server: RunningRendezvous) -> None:
    for path in ("/", "/main", "/main/123", "/nothing/here", "/healthz", "/api/v1/me"):
        _, _, headers = await ask(server.url + path)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Server"] == "ezp2p"


def test_route_without_a_mark_who_may_use_it_does_not_start() -> None:
    app = web.Application()
    marked = app.router.add_route("GET", "/a", _never)
    check_marks(app, [marked])
    app.router.add_route("GET", "/b", _never)
    with pytest.raises(TypeError, match="without a mark"):
        check_marks(app, [marked])
    with pytest.raises(TypeError):
        Route(method="GET", path="/", handler=_ask_never, summary="")  # type: ignore[call-arg]
    assert {access.value for access in Access} == {"anyone", "counselor", "admin"}


async def _never(request: web.Request) -> web.StreamResponse:
    raise AssertionError(request)


async def _ask_never(asking: Asking) -> web.StreamResponse:
    raise AssertionError(asking)
