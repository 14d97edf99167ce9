"""Two people, two screens, our own windows: from the code to control, seen and typed for real."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.company import Company
from tests.support.devtools import devtools, free_port
from tests.support.people import Screen, terminal
from tests.support.windows import press_button, shows_text

RED, GREEN, BLUE, PINK = (255, 0, 64), (0, 224, 32), (16, 48, 240), (240, 16, 200)


class Mapping:
    """Where on the counselor's screen a pixel of the customer's is, learnt by looking."""

    def __init__(self, customers: Screen, counselors: Screen) -> None:
        with (
            customers.block(300, 100, 60, 60, RED),
            customers.block(800, 500, 60, 60, GREEN),
        ):
            (left, top), (right, bottom) = map(counselors.wait_for_colour, (RED, GREEN))
        self._scale = (right - left) / 500, (bottom - top) / 400
        self._origin = left - 330 * self._scale[0], top - 130 * self._scale[1]

    def place(self, x: int, y: int) -> tuple[int, int]:
        """Return the place on the counselor's screen."""
        return (
            round(self._origin[0] + x * self._scale[0]),
            round(self._origin[1] + y * self._scale[1]),
        )


def test_counselor_sees_clicks_and_types_through_the_window(
    hanbit: Company, customers_screen: Screen, counselors_screen: Screen, tmp_path: Path
) -> None:
    port = free_port()
    engine = {"QTWEBENGINE_REMOTE_DEBUGGING": f"127.0.0.1:{port}"}
    with (
        terminal(customers_screen, tmp_path, x=40, y=160) as left,
        terminal(customers_screen, tmp_path, x=520, y=160) as right,
        hanbit.counselor(screen=counselors_screen, environ=engine) as counselor,
        hanbit.customer(counselor.wait_for("waiting")["code"], customers_screen) as customer,
        devtools(port) as page,
    ):
        path = customer.wait_for("path")
        assert path["kind"] == "direct-lan"
        assert re.fullmatch(r"[0-9a-f.:\[\]]+:[0-9]+", path["address"])
        counselor.wait_for("session-started")

        mapping = Mapping(customers_screen, counselors_screen)
        with customers_screen.block(600, 400, 80, 80, PINK) as paint:
            place = counselors_screen.wait_for_colour(PINK)
            paint(BLUE)
            assert near(counselors_screen.wait_for_colour(BLUE), place)

        # The terminal on the right has the keyboard: only a click gives it to the left one.
        counselors_screen.click(*mapping.place(left.x, left.y))
        left.wait_for_keyboard()
        counselors_screen.type("Hello, World_42!")
        left.wait_for("Hello, World_42!")
        page.compose_text("ㅎ", "하", "한")
        page.commit_text("글")
        left.wait_for("Hello, World_42!한글")
        counselors_screen.click(*mapping.place(right.x, right.y))
        right.wait_for_keyboard()
        counselors_screen.type("right")
        right.wait_for("right")
        assert left.text == "Hello, World_42!한글"
        assert customers_screen.keys_down() == set()

        page.value("document.querySelector('.tool.danger').click()")
        assert customer.wait_for("session-ended")["reason"] == "counselor-ended"
        assert customer.exit_code() == 0
        assert counselor.wait_for("session-ended")["reason"] == "counselor-ended"
        counselor.wait_for("waiting")


def test_customer_allows_and_ends_in_the_window(
    hanbit: Company, customers_screen: Screen, tmp_path: Path
) -> None:
    port = free_port()
    engine = {"QTWEBENGINE_REMOTE_DEBUGGING": f"127.0.0.1:{port}"}
    with (
        hanbit.counselor() as counselor,
        hanbit.customer(
            counselor.wait_for("waiting")["link"], customers_screen, grant=None, environ=engine
        ) as customer,
        devtools(port) as page,
    ):
        asked = customer.wait_for("consent-asked")
        assert asked["grants"] == ["view", "control"]
        shows_text(page, "would like to see this computer")
        assert not counselor.has_said("grants", granted=["control", "view"])
        press_button(customers_screen, page, "Allow")
        granted = counselor.wait_for("grants")
        assert granted["granted"] == ["control", "view"]
        shows_text(page, "can see and control this computer")
        press_button(customers_screen, page, "End now")
        assert counselor.wait_for("session-ended")["reason"] == "customer-ended"
        shows_text(page, "Nobody can see this computer any more.")


def near(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two places differ by no more than what scaling blurs."""
    return all(abs(a - b) <= 2 for a, b in zip(one, other, strict=True))
