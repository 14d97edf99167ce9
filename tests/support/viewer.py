"""The program's pages in a headless Chromium, and the counselor's viewer among them.

with opened_page(counselor.wait_for("ui")["url"]) as page:
    viewer = Viewer(page)
    viewer.wait_for_picture()
    viewer.click(300, 200)        # a pixel of the customer's screen
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser import ARGUMENTS, CHROMIUM
from tests.support.people import Colour, until

PATIENCE_MS = 30_000
_SHIFTED = '~!@#$%^&*()_+{}|:"<>?'


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Run Chromium; as long as it runs, no other event loop can run in this thread."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield running
        finally:
            running.close()


@contextlib.contextmanager
def opened_page(running: Browser, address: str) -> Iterator[Page]:
    """Open `address` in a fresh profile; an error of the page's scripts fails the test."""
    context = running.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    try:
        page.goto(address)
        yield page
    finally:
        context.close()
    assert broken == []


class Viewer:
    """A counselor's page that shows a session; places are pixels of the customer's screen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._canvas = page.locator(".board canvas").first

    def wait_for_picture(self) -> None:
        """Wait until something is shown and the keyboard may be used."""
        self.page.locator(".stage.live .board canvas").first.wait_for()
        # Not by wait_for_function: at a second look the page's policy forbids its eval.
        self.page.locator("textarea.hand:focus").wait_for(state="attached")

    def tool(self, name: str) -> None:
        """Press a button of the bar by its text."""
        self.page.get_by_role("toolbar").get_by_role("button", name=name).click()

    def place(self, x: int, y: int) -> tuple[float, float]:
        """Return where on the page this pixel of the customer's screen is."""
        box = self._canvas.bounding_box()
        assert box is not None
        size = self._canvas.evaluate("canvas => [canvas.width, canvas.height]")
        return (
            box["x"] + (x + 0.5) * box["width"] / size[0],
            box["y"] + (y + 0.5) * box["height"] / size[1],
        )

    def click(self, x: int, y: int) -> None:
        """Click there."""
        self.page.mouse.click(*self.place(x, y))

    def type(self, text: str) -> None:
        """Press the keys of an American keyboard for ASCII, Shift too (which `type` leaves out)."""
        for character in text:
            shifted = character.isupper() or character in _SHIFTED
            self.page.keyboard.press(f"Shift+{character}" if shifted else character)

    def commit_text(self, text: str) -> None:
        """Commit text without a key, as an emoji picker does."""
        self.page.keyboard.insert_text(text)

    def compose_text(self, *steps: str) -> None:
        """Let an input method show each step of a syllable, and commit the last one."""
        engine = self.page.context.new_cdp_session(self.page)
        for step in steps:
            engine.send(
                "Input.imeSetComposition",
                {"text": step, "selectionStart": len(step), "selectionEnd": len(step)},
            )
        engine.send("Input.insertText", {"text": steps[-1]})
        engine.detach()

    def pixel(self, x: int, y: int) -> Colour:
        """Return the colour the page really shows for this pixel."""
        left, top = self.place(x, y)
        clip = {"x": int(left), "y": int(top), "width": 1, "height": 1}
        shot = Image.open(io.BytesIO(self.page.screenshot(clip=clip)))  # type: ignore[arg-type]
        red, green, blue = shot.convert("RGB").getpixel((0, 0))  # type: ignore[misc]
        return int(red), int(green), int(blue)

    def wait_for_pixel(self, x: int, y: int, colour: Colour) -> None:
        """Wait until the page shows this colour there."""
        until(lambda: self.pixel(x, y) == colour, f"{colour} at {x}, {y}")
