"""From the entered code to the first picture, on one machine, against what it costs at least.

joined   a customer's program at rest is given a link; until it hears that the counselor's page,
         in a Chromium, has shown the picture. `first` is the first session of a program.
bare     both ends' SPAKE2, aioquic's own handshake, one whole picture taken and written, and that
         picture read and shown by the page's own code: each measured alone

The screen is 1920x1080, full of text. Nobody has to consent: the customer agreed beforehand.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aioquic.asyncio.client import connect
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from playwright.sync_api import Page

from ezp2p.desktop.screen import open_screen
from ezp2p.link.certificate import CERTIFICATE_NAME, Identity, make_identity, pem_of
from ezp2p.link.pake import Meeting, Pake
from ezp2p.media.engine import ScreenEngine
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.joining import JOINING_VERSION, SecretKind
from ezp2p.wire.keys import Role
from ezp2p.wire.messages.screen import Frame, Part, ScreenCodec, ScreenDriver, ScreenLayout
from tests.bench.report import Result, check
from tests.support.company import Company, company
from tests.support.painter import Painter
from tests.support.pictures import text
from tests.support.program import Program
from tests.support.viewer import browser, opened_page
from tests.support.xvfb import Display, xvfb

WIDTH, HEIGHT = 1920, 1080
ROUNDS = 5
AT_REST_S = 1.0

# TARGETS.md, Joining [1]
JOINED_S = 1.0
JOINED_RATIO = 3.0


def run(rounds: int = ROUNDS) -> Result:
    """Measure; return the figures and the checks."""
    with xvfb(WIDTH, HEIGHT) as display, Painter(display) as painter:
        painter.paint(0, 0, text(WIDTH, HEIGHT))
        with display.as_ours():
            bare = {
                "spake2_s": _median(_spake2),
                "handshake_s": _median(_handshake),
                "picture_s": _median(_picture),
            }
            parts = _taken()
        joined, bare["shown_s"] = _joined(display, rounds, parts)
    steps = {step: _rounded(statistics.median(one[step] for one in joined)) for step in joined[0]}
    whole_s, bare_s = steps["picture"], sum(bare.values())
    return {
        "figures": {
            "steps_s": steps,
            "first_s": _rounded(joined[0]["picture"]),
            "bare": {name: _rounded(value) for name, value in bare.items()},
        },
        "checks": {
            "code to first picture, s": check(whole_s, "<=", JOINED_S),
            "code to first picture / bare cost": check(whole_s / bare_s, "<=", JOINED_RATIO),
        },
    }


def _joined(
    display: Display, rounds: int, parts: list[Part]
) -> tuple[list[dict[str, float]], float]:
    """Return the seconds until each step, of so many sessions one after the other.

    And what the same page takes to show these parts.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ezp2p-bench-") as folder,
        company(Path(folder)) as running,
        browser() as chromium,
        running.counselor() as counselor,
        opened_page(chromium, counselor.wait_for("ui")["url"]) as page,
    ):
        joined = [_joined_once(display, running, counselor) for _ in range(rounds)]
        return joined, _median(lambda: _shown(page, parts))


def _joined_once(display: Display, running: Company, counselor: Program) -> dict[str, float]:
    link = counselor.wait_for("waiting")["link"]
    home = running.home("customer")
    home.mkdir()
    customer = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.joining_end"],
        env=display.environ | {"HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with customer:
        assert customer.stdin is not None
        assert customer.stdout is not None
        customer.stdout.readline()
        time.sleep(AT_REST_S)
        print(link, file=customer.stdin, flush=True)
        reached: dict[str, float] = json.loads(customer.stdout.readline())
    counselor.wait_for("session-ended")
    return reached


# --- the bare cost


def _spake2() -> float:
    began = time.perf_counter()
    meeting = Meeting(site="main", slot="417", kind=SecretKind.LINK, secret="x" * 22)
    ends = [Pake(role, meeting, os.urandom) for role in (Role.CUSTOMER, Role.COUNSELOR)]
    for ours, theirs in (ends, reversed(ends)):
        ours.agree(theirs.share, their_version=JOINING_VERSION)
    return time.perf_counter() - began


def _handshake() -> float:
    return asyncio.run(_connected_once(make_identity()))


async def _connected_once(identity: Identity) -> float:
    serving = QuicConfiguration(is_client=False, alpn_protocols=["bench"])
    serving.certificate, serving.private_key = identity.certificate, identity.key
    server = await serve("127.0.0.1", 0, configuration=serving)
    port = server._transport.get_extra_info("sockname")[1]  # type: ignore[union-attr]
    calling = QuicConfiguration(alpn_protocols=["bench"], verify_mode=ssl.CERT_REQUIRED)
    calling.server_name = CERTIFICATE_NAME
    calling.load_verify_locations(cadata=pem_of(identity.der))
    began = time.perf_counter()
    async with connect("127.0.0.1", port, configuration=calling):
        took = time.perf_counter() - began  # ending it well would take three time-outs more
    server.close()
    return took


def _picture() -> float:
    began = time.perf_counter()
    _taken()
    return time.perf_counter() - began


def _taken() -> list[Part]:
    """Return the whole picture as it is sent."""
    source = open_screen(ScreenDriver.FAST)
    try:
        return list(ScreenEngine(source, tuple(ScreenCodec)).whole(0.0))
    finally:
        source.close()


# Reads two messages of the screen's channel as if they had come, and tells how long that took.
_SHOW = """async (messages) => {
  const { ScreenViewer } = await import('/screen/viewer.js');
  const [layout, frame] = messages.map((each) => Uint8Array.from(each));
  const shown = Promise.withResolvers();
  const bridge = { listen() {}, send() {}, say: () => shown.resolve(performance.now()) };
  const viewer = new ScreenViewer(bridge, 1, () => {});
  viewer.take(layout);
  const began = performance.now();
  viewer.take(frame);
  return (await shown.promise) - began;
}"""


def _shown(page: Page, parts: list[Part]) -> float:
    codec = CODECS[Channel.SCREEN]
    messages = (ScreenLayout(WIDTH, HEIGHT, ScreenDriver.FAST), Frame(1, parts))
    took_ms: float = page.evaluate(_SHOW, [list(codec.encode(each)) for each in messages])
    return took_ms / 1000


def _median(measure: Callable[[], float]) -> float:
    """Return the median of what it measures, in seconds, once all libraries are loaded."""
    measure()
    return statistics.median(measure() for _ in range(ROUNDS))


def _rounded(seconds: float) -> float:
    return round(seconds, 4)
