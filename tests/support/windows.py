"""Buttons in our own window, found by their text and clicked by the mouse on the screen."""

from __future__ import annotations

import json

from tests.support.devtools import Devtools
from tests.support.people import Screen, until

TITLE = "^ezp2p"

_PLACE = """(() => {
  const button = [...document.querySelectorAll('button')].find(
    (each) => each.innerText.trim() === TEXT && !each.disabled);
  if (!button) return null;
  const box = button.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})()"""


def press_button(screen: Screen, page: Devtools, text: str) -> None:
    """Wait until the button can be pressed, then click on it with the screen's mouse."""
    place = until(lambda: page.value(_PLACE.replace("TEXT", json.dumps(text))), f"button {text!r}")
    left, top = window_place(screen)
    screen.click(left + round(place[0]), top + round(place[1]))


def window_place(screen: Screen) -> tuple[int, int]:
    """Return where the page begins on the screen."""

    def look() -> dict[str, str]:
        words = ("search", "--onlyvisible", "--name", TITLE, "getwindowgeometry", "--shell")
        text = screen.xdotool(*words)
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    facts = until(look, "our window")
    return int(facts["X"]), int(facts["Y"])


def shows_text(page: Devtools, text: str) -> None:
    """Wait until the page shows this sentence, or one that contains it."""
    page.wait_until(f"document.body?.innerText.includes({json.dumps(text)})")
