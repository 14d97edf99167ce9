"""A real Chromium, without a display."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PATIENCE_MS = 10_000


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run Chromium while the context lasts."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser,
    address: str,
    *,
    width: int = 1280,
    height: int = 800,
    dark: bool = False,
) -> AsyncIterator[Page]:
    """Open `address` in a fresh profile; errors of its scripts fail the test that opened it."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",  # colours are there at once
        locale="en-US",
        timezone_id="Asia/Seoul",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on(
        "console",
        lambda message: broken.append(message.text) if message.type == "error" else None,
    )
    try:
        await page.goto(address)
        yield page
    finally:
        await context.close()
    assert broken == []
