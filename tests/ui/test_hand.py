"""Mouse, keyboard and IME on the picture: each thing travels exactly once, in order."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, CDPSession, Page, expect

from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import Grant
from ezp2p.wire.messages.input import (
    ButtonChanged,
    KeyChanged,
    MouseButton,
    PointerMoved,
    ReleaseAll,
    TextTyped,
    WheelTurned,
)
from ezp2p.wire.messages.screen import Fill, FrameShown, ScreenLayout, ShowScreen
from tests.support.browser import opened
from tests.support.fake_program import FakeProgram, Stage
from tests.support.picture import frame
from tests.support.scenes import scenes

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIDTH, HEIGHT = 400, 300
IME_KEY = 229


class Desk:
    """A counselor at the viewer, and what has arrived for the customer's side."""

    def __init__(self, stage: Stage, page: Page, cdp: CDPSession) -> None:
        self.stage = stage
        self.page = page
        self.cdp = cdp
        self.left = self.top = 0.0

    async def sent(self) -> list[msgspec.Struct]:
        """Return all input since the last call, in order."""
        # The answer to a frame comes behind everything the page has said before.
        self.stage.send(Channel.SCREEN, frame(0, Fill(0, 0, 9, 9, 0)))
        await self.stage.program.message(FrameShown)
        messages = self.stage.program.messages
        found = [each for channel, _, each in messages if channel is Channel.INPUT]
        messages.clear()
        return found

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a pixel of the picture is on the page."""
        return self.left + x + 0.5, self.top + y + 0.5

    async def begin(self) -> None:
        """Click into the picture and forget what that sent."""
        session = scenes(time.time() * 1000)["viewer"]
        settings: dict[str, str | bool | int] = {"zoom": "100"}
        self.stage.show(msgspec.structs.replace(session, settings=settings))
        await self.page.locator('.tool[aria-pressed="true"]:has-text("100%")').wait_for()
        box = await self.page.locator("canvas").bounding_box()
        assert box is not None
        self.left, self.top = box["x"], box["y"]
        await self.page.mouse.click(*self.place(10, 10))
        await self.sent()

    def change(self, **fields: object) -> None:
        """Change the session in the state."""
        state = self.stage.program.shown
        assert state.counselor is not None
        session = msgspec.structs.replace(state.counselor.sessions[0], **fields)
        counselor = msgspec.structs.replace(state.counselor, sessions=[session])
        self.stage.show(msgspec.structs.replace(state, counselor=counselor))

    async def compose(self, text: str) -> None:
        """The IME shows `text` under the cursor, not committed yet."""
        where = {"selectionStart": len(text), "selectionEnd": len(text)}
        await self.cdp.send("Input.imeSetComposition", {"text": text, **where})

    async def commit(self, text: str) -> None:
        """The IME commits; without a composition: a character picker's text."""
        await self.cdp.send("Input.insertText", {"text": text})

    async def ime_key(self, code: str) -> None:
        """A key that the IME takes for itself, as browsers tell of it."""
        for kind in ("rawKeyDown", "keyUp"):
            key = {"type": kind, "key": "Process", "code": code}
            await self.cdp.send("Input.dispatchKeyEvent", {**key, "windowsVirtualKeyCode": IME_KEY})


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def opened_desk(browser: Browser) -> AsyncIterator[Desk]:
    program = FakeProgram(scenes(time.time() * 1000)["viewer"])
    async with Stage(program) as stage, opened(browser, stage.server.new_address()) as page:
        await program.message(ShowScreen)
        stage.send(Channel.SCREEN, ScreenLayout(WIDTH, HEIGHT, "fast"))
        each = Desk(stage, page, await page.context.new_cdp_session(page))
        await each.sent()
        yield each


@pytest_asyncio.fixture(loop_scope="module")
async def desk(opened_desk: Desk) -> Desk:
    await opened_desk.begin()
    return opened_desk


def key(code: str) -> list[KeyChanged]:
    return [KeyChanged(code, True), KeyChanged(code, False)]


# ---- mouse


async def test_move_names_the_pixel_under_the_pointer(desk: Desk) -> None:
    await desk.page.mouse.move(*desk.place(123, 45))
    assert (await desk.sent())[-1] == PointerMoved(123, 45)


@pytest.mark.parametrize("zoom", ["50", "fit"])
async def test_move_names_the_same_pixel_at_any_zoom(desk: Desk, zoom: str) -> None:
    state = desk.stage.program.shown
    desk.stage.show(msgspec.structs.replace(state, settings={"zoom": zoom}))
    name = {"50": "50%", "fit": "Fit"}[zoom]
    await desk.page.locator(f'.tool[aria-pressed="true"]:has-text("{name}")').wait_for()
    box = await desk.page.locator("canvas").bounding_box()
    assert box is not None
    scale = box["width"] / WIDTH
    assert scale != 1
    await desk.page.mouse.move(box["x"] + 123.5 * scale, box["y"] + 45.5 * scale)
    assert (await desk.sent())[-1] == PointerMoved(123, 45)


@pytest.mark.parametrize(
    ("name", "button"),
    [("left", MouseButton.LEFT), ("middle", MouseButton.MIDDLE), ("right", MouseButton.RIGHT)],
)
async def test_button_goes_down_and_up(desk: Desk, name: str, button: MouseButton) -> None:
    await desk.page.mouse.move(*desk.place(20, 30))
    await desk.sent()
    await desk.page.mouse.click(*desk.place(20, 30), button=name)  # type: ignore[arg-type]
    changes = [each for each in await desk.sent() if isinstance(each, ButtonChanged)]
    assert changes == [ButtonChanged(20, 30, button, True), ButtonChanged(20, 30, button, False)]


@pytest.mark.parametrize(
    ("name", "bit", "button"), [("back", 8, MouseButton.BACK), ("forward", 16, MouseButton.FORWARD)]
)
async def test_thumb_button_does_not_leave_the_page(
    desk: Desk, name: str, bit: int, button: MouseButton
) -> None:
    x, y = desk.place(20, 30)
    for kind, held in (("mousePressed", bit), ("mouseReleased", 0)):
        event = {"type": kind, "x": x, "y": y, "button": name, "buttons": held, "clickCount": 1}
        await desk.cdp.send("Input.dispatchMouseEvent", event)
    changes = [each for each in await desk.sent() if isinstance(each, ButtonChanged)]
    assert [(each.button, each.down) for each in changes] == [(button, True), (button, False)]


async def test_drag_goes_on_outside_the_picture_and_stays_within_it(desk: Desk) -> None:
    mouse = desk.page.mouse
    await mouse.move(*desk.place(50, 50))
    await mouse.down()
    await mouse.move(*desk.place(-30, 60))
    await mouse.move(desk.left + WIDTH + 40, desk.top - 5)
    await mouse.up()
    sent = await desk.sent()
    assert PointerMoved(0, 60) in sent
    assert sent[-2:] == [
        PointerMoved(WIDTH - 1, 0),
        ButtonChanged(WIDTH - 1, 0, MouseButton.LEFT, False),
    ]


async def test_second_button_during_a_drag_is_told(desk: Desk) -> None:
    mouse = desk.page.mouse
    await mouse.move(*desk.place(50, 50))
    await mouse.down(button="left")
    await mouse.down(button="right")
    await mouse.up(button="right")
    await mouse.up(button="left")
    changes = [each for each in await desk.sent() if isinstance(each, ButtonChanged)]
    assert [(each.button, each.down) for each in changes] == [
        (MouseButton.LEFT, True),
        (MouseButton.RIGHT, True),
        (MouseButton.RIGHT, False),
        (MouseButton.LEFT, False),
    ]


@pytest.mark.parametrize(
    "turn", [(0, 120), (0, -120), (120, 0), (-120, 0)], ids=["down", "up", "right", "left"]
)
async def test_wheel_turns_both_ways(desk: Desk, turn: tuple[int, int]) -> None:
    await desk.page.mouse.move(*desk.place(7, 8))
    await desk.sent()
    await desk.page.mouse.wheel(*turn)
    turned = [each for each in await desk.sent() if isinstance(each, WheelTurned)]
    assert turned == [WheelTurned(7, 8, *turn)]


# ---- keys


@pytest.mark.parametrize(
    "code", ["KeyA", "Digit7", "Enter", "Backspace", "Tab", "Escape", "ArrowLeft", "F5", "Space"]
)
async def test_key_goes_down_and_up_once_and_types_nothing_here(desk: Desk, code: str) -> None:
    await desk.page.keyboard.press(code)
    assert await desk.sent() == key(code)
    assert await desk.page.evaluate("document.activeElement.value") == ""


async def test_modifiers_travel_as_keys(desk: Desk) -> None:
    await desk.page.keyboard.press("Control+Shift+KeyS")
    assert await desk.sent() == [
        KeyChanged("ControlLeft", True),
        KeyChanged("ShiftLeft", True),
        *key("KeyS"),
        KeyChanged("ShiftLeft", False),
        KeyChanged("ControlLeft", False),
    ]


async def test_altgr_character_is_no_hotkey(desk: Desk) -> None:
    await desk.page.evaluate(
        """() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {
            code: 'KeyR', key: '®', ctrlKey: true, altKey: true, modifierAltGraph: true,
            bubbles: true, cancelable: true }))"""
    )
    assert await desk.sent() == [KeyChanged("KeyR", True)]
    await desk.page.keyboard.up("KeyR")


async def test_hotkey_of_the_viewer_is_not_sent(desk: Desk) -> None:
    await desk.page.keyboard.press("Control+Alt+KeyR")
    sent = await desk.sent()
    assert not [each for each in sent if isinstance(each, KeyChanged) and each.code == "KeyR"]
    assert sent[-1] == KeyChanged("ControlLeft", False)


async def test_fast_typing_keeps_its_order(desk: Desk) -> None:
    codes = [f"Key{letter}" for letter in "THEQUICKBROWNFOXJUMPSOVERTHELAZYDOG"]
    for code in codes:
        await desk.page.keyboard.press(code)
    assert await desk.sent() == [each for code in codes for each in key(code)]


async def test_paste_is_no_typing(desk: Desk) -> None:
    await desk.page.evaluate("navigator.clipboard.writeText('secret')")
    await desk.page.keyboard.press("Control+KeyV")
    sent = await desk.sent()
    assert not [each for each in sent if isinstance(each, TextTyped)]
    assert KeyChanged("KeyV", True) in sent


# ---- committed text


async def test_hangul_is_sent_when_it_is_committed(desk: Desk) -> None:
    for part in ("ㅎ", "하", "한"):
        await desk.ime_key("KeyG")
        await desk.compose(part)
    assert await desk.sent() == []
    await desk.commit("한")
    assert await desk.sent() == [TextTyped("한")]


async def test_fast_hangul_comes_whole_and_in_order(desk: Desk) -> None:
    text = "안녕하세요 꿿뷁 원격지원을 시작합니다 밟았다" * 3
    for syllable in text:
        if syllable == " ":
            await desk.page.keyboard.press("Space")
            continue
        await desk.ime_key("KeyA")
        await desk.compose("ㅇ")
        await desk.compose(syllable)
        await desk.commit(syllable)
    arrived = ""
    for each in await desk.sent():
        if isinstance(each, TextTyped):
            arrived += each.text
        elif each == KeyChanged("Space", True):
            arrived += " "
    assert arrived == text


@pytest.mark.parametrize("code", ["Space", "Enter", "ArrowRight", "Period"])
async def test_key_that_ends_a_syllable_comes_after_it(desk: Desk, code: str) -> None:
    await desk.compose("한")
    await desk.commit("한")
    await desk.page.keyboard.press(code)
    assert await desk.sent() == [TextTyped("한"), *key(code)]


async def test_blank_that_the_ime_commits_itself_is_sent_once(desk: Desk) -> None:
    await desk.compose("한")
    await desk.commit("한")
    await desk.ime_key("Space")  # as on Windows: the key is the IME's, the blank comes as text
    await desk.commit(" ")
    assert await desk.sent() == [TextTyped("한"), TextTyped(" ")]


async def test_dropped_composition_sends_nothing(desk: Desk) -> None:
    await desk.compose("한")
    await desk.compose("")
    assert [each for each in await desk.sent() if isinstance(each, TextTyped) and each.text] == []


async def test_picked_character_is_sent_as_text(desk: Desk) -> None:
    await desk.commit("🙂漢字é")
    assert await desk.sent() == [TextTyped("🙂漢字é")]


async def test_long_text_is_cut_between_characters(desk: Desk) -> None:
    await desk.commit("🙂한" * 1300)
    sent = [each for each in await desk.sent() if isinstance(each, TextTyped)]
    assert "".join(each.text for each in sent) == "🙂한" * 1300
    assert len(sent) > 1


async def test_field_does_not_grow(desk: Desk) -> None:
    for _ in range(5):
        await desk.compose("한")
        await desk.commit("한")
    await expect(desk.page.locator("textarea.hand")).to_have_value("")


# ---- letting go


async def test_everything_is_released_when_the_keyboard_leaves(desk: Desk) -> None:
    await desk.page.keyboard.down("ShiftLeft")
    await desk.page.evaluate("document.activeElement.blur()")
    sent = await desk.sent()
    await desk.page.keyboard.up("ShiftLeft")
    assert sent == [KeyChanged("ShiftLeft", True), ReleaseAll()]
    assert await desk.sent() == []


async def test_everything_is_released_when_the_window_loses_the_focus(desk: Desk) -> None:
    await desk.page.keyboard.down("KeyA")
    await desk.page.evaluate("dispatchEvent(new Event('blur'))")
    sent = await desk.sent()
    await desk.page.keyboard.up("KeyA")
    assert sent[-1] == ReleaseAll()


@pytest.mark.parametrize(
    "change", [{"view_only": True}, {"granted": [Grant.VIEW]}], ids=["locked", "no_control"]
)
async def test_looking_on_sends_nothing(desk: Desk, change: dict[str, object]) -> None:
    await desk.page.keyboard.down("KeyA")
    desk.change(**change)
    tool = "View only" if "view_only" in change else "Ask for control"
    pressed = '[aria-pressed="true"]' if "view_only" in change else ""
    await desk.page.locator(f'.tool{pressed}:has-text("{tool}")').wait_for()
    assert ReleaseAll() in await desk.sent()
    await desk.page.keyboard.up("KeyA")
    await desk.page.mouse.click(*desk.place(50, 50))
    await desk.page.mouse.wheel(0, 120)
    await desk.page.keyboard.press("KeyB")
    await desk.commit("한")
    assert await desk.sent() == []


async def test_chat_gets_the_keyboard_while_one_writes_there(desk: Desk) -> None:
    await desk.page.keyboard.press("Control+Alt+KeyC")
    await desk.page.locator(".chat textarea").click()
    await desk.sent()
    await desk.page.keyboard.press("KeyA")
    await desk.commit("한")
    assert await desk.sent() == []
    assert await desk.page.locator(".chat textarea").input_value() == "a한"
    await desk.page.fill(".chat textarea", "")
    await desk.page.keyboard.press("Control+Alt+KeyC")
    await desk.page.locator(".chat").wait_for(state="detached")
