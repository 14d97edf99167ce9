"""The web engine inside our own window, spoken to as a developer's tools do.

Playwright cannot: it asks a browser for contexts, which Qt's engine does not have. So the few
commands a test needs go to the page's own socket (Chrome DevTools Protocol).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import Iterator
from typing import Any

import aiohttp

from tests.support.aside import Aside
from tests.support.people import until

ANSWER_S = 15.0


class PageError(AssertionError):
    """The page cannot do that; while it is loading it cannot do anything."""


class Devtools:
    """One page. Every call returns when the page has answered."""

    def __init__(self, aside: Aside, page: aiohttp.ClientWebSocketResponse) -> None:
        self._aside = aside
        self._page = page
        self._numbers = itertools.count(1)

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Give a command; return its result."""
        return self._aside.run(self._send(method, parameters))

    def value(self, expression: str) -> Any:
        """Return what this JavaScript expression has for a value."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise PageError(answer)
        return answer["result"].get("value")

    def wait_until(self, expression: str) -> None:
        """Wait until this expression is true."""

        def look() -> bool:
            with contextlib.suppress(PageError):
                return bool(self.value(f"Boolean({expression})"))
            return False

        until(look, expression)

    def commit_text(self, text: str) -> None:
        """Commit text without a key, as an input method or an emoji picker does."""
        self.send("Input.insertText", text=text)

    def compose_text(self, *steps: str) -> None:
        """Let an input method show each step of a syllable, and commit the last one."""
        for step in steps:
            self.send(
                "Input.imeSetComposition",
                text=step,
                selectionStart=len(step),
                selectionEnd=len(step),
            )
        self.send("Input.insertText", text=steps[-1])

    async def _send(self, method: str, parameters: dict[str, object]) -> dict[str, Any]:
        number = next(self._numbers)
        await self._page.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(ANSWER_S):
            while True:
                answer = json.loads(await self._page.receive_str())
                if answer.get("id") == number:
                    if "error" in answer:
                        raise PageError(answer)
                    result: dict[str, Any] = answer["result"]
                    return result


def free_port() -> int:
    """Return a TCP port that nobody used a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def devtools(port: int) -> Iterator[Devtools]:
    """Open the only page of the program that was started with QTWEBENGINE_REMOTE_DEBUGGING."""
    aside = Aside()
    try:
        http, page = aside.run(_open(port))
        try:
            yield Devtools(aside, page)
        finally:
            aside.run(_close(http, page))
    finally:
        aside.close()


async def _open(port: int) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    http = aiohttp.ClientSession()
    async with asyncio.timeout(2 * ANSWER_S):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [each for each in await answer.json() if each["type"] == "page"]
                if pages:
                    return http, await http.ws_connect(pages[0]["webSocketDebuggerUrl"])
            await asyncio.sleep(0.1)


async def _close(http: aiohttp.ClientSession, page: aiohttp.ClientWebSocketResponse) -> None:
    await page.close()
    await http.close()
