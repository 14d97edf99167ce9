"""Photographs of every page in both languages, both themes, on a wide and a narrow screen.

EZP2P_SHOTS=/tmp/shots python -m tests.ui.shots [scene ...]
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Browser

from ezp2p.wire.bridge import ChatSaid, Page, QualityMeasured, State
from ezp2p.wire.channel import Channel
from ezp2p.wire.messages.screen import FrameShown, ScreenLayout, ShowScreen
from tests.support.browser import chromium, opened
from tests.support.fake_program import FakeProgram, Stage
from tests.support.picture import desktop, frame, lossless
from tests.support.scenes import scenes

WIDTHS = {"wide": (1280, 800), "narrow": (390, 844)}
PICTURE = (1280, 720)


def chat(language: str, session: int) -> list[ChatSaid]:
    """Return a short conversation."""
    korean = language == "ko"
    said = [
        (
            False,
            "안녕하세요, 프린터가 안 됩니다." if korean else "Hello, my printer does not print.",
        ),
        (True, "네, 지금 확인해 보겠습니다." if korean else "Let me have a look right now."),
        (True, "https://help.hanbit.co.kr/printer"),
    ]
    who = "박영수" if korean else "Park Youngsoo"
    return [
        ChatSaid(session=session, number=i, mine=mine, who=who, text=text, at_ms=1.7e12 + 4e4 * i)
        for i, (mine, text) in enumerate(said)
    ]


async def show_picture(stage: Stage) -> None:
    """Give the viewer a desktop to show, and figures for its status line."""
    await stage.program.message(ShowScreen)
    width, height = PICTURE
    stage.send(Channel.SCREEN, ScreenLayout(width, height, "fast"))
    stage.send(Channel.SCREEN, frame(1, lossless(0, 0, desktop(width, height))))
    stage.server.tell(
        QualityMeasured(
            session=1,
            path="direct-lan",
            round_trip_ms=3.2,
            frames_per_s=58.4,
            rate_bps=2_340_000,
            driver="fast",
        )
    )
    await stage.program.message(FrameShown)


async def photograph(
    browser: Browser, name: str, state: State, folder: Path, *, width: str, dark: bool
) -> None:
    """Write one page's picture into `folder`."""
    program = FakeProgram(state)
    session = 1 if state.page is Page.VIEWER else 0
    if state.page in (Page.VIEWER, Page.SESSION):
        program.lines = chat(state.language, session)
    across, down = WIDTHS[width]
    async with (
        Stage(program) as stage,
        opened(browser, stage.server.new_address(), width=across, height=down, dark=dark) as page,
    ):
        await page.wait_for_selector("h1, .viewer")
        if name == "viewer":
            await show_picture(stage)
            if width == "wide":
                await page.click(".tools.people button")
        await page.wait_for_timeout(700)
        theme = "dark" if dark else "light"
        await page.screenshot(
            path=folder / f"{name}-{state.language}-{theme}-{width}.png", full_page=True
        )


async def main(wanted: Sequence[str]) -> None:
    """Photograph the wanted scenes, or all."""
    folder = Path(os.environ.get("EZP2P_SHOTS") or tempfile.mkdtemp(prefix="ezp2p-shots"))
    folder.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        for language in ("ko", "en"):
            for name in scenes(0.0, language):
                if wanted and name not in wanted:
                    continue
                for width, dark in itertools.product(WIDTHS, (False, True)):
                    state = scenes(time.time() * 1000, language)[name]
                    await photograph(browser, name, state, folder, width=width, dark=dark)
    sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
