"""A session from both sides: who may do what, who ends it, and what stays behind: nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.company import Company
from tests.support.people import Screen, terminal, until
from tests.support.program import Program
from tests.support.viewer import Viewer, browser, opened_page

END_BUTTON = (209, 44, 36)  # of the notice's strip
RED, BLUE = (255, 0, 64), (16, 48, 240)
# `webbrowser` shall find a browser that shows nothing: the test opens the page itself.
NO_BROWSER = {"BROWSER": "true"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def counselor(hanbit: Company) -> Iterator[Program]:
    """One counselor for all tests here: after each session she waits again."""
    with hanbit.counselor() as running:
        yield running


@pytest.fixture(scope="module")
def counselors_page(chromium: Browser, counselor: Program) -> Iterator[Page]:
    with opened_page(chromium, counselor.wait_for("ui")["url"]) as page:
        yield page


@contextlib.contextmanager
def customer_with_a_page(
    hanbit: Company, screen: Screen, chromium: Browser, code: str
) -> Iterator[tuple[Program, Page]]:
    """A customer who looks at the program's pages and answers for herself."""
    with (
        hanbit.customer(
            code, screen, "--ui", "browser", grant=None, environ=NO_BROWSER
        ) as customer,
        opened_page(chromium, customer.wait_for("ui")["url"]) as page,
    ):
        yield customer, page


def test_view_only_lets_nothing_through(
    hanbit: Company,
    customers_screen: Screen,
    counselor: Program,
    counselors_page: Page,
    tmp_path: Path,
) -> None:
    viewer = Viewer(counselors_page)
    with (
        terminal(customers_screen, tmp_path) as paper,
        hanbit.customer(counselor.wait_for("waiting")["code"], customers_screen),
    ):
        viewer.wait_for_picture()
        viewer.click(paper.x, paper.y)
        viewer.type("before")
        paper.wait_for("before")
        viewer.tool("View only")
        counselors_page.locator(".statusline", has_text="View only").wait_for()
        viewer.click(5, 5)
        viewer.type("LOCKED")
        viewer.commit_text("잠김")
        viewer.tool("View only")
        viewer.wait_for_picture()
        viewer.type("after")
        paper.wait_for("beforeafter")
    assert counselor.wait_for("session-ended")["reason"] == "program-closed"


@pytest.mark.parametrize("by", ["key", "strip"])
def test_customer_ends_it_and_nothing_stays_down(
    hanbit: Company, customers_screen: Screen, counselor: Program, counselors_page: Page, by: str
) -> None:
    viewer = Viewer(counselors_page)
    with hanbit.customer(counselor.wait_for("waiting")["code"], customers_screen) as customer:
        viewer.wait_for_picture()
        strip = customers_screen.wait_for_colour(END_BUTTON)
        counselors_page.mouse.move(*viewer.place(400, 500))
        counselors_page.keyboard.down("Control")
        counselors_page.keyboard.down("a")
        until(lambda: len(customers_screen.keys_down()) == 2, "both keys down")
        if by == "key":
            counselors_page.mouse.down()
            until(customers_screen.buttons_down, "the button down")
            customers_screen.press_end_now()
        else:
            customers_screen.click(*strip)
        assert customer.wait_for("session-ended")["reason"] == "customer-ended"
        assert customer.exit_code() == 0
        assert customers_screen.keys_down() == set()
        assert customers_screen.buttons_down() == 0
    assert counselor.wait_for("session-ended")["reason"] == "customer-ended"
    counselors_page.get_by_text("The customer ended the session.").wait_for()
    assert customers_screen.middle_of(END_BUTTON) is None
    counselors_page.mouse.up()
    counselors_page.keyboard.up("a")
    counselors_page.keyboard.up("Control")


def test_both_chat(
    hanbit: Company,
    customers_screen: Screen,
    chromium: Browser,
    counselor: Program,
    counselors_page: Page,
) -> None:
    waiting = counselor.wait_for("waiting")
    with customer_with_a_page(hanbit, customers_screen, chromium, waiting["code"]) as (
        customer,
        page,
    ):
        page.get_by_role("button", name="Allow").click()
        counselor.wait_for("grants", granted=["control", "view"])
        page.get_by_label("Write a message").fill("안녕하세요 <b>https://example.com/a?b=1</b>")
        page.keyboard.press("Enter")
        assert counselor.wait_for("chat")["text"].startswith("안녕하세요")
        Viewer(counselors_page).tool("Chat")
        line = counselors_page.locator(".chat-line:not(.mine)").last
        assert "안녕하세요 <b>" in line.inner_text()
        assert line.locator("a").get_attribute("href") == "https://example.com/a?b=1"
        counselors_page.get_by_label("Write a message").fill("Hello!")
        counselors_page.keyboard.press("Enter")
        assert customer.wait_for("chat", mine=False)["text"] == "Hello!"
        page.get_by_text("Hello!").wait_for()
        page.get_by_role("button", name="End now").click()
        page.get_by_text("Thank you").wait_for()
    assert counselor.wait_for("session-ended")["reason"] == "customer-ended"


def test_customer_refuses_and_the_counselor_hears_it(
    hanbit: Company,
    customers_screen: Screen,
    chromium: Browser,
    counselor: Program,
    counselors_page: Page,
) -> None:
    waiting = counselor.wait_for("waiting")
    with customer_with_a_page(hanbit, customers_screen, chromium, waiting["link"]) as (
        customer,
        page,
    ):
        customer.wait_for("consent-asked")
        counselors_page.get_by_text("Waiting for the customer's permission").wait_for()
        page.get_by_role("button", name="Refuse").click()
        page.get_by_text("The counselor has seen nothing.").wait_for()
        assert counselor.wait_for("session-ended")["reason"] == "refused"
        counselors_page.get_by_text("The customer refused.").wait_for()
        assert not customer.has_said("grants", granted=["control", "view"])


def test_customer_takes_control_back_and_gives_it_again(
    hanbit: Company,
    customers_screen: Screen,
    chromium: Browser,
    counselor: Program,
    counselors_page: Page,
    tmp_path: Path,
) -> None:
    viewer = Viewer(counselors_page)
    waiting = counselor.wait_for("waiting")
    with (
        terminal(customers_screen, tmp_path) as paper,
        customer_with_a_page(hanbit, customers_screen, chromium, waiting["code"]) as (_, page),
    ):
        page.get_by_role("button", name="Allow").click()
        viewer.wait_for_picture()
        viewer.click(paper.x, paper.y)
        viewer.type("one")
        paper.wait_for("one")
        page.get_by_label("Use mouse and keyboard").click()
        counselor.wait_for("grants", granted=["view"])
        page.get_by_text("can see your screen").wait_for()
        counselors_page.get_by_role("button", name="Ask for control").wait_for()
        viewer.type("two")
        with customers_screen.block(600, 400, 80, 80, RED) as paint:
            viewer.wait_for_pixel(640, 440, RED)  # still seen
            paint(BLUE)
            viewer.wait_for_pixel(640, 440, BLUE)
        page.get_by_label("Use mouse and keyboard").click()
        counselor.wait_for("grants", granted=["control", "view"])
        # The program knows before its page does, and a page that does not know sends no key.
        ask = counselors_page.get_by_role("button", name="Ask for control")
        ask.wait_for(state="detached")
        viewer.type("three")
        paper.wait_for("onethree")
        Viewer(counselors_page).tool("End session")
        page.get_by_text("Nobody can see this computer any more.").wait_for()
    assert counselor.wait_for("session-ended")["reason"] == "counselor-ended"
