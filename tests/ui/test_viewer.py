"""The viewer in a real browser: exactly the pixels that were sent, in order, and an answer each."""

from __future__ import annotations

import base64
import io
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Page, expect

from ezp2p.wire import bridge
from ezp2p.wire.bridge import SessionState
from ezp2p.wire.channel import Channel
from ezp2p.wire.messages.cursor import CursorMoved, CursorShape
from ezp2p.wire.messages.screen import (
    Copy,
    Fill,
    Frame,
    FrameShown,
    Jpeg,
    Lossless,
    RefreshScreen,
    ScreenDriver,
    ScreenLayout,
    ScreenUnavailable,
    ShowScreen,
    UseDriver,
)
from tests.support.browser import opened
from tests.support.fake_program import FakeProgram, Stage
from tests.support.picture import Pixels, frame, jpeg, lossless, noise
from tests.support.scenes import scenes

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIDTH, HEIGHT = 320, 200
READ_CANVAS = """() => {
  const canvas = document.querySelector('canvas');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let text = '';
  for (const value of data) text += String.fromCharCode(value);
  return btoa(text);
}"""


class Viewing:
    """A counselor's tab with one session whose screen the test plays."""

    def __init__(self, stage: Stage, page: Page) -> None:
        self.stage = stage
        self.page = page
        self.shown = 0

    def send(self, message: msgspec.Struct, channel: Channel = Channel.SCREEN) -> None:
        self.stage.send(channel, message)

    async def heard(self, kind: type[msgspec.Struct]) -> Any:
        return await self.stage.program.message(kind)

    async def play(self, *frames: Frame) -> None:
        """Send frames and wait until all are on the canvas."""
        for each in frames:
            self.send(each)
        for each in frames:
            assert (await self.heard(FrameShown)).number == each.number

    async def canvas(self) -> Pixels:
        data = base64.b64decode(await self.page.evaluate(READ_CANVAS))
        width, height = await self.page.evaluate(
            "() => [document.querySelector('canvas').width, "
            "document.querySelector('canvas').height]"
        )
        pixels = np.frombuffer(data, np.uint8).reshape(height, width, 4)
        assert (pixels[..., 3] == 255).all()
        return pixels[..., :3]

    async def notes(self) -> None:
        """Wait until the page has handled everything sent so far."""
        await self.page.evaluate("() => new Promise((done) => setTimeout(done))")

    def change(self, **fields: object) -> None:
        """Change the session in the state."""
        state = self.stage.program.shown
        assert state.counselor is not None
        session = msgspec.structs.replace(state.counselor.sessions[0], **fields)
        counselor = msgspec.structs.replace(state.counselor, sessions=[session])
        self.stage.show(msgspec.structs.replace(state, counselor=counselor))


@pytest_asyncio.fixture(loop_scope="module")
async def viewing(browser: Browser) -> AsyncIterator[Viewing]:
    program = FakeProgram(scenes(time.time() * 1000)["viewer"])
    async with Stage(program) as stage, opened(browser, stage.server.new_address()) as page:
        each = Viewing(stage, page)
        await each.heard(ShowScreen)
        each.send(ScreenLayout(WIDTH, HEIGHT, "fast"))
        yield each


async def test_viewer_names_the_codecs_it_reads(browser: Browser) -> None:
    program = FakeProgram(scenes(time.time() * 1000)["viewer"])
    async with Stage(program) as stage, opened(browser, stage.server.new_address()):
        asked = await stage.program.message(ShowScreen)
    assert asked == ShowScreen(["planar-zstd", "jpeg"])


async def test_every_pixel_of_a_sequence_is_exact(viewing: Viewing) -> None:
    whole = noise(WIDTH, HEIGHT)
    patch = noise(70, 31, seed=2)
    expected = whole.copy()
    expected[50:81, 10:80] = patch
    expected[120:160, 200:260] = (0x12, 0x34, 0x56)
    expected[100:150, 20:120] = expected[90:140, 15:115].copy()  # down and right, overlapping
    expected[0:40, 100:150] = expected[5:45, 102:152].copy()  # up and left, overlapping
    expected[199:200, 319:320] = (255, 0, 255)
    await viewing.play(
        frame(0, lossless(0, 0, whole)),
        frame(1, lossless(10, 50, patch), Fill(200, 120, 60, 40, 0x123456)),
        frame(2, Copy(20, 100, 100, 50, 15, 90), Copy(100, 0, 50, 40, 102, 5)),
        frame(3, Fill(319, 199, 1, 1, 0xFF00FF)),
    )
    assert np.array_equal(await viewing.canvas(), expected)


async def test_photo_is_painted_before_what_comes_after_it(viewing: Viewing) -> None:
    ramp = np.linspace(0, 255, WIDTH).astype(np.uint8)
    photo = np.repeat(np.stack([ramp, 255 - ramp, ramp // 2], -1)[None], HEIGHT, 0)
    text = noise(40, 20, seed=3)
    frames = [frame(0, jpeg(0, 0, photo))]
    frames += [frame(number, lossless(8 * number, 4, text)) for number in range(1, 12)]
    frames += [frame(12, Copy(100, 100, 40, 20, 88, 4), jpeg(0, 150, photo[150:200]))]
    await viewing.play(*frames)
    seen = await viewing.canvas()
    assert np.array_equal(seen[4:24, 88:128], text)
    assert np.array_equal(seen[100:120, 100:140], text)
    difference = np.abs(seen[130:].astype(int) - photo[130:].astype(int))
    assert difference.mean() < 3


async def test_new_layout_begins_a_new_picture(viewing: Viewing) -> None:
    await viewing.play(frame(0, lossless(0, 0, noise(WIDTH, HEIGHT))))
    small = noise(33, 17, seed=4)
    viewing.send(ScreenLayout(33, 17, "fast"))
    await viewing.play(frame(1, lossless(0, 0, small)))
    assert np.array_equal(await viewing.canvas(), small)


async def test_number_wraps_and_times_are_told(viewing: Viewing) -> None:
    viewing.send(frame(2**32 - 1, Fill(0, 0, 9, 9, 0xFFFFFF)))
    shown = await viewing.heard(FrameShown)
    assert shown.number == 2**32 - 1
    assert shown.decode_ms >= 0
    assert shown.paint_ms >= 0


async def test_kiosk_shows_the_picture_unscaled_at_the_top_left(browser: Browser) -> None:
    program = FakeProgram(scenes(time.time() * 1000)["viewer"])
    async with (
        Stage(program) as stage,
        opened(browser, f"{stage.server.new_address()}&kiosk=1", width=640, height=480) as page,
    ):
        await program.message(ShowScreen)
        pixels = noise(WIDTH, HEIGHT)
        stage.send(Channel.SCREEN, ScreenLayout(WIDTH, HEIGHT, "fast"))
        stage.send(Channel.SCREEN, frame(0, lossless(0, 0, pixels)))
        await program.message(FrameShown)
        await page.mouse.move(600, 400)
        shot = np.asarray(Image.open(io.BytesIO(await page.screenshot())).convert("RGB"))
    assert np.array_equal(shot[:HEIGHT, :WIDTH], pixels)
    assert (shot[HEIGHT:] == 0).all()


async def test_nothing_of_the_token_stays_in_the_address(browser: Browser) -> None:
    async with (
        Stage() as stage,
        opened(browser, f"{stage.server.new_address()}&kiosk=1") as page,
    ):
        await page.wait_for_selector("h1")
        assert await page.evaluate("location.hash") == ""


async def test_reload_and_a_second_tab_both_work(viewing: Viewing, browser: Browser) -> None:
    await viewing.play(frame(0, lossless(0, 0, noise(WIDTH, HEIGHT))))
    await viewing.page.reload()
    await viewing.heard(ShowScreen)
    async with opened(browser, viewing.stage.server.new_address()):
        await viewing.heard(ShowScreen)
        pixels = noise(WIDTH, HEIGHT, seed=5)
        viewing.send(ScreenLayout(WIDTH, HEIGHT, "fast"))
        viewing.send(frame(0, lossless(0, 0, pixels)))
        await viewing.heard(FrameShown)
        await viewing.heard(FrameShown)
    assert np.array_equal(await viewing.canvas(), pixels)


BROKEN: dict[str, list[msgspec.Struct]] = {
    "outside": [frame(0, Fill(WIDTH - 1, 0, 2, 1, 0))],
    "copy_from_outside": [frame(0, Copy(0, 0, 10, 10, WIDTH - 5, 0))],
    "too_few_pixels": [
        frame(0, Lossless(0, 0, 40, 40, lossless(0, 0, noise(20, 20)).data)),
    ],
    "too_many_pixels": [
        frame(0, Lossless(0, 0, 10, 10, lossless(0, 0, noise(20, 20)).data)),
    ],
    "no_zstd": [frame(0, Lossless(0, 0, 10, 10, b"nonsense"))],
    "no_jpeg": [frame(0, Jpeg(0, 0, 10, 10, b"\xff\xd8nonsense"))],
    "jpeg_of_another_size": [frame(0, Jpeg(0, 0, 10, 10, jpeg(0, 0, noise(20, 20)).data))],
    "cut_jpeg": [frame(0, Jpeg(0, 0, 64, 64, jpeg(0, 0, noise(64, 64)).data[:400]))],
    "endless_picture": [ScreenLayout(16384, 16384, "fast")],
}


@pytest.mark.parametrize("name", BROKEN)
async def test_picture_that_breaks_the_rules_ends_the_session(viewing: Viewing, name: str) -> None:
    for message in BROKEN[name]:
        viewing.send(message)
    end = await viewing.stage.program.command(bridge.EndSession)
    assert end == bridge.EndSession(session=1)
    await viewing.page.wait_for_selector("text=makes no sense")


async def test_malformed_frame_ends_the_session(viewing: Viewing) -> None:
    viewing.stage.server.show(Channel.SCREEN, 1, b"\xc1\xc1")
    assert await viewing.stage.program.command(bridge.EndSession) == bridge.EndSession(session=1)


async def test_missing_picture_says_why(viewing: Viewing) -> None:
    viewing.send(ScreenUnavailable("screen.wayland", ""))
    await viewing.page.wait_for_selector("text=Wayland")


async def test_buttons_reach_the_screen_channel(viewing: Viewing) -> None:
    page = viewing.page
    await page.click('[aria-label="Refresh"]')
    assert await viewing.heard(RefreshScreen)
    await page.click('[aria-label="Compatible capture"]')
    assert await viewing.heard(UseDriver) == UseDriver(ScreenDriver.PORTABLE)
    viewing.change(driver="portable")
    await page.click('[aria-label="Compatible capture"][aria-pressed="true"]')
    assert await viewing.heard(UseDriver) == UseDriver(ScreenDriver.AUTO)


@pytest.mark.parametrize(
    ("keys", "kind"),
    [("Control+Alt+KeyR", RefreshScreen), ("Control+Alt+KeyG", UseDriver)],
)
async def test_hotkeys_reach_the_screen_channel(
    viewing: Viewing, keys: str, kind: type[msgspec.Struct]
) -> None:
    await viewing.play(frame(0, Fill(0, 0, 9, 9, 0)))
    await viewing.page.keyboard.press(keys)
    assert await viewing.heard(kind)


@pytest.mark.parametrize("zoom", ["100", "75", "50", "fit"])
async def test_zoom_is_remembered_by_the_program(viewing: Viewing, zoom: str) -> None:
    names = {"100": "100%", "75": "75%", "50": "50%", "fit": "Fit"}
    await viewing.play(frame(0, Fill(0, 0, 9, 9, 0)))
    await viewing.page.click(f'.tools.screen >> text="{names[zoom]}"')
    setting = await viewing.stage.program.command(bridge.ChangeSetting)
    assert setting == bridge.ChangeSetting(name="zoom", value=zoom)
    state = viewing.stage.program.shown
    viewing.stage.show(msgspec.structs.replace(state, settings={"zoom": zoom}))
    share = viewing.page.locator(f'[aria-pressed="true"] >> text="{names[zoom]}"')
    await share.wait_for()
    box = await viewing.page.locator("canvas").bounding_box()
    stage = await viewing.page.locator(".stage").bounding_box()
    assert box is not None
    assert stage is not None
    if zoom == "fit":
        assert box["width"] == pytest.approx(min(stage["width"], stage["height"] * 1.6), abs=2)
    else:
        assert box["width"] == pytest.approx(WIDTH * int(zoom) / 100, abs=1)


async def test_bar_hides_and_comes_back(viewing: Viewing) -> None:
    page, program = viewing.page, viewing.stage.program
    await page.click('[aria-label="Hide the toolbar"]')
    assert await program.command(bridge.ChangeSetting) == bridge.ChangeSetting(
        name="hide-bar", value=True
    )
    viewing.stage.show(msgspec.structs.replace(program.shown, settings={"hide-bar": True}))
    await page.wait_for_selector(".toolbar", state="detached")
    await page.click('[aria-label="Show the toolbar"]')
    assert await program.command(bridge.ChangeSetting) == bridge.ChangeSetting(
        name="hide-bar", value=False
    )


async def test_broken_link_dims_the_picture_and_counts_down(viewing: Viewing) -> None:
    await viewing.play(frame(0, Fill(0, 0, 9, 9, 0)))
    viewing.change(state=SessionState.BROKEN, gives_up_ms=time.time() * 1000 + 590_000)
    await viewing.page.wait_for_selector(".veil.dim >> text=/Reconnecting… 9:[45][0-9] left/")
    viewing.change(state=SessionState.LIVE, gives_up_ms=0.0)
    await viewing.page.wait_for_selector(".veil", state="detached")


async def test_ended_session_says_why_and_its_tab_can_be_closed(viewing: Viewing) -> None:
    viewing.change(state=SessionState.ENDED, end_reason="customer-ended")
    await viewing.page.wait_for_selector("text=The customer ended the session.")
    await viewing.page.click('[aria-label="Close tab"]')
    assert await viewing.stage.program.command(bridge.CloseTab) == bridge.CloseTab(session=1)


def pointer_png() -> bytes:
    body = io.BytesIO()
    Image.new("RGBA", (12, 20), (255, 0, 0, 255)).save(body, "PNG")
    return body.getvalue()


async def test_pointer_looks_as_on_the_customers_screen(viewing: Viewing) -> None:
    await viewing.play(frame(0, Fill(0, 0, 9, 9, 0)))
    viewing.send(CursorShape(12, 20, 3, 4, pointer_png()), Channel.CURSOR)
    canvas = viewing.page.locator("canvas")
    await expect(canvas).to_have_attribute("style", re.compile(r"cursor: url\(.*\) 3 4"))
    viewing.send(CursorShape(0, 0, 0, 0, b""), Channel.CURSOR)
    await expect(canvas).to_have_attribute("style", re.compile("cursor: none"))


async def test_pointer_is_drawn_only_where_another_hand_moves_it(viewing: Viewing) -> None:
    await viewing.play(frame(0, Fill(0, 0, 9, 9, 0)))
    ghost = viewing.page.locator(".ghost-pointer")
    viewing.send(CursorShape(12, 20, 0, 0, pointer_png()), Channel.CURSOR)
    viewing.send(CursorMoved(100, 50), Channel.CURSOR)
    await ghost.wait_for(state="visible")
    box = await viewing.page.locator("canvas").bounding_box()
    assert box is not None
    await viewing.page.mouse.move(box["x"] + 40, box["y"] + 40)
    await ghost.wait_for(state="hidden")
    viewing.send(CursorMoved(100, 50), Channel.CURSOR)  # the echo of an older move
    await viewing.notes()
    assert not await ghost.is_visible()
