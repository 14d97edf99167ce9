"""The counselor in a plain browser: the same picture, the same hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.company import Company
from tests.support.people import Screen, terminal
from tests.support.viewer import Viewer, browser, opened_page

RED, BLUE = (255, 0, 64), (16, 48, 240)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.mark.parametrize("kiosk", ["", "&kiosk=1"], ids=["with_bars", "kiosk"])
def test_counselor_sees_clicks_and_types_in_a_browser(
    hanbit: Company, customers_screen: Screen, chromium: Browser, tmp_path: Path, kiosk: str
) -> None:
    with (
        terminal(customers_screen, tmp_path, x=40, y=160) as left,
        terminal(customers_screen, tmp_path, x=520, y=160) as right,
        hanbit.counselor() as counselor,
        opened_page(chromium, counselor.wait_for("ui")["url"] + kiosk) as page,
        hanbit.customer(counselor.wait_for("waiting")["link"], customers_screen) as customer,
    ):
        viewer = Viewer(page)
        viewer.wait_for_picture()
        assert page.get_by_role("toolbar").count() == (0 if kiosk else 1)
        with customers_screen.block(600, 400, 80, 80, RED) as paint:
            viewer.wait_for_pixel(640, 440, RED)
            paint(BLUE)
            viewer.wait_for_pixel(640, 440, BLUE)

        assert right.text == ""
        viewer.click(left.x, left.y)
        left.wait_for_keyboard()
        viewer.type("Hello, World_42!")
        left.wait_for("Hello, World_42!")
        viewer.compose_text("ㅎ", "하", "한")
        viewer.commit_text("글")
        left.wait_for("Hello, World_42!한글")

        customer.interrupt()
        assert customer.exit_code() == 0
        assert customer.wait_for("session-ended")["frames_shown"] > 0
        assert counselor.wait_for("session-ended")["reason"] == "program-closed"
        counselor.wait_for("waiting")
