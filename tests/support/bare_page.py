"""A page of the program without a browser: the same door, the same words, no picture.

with bare_page(counselor.wait_for("ui")["url"]) as page:
    page.say(Channel.INPUT, 1, KeyChanged("ControlLeft", True))
    page.do(SetViewOnly(session=1, on=True))
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import aiohttp
import msgspec

from ezp2p.ui.server import SUBPROTOCOL
from ezp2p.wire.bridge import PageSays
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from tests.support.aside import Aside


class BarePage:
    """A connected tab. What the program tells it is read and forgotten."""

    def __init__(self, aside: Aside, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._aside = aside
        self._socket = socket

    def do(self, command: PageSays) -> None:
        """Ask for something, as a button does."""
        self._aside.run(self._socket.send_str(msgspec.json.encode(command).decode()))

    def say(self, channel: Channel, session: int, message: msgspec.Struct) -> None:
        """Say something on a session's channel."""
        frame = bytes((channel, session)) + CODECS[channel].encode(message)
        self._aside.run(self._socket.send_bytes(frame))


@contextlib.contextmanager
def bare_page(address: str) -> Iterator[BarePage]:
    """Enter by the address, which works once, and stay connected."""
    parts = urlsplit(address)
    base = f"http://{parts.netloc}"
    aside = Aside()
    try:
        http, socket = aside.run(_enter(base, parts.fragment))
        try:
            yield BarePage(aside, socket)
        finally:
            aside.run(http.close())
    finally:
        aside.close()


async def _enter(
    base: str, token: str
) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    http = aiohttp.ClientSession(headers={"Origin": base})
    async with http.post(f"{base}/enter", json={"token": token}) as answer:
        secret = (await answer.json())["secret"]
    socket = await http.ws_connect(f"{base}/bridge", protocols=(SUBPROTOCOL, secret))
    return http, socket
