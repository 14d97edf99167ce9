from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.screen import Area, ScreenSource, open_screen
from ezp2p.wire.messages.screen import ScreenDriver
from tests.support.painter import Painter
from tests.support.pictures import noise, photo
from tests.support.xvfb import Display, xvfb

WIDTH, HEIGHT = 641, 480
PATIENCE_S = 20.0

T = TypeVar("T")


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    with xvfb(WIDTH, HEIGHT) as display:
        yield display


@pytest.fixture
def painter(display: Display) -> Iterator[Painter]:
    with Painter(display) as painter:
        painter.fill(0, 0, WIDTH, HEIGHT, 0)
        yield painter


@pytest.fixture
def screen(display: Display, painter: Painter) -> Iterator[ScreenSource]:
    with display.as_ours():
        screen = open_screen(ScreenDriver.PORTABLE)
        screen.pointer_place()
        yield screen
        screen.close()


def awaited(screen: ScreenSource, ask: Callable[[], T]) -> T:
    """Wait until `ask` has an answer, and return it."""
    while not (answer := ask()):
        assert screen.wait(PATIENCE_S), "nothing happened"
    return answer


def test_it_is_what_was_asked_for(screen: ScreenSource) -> None:
    assert screen.driver is ScreenDriver.PORTABLE
    assert (screen.width, screen.height) == (WIDTH, HEIGHT)


def test_painted_pixels_are_found_and_grabbed_exactly(
    screen: ScreenSource, painter: Painter
) -> None:
    picture = photo(100, 90)
    painter.paint(33, 44, picture)
    areas = awaited(screen, screen.damage)
    there = Area(33, 44, 100, 90)
    assert any(area.overlap(there) == there for area in areas)
    assert np.array_equal(screen.grab(there)[..., :3], picture[..., :3])


def test_damage_is_the_bands_that_changed(screen: ScreenSource, painter: Painter) -> None:
    painter.fill(0, 0, 1, 1, 0xFFFFFF)
    painter.fill(0, HEIGHT - 1, 1, 1, 0xFFFFFF)
    seen: set[Area] = set()
    while len(seen) < 2:  # a look may fall between the two
        seen |= set(awaited(screen, screen.damage))
    assert seen == {Area(0, 0, WIDTH, 64), Area(0, 448, WIDTH, 32)}


def test_a_still_screen_is_silent(screen: ScreenSource) -> None:
    assert not screen.wait(0.3)
    assert screen.damage() == []


def test_an_interrupt_ends_a_wait_even_when_it_came_before(screen: ScreenSource) -> None:
    screen.interrupt()
    assert screen.wait(None)


def test_the_pointer_is_followed_here_too(screen: ScreenSource, painter: Painter) -> None:
    painter.move_pointer(-2000, -2000)
    assert awaited(screen, lambda: screen.pointer_place() == (0, 0))
    painter.move_pointer(9, 8)
    assert awaited(screen, lambda: screen.pointer_place() == (9, 8))
    assert screen.pointer() is not None


def test_another_size_is_found() -> None:
    with xvfb(640, 480) as own, own.as_ours(), Painter(own) as painter:
        screen = open_screen(ScreenDriver.PORTABLE)
        painter.resize(320, 200)
        assert awaited(screen, screen.resized)
        picture = noise(320, 200)
        painter.paint(0, 0, picture)
        assert awaited(screen, screen.damage)
        assert np.array_equal(screen.grab(Area(0, 0, 320, 200))[..., :3], picture[..., :3])
        screen.close()


def test_a_dead_server_is_unavailable_and_no_hang() -> None:
    with xvfb() as own, own.as_ours():
        screen = open_screen(ScreenDriver.PORTABLE)
        own.kill()
        with pytest.raises(Unavailable):
            while True:
                screen.wait(PATIENCE_S)
        screen.close()
