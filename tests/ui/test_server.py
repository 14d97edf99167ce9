"""The loopback server against everything else that runs in the same browser and machine."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from ezp2p.base.errors import Unavailable
from ezp2p.ui.server import PageServer
from ezp2p.ui.tab import FROM_PAGE_LIMIT
from ezp2p.wire.bridge import COMMAND_LIMIT, ChatSaid, EnterCode, Notified, Quit
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.messages.input import PointerMoved
from tests.support.fake_program import LOCALE_ROOT, WEB_ROOT, FakeProgram, Stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage() as each:
        yield each


class Browser:
    """What a browser does, without one."""

    def __init__(self, stage: Stage) -> None:
        self.address = stage.server.new_address()
        parts = urlsplit(self.address)
        self.origin = f"http://{parts.netloc}"
        self.token = parts.fragment
        self.session = ClientSession()

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def get(self, path: str, **headers: str) -> int:
        async with self.session.get(self.origin + path, headers=headers) as response:
            return response.status

    async def enter(self, token: str, **headers: str) -> tuple[int, str]:
        headers.setdefault("Origin", self.origin)
        async with self.session.post(
            f"{self.origin}/enter", json={"token": token}, headers=headers
        ) as response:
            if response.status != 200:
                return response.status, ""
            return response.status, (await response.json())["secret"]

    async def bridge(self, secret: str, **headers: str) -> ClientWebSocketResponse:
        headers.setdefault("Origin", self.origin)
        return await self.session.ws_connect(
            f"{self.origin}/bridge", protocols=("ezp2p", secret), headers=headers
        )

    async def open(self) -> ClientWebSocketResponse:
        _, secret = await self.enter(self.token)
        return await self.bridge(secret)


async def test_page_that_enters_gets_the_state_and_all_chat_lines(stage: Stage) -> None:
    line = ChatSaid(session=1, number=1, mine=False, who="Kim", text="안녕하세요", at_ms=1.0)
    stage.program.lines.append(line)
    async with Browser(stage) as browser:
        bridge = await browser.open()
        state = json.loads(await bridge.receive_str())
        chat = json.loads(await bridge.receive_str())
    assert state["event"] == "state"
    assert state["state"]["version"] == "1.2.3"
    assert chat["text"] == "안녕하세요"


async def test_token_works_once(stage: Stage) -> None:
    async with Browser(stage) as browser:
        first, _ = await browser.enter(browser.token)
        second, _ = await browser.enter(browser.token)
    assert (first, second) == (200, 403)


async def test_secret_works_again_after_a_reload(stage: Stage) -> None:
    async with Browser(stage) as browser:
        _, secret = await browser.enter(browser.token)
        await (await browser.bridge(secret)).close()
        again = await browser.bridge(secret)
        assert json.loads(await again.receive_str())["event"] == "state"


async def test_two_tabs_both_hear_events_and_see_pictures(stage: Stage) -> None:
    async with Browser(stage) as one, Browser(stage) as two:
        bridges = [await one.open(), await two.open()]
        for bridge in bridges:
            await bridge.receive_str()
        stage.server.tell(Notified(key="notify.customer-joined"))
        stage.server.show(Channel.SCREEN, 3, b"picture")
        for bridge in bridges:
            assert json.loads(await bridge.receive_str())["event"] == "notify"
            assert await bridge.receive_bytes() == b"\x03\x03picture"


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "토큰"])
async def test_wrong_token_is_refused(stage: Stage, token: str) -> None:
    async with Browser(stage) as browser:
        assert (await browser.enter(token))[0] == 403


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"token": 1}', b"\xff", b'{"token": "' + b"a" * 5000 + b'"}']
)
async def test_malformed_entering_is_refused(stage: Stage, body: bytes) -> None:
    async with (
        Browser(stage) as browser,
        browser.session.post(
            f"{browser.origin}/enter", data=body, headers={"Origin": browser.origin}
        ) as response,
    ):
        assert response.status in (400, 403, 413)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1", ""]
)
async def test_foreign_page_gets_nothing(stage: Stage, origin: str) -> None:
    async with Browser(stage) as browser:
        assert (await browser.enter(browser.token, Origin=origin))[0] == 403
        assert await browser.get("/", Origin=origin) == 403
        _, secret = await browser.enter(browser.token)
        with pytest.raises(WSServerHandshakeError) as refusal:
            await browser.bridge(secret, Origin=origin)
        assert refusal.value.status == 403


@pytest.mark.parametrize("path", ["/", "/main.js", "/locale/en.json", "/bridge"])
async def test_rebound_name_gets_nothing(stage: Stage, path: str) -> None:
    async with Browser(stage) as browser:
        port = urlsplit(browser.origin).port
        for host in ("evil.example", f"evil.example:{port}", f"localhost:{port}", "127.0.0.1"):
            assert await browser.get(path, Host=host) == 403


async def test_entering_without_an_origin_is_refused(stage: Stage) -> None:
    async with (
        Browser(stage) as browser,
        browser.session.post(f"{browser.origin}/enter", json={"token": browser.token}) as response,
    ):
        assert response.status == 403


@pytest.mark.parametrize("secret", ["wrong", "ezp2p", "a" * 43])
async def test_bridge_needs_a_secret(stage: Stage, secret: str) -> None:
    async with Browser(stage) as browser:
        with pytest.raises(WSServerHandshakeError) as refusal:
            await browser.bridge(secret)
        assert refusal.value.status == 403


async def test_token_is_no_secret(stage: Stage) -> None:
    async with Browser(stage) as browser:
        with pytest.raises(WSServerHandshakeError):
            await browser.bridge(browser.token)


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fserver.py",
        "/%2e%2e/server.py",
        "/../server.py",
        "//etc/passwd",
        "/vendor/README.md",
        "/core",
        "/locale/../web/index.html",
    ],
)
async def test_only_the_pages_files_are_served(stage: Stage, path: str) -> None:
    parts = urlsplit(stage.server.new_address())
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    assert (await reader.readline()).split()[1] == b"404"
    writer.close()


async def test_pages_come_with_our_types_and_a_strict_policy(stage: Stage) -> None:
    types = {}
    async with Browser(stage) as browser:
        for path in ("/", "/main.js", "/css/tokens.css", "/locale/ko.json"):
            async with browser.session.get(browser.origin + path) as response:
                assert response.status == 200
                types[path] = response.headers["Content-Type"].split(";")[0]
                policy = response.headers["Content-Security-Policy"]
                assert "unsafe-inline" not in policy
                assert "'unsafe-eval'" not in policy
    assert types == {
        "/": "text/html",
        "/main.js": "text/javascript",
        "/css/tokens.css": "text/css",
        "/locale/ko.json": "application/json",
    }


async def test_commands_and_messages_arrive_in_order(stage: Stage) -> None:
    async with Browser(stage) as browser:
        bridge = await browser.open()
        await bridge.send_str('{"do": "enter-code", "code": "417 905 382"}')
        for x in range(50):
            data = CODECS[Channel.INPUT].encode(PointerMoved(x, 7))
            await bridge.send_bytes(bytes((Channel.INPUT, 2)) + data)
        await bridge.send_str('{"do": "quit"}')
        assert await stage.program.command(EnterCode) == EnterCode(code="417 905 382")
        assert isinstance(await stage.program.command(Quit), Quit)
    assert stage.program.messages == [(Channel.INPUT, 2, PointerMoved(x, 7)) for x in range(50)]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "null",
        '{"do": "delete-everything"}',
        '{"do": "enter-code"}',
        '{"do": "enter-code", "code": 5}',
        '{"do": "enter-code", "code": "' + "1" * 300 + '"}',
        '{"do": "say", "text": ""}',
        "[" * 10_000,
        '{"do": "quit"' + " " * COMMAND_LIMIT + "}",
        b"",
        b"\x01",
        b"\x01\x00",
        b"\x01\x00\xc1",
        b"\x01\x00" + msgspec.msgpack.encode([1, -1, 0]),
        b"\x01\x00" + msgspec.msgpack.encode([5, "x" * 2001]),
        b"\x01\x00" + msgspec.msgpack.encode({"x": 1}),
        b"\x00\x00" + msgspec.msgpack.encode([7, "customer-ended"]),
        b"\x04\x00" + msgspec.msgpack.encode([1, 1, "hello"]),
        b"\xff\x00\x90",
        b"\x01\x00" + b"x" * FROM_PAGE_LIMIT,
    ],
)
async def test_page_that_talks_nonsense_is_closed(stage: Stage, frame: str | bytes) -> None:
    async with Browser(stage) as browser, Browser(stage) as good:
        bridge, other = await browser.open(), await good.open()
        await bridge.receive_str()
        if isinstance(frame, str):
            await bridge.send_str(frame)
        else:
            await bridge.send_bytes(frame)
        closing = await bridge.receive(timeout=10)
        assert closing.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        assert bridge.close_code in (1008, 1009)
        assert not other.closed
    assert stage.program.commands == []
    assert stage.program.messages == []


async def test_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = PageServer(WEB_ROOT, LOCALE_ROOT, FakeProgram())
        with pytest.raises(Unavailable) as error:
            await server.start(taken.getsockname()[1])
    assert error.value.key == "port.taken"
