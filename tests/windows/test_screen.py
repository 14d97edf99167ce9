"""The customer's screen on Windows: real pixels of the real desktop."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pytest

from ezp2p.base.area import Area
from ezp2p.desktop.screen import ScreenSource, open_screen
from ezp2p.wire.messages.screen import ScreenDriver
from tests.windows.notepad import notepad

T = TypeVar("T")
PATIENCE_S = 20.0


@pytest.fixture
def screen() -> Iterator[ScreenSource]:
    screen = open_screen(ScreenDriver.PORTABLE)
    screen.pointer_place()
    yield screen
    screen.close()


def awaited(screen: ScreenSource, ask: Callable[[], T]) -> T:
    while not (answer := ask()):
        assert screen.wait(PATIENCE_S), "nothing happened"
    return answer


def test_new_window_is_damage_and_white_pixels(screen: ScreenSource) -> None:
    place = Area(200, 250, 200, 100)
    before = screen.grab(place).copy()
    with notepad() as paper:
        paper.move(100, 100, 500, 300)

        def paper_is_white() -> bool:
            return bool((screen.grab(place)[..., :3] == 255).all())

        damaged: list[Area] = []
        while not paper_is_white():
            damaged += awaited(screen, screen.damage)
    assert any(area.y <= place.y and area.bottom >= place.bottom for area in damaged)
    assert not np.array_equal(before, screen.grab(place))
