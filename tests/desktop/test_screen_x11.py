from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.screen import Area, ScreenChanged, ScreenSource, open_screen
from ezp2p.desktop.screen.x11 import X11Screen
from ezp2p.wire.messages.screen import ScreenDriver
from tests.support.painter import Painter
from tests.support.pictures import noise, photo
from tests.support.xvfb import Display, xvfb

WIDTH, HEIGHT = 641, 480  # odd on purpose
SCREEN = Area(0, 0, WIDTH, HEIGHT)
PATIENCE_S = 20.0

T = TypeVar("T")

# A server that a test kills or resizes is its own; all others share one.


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
        screen = open_screen(ScreenDriver.AUTO)
        settle(screen)
        yield screen
        screen.close()


def settle(screen: ScreenSource) -> None:
    """Read all news there are, so that what comes next is new."""
    while screen.wait(0):
        screen.damage()
        screen.pointer()
    while screen.pointer_place():
        pass
    screen.pointer()


def awaited(screen: ScreenSource, ask: Callable[[], T]) -> T:
    """Wait until `ask` has an answer, and return it."""
    while not (answer := ask()):
        assert screen.wait(PATIENCE_S), "nothing happened"
    return answer


def pixels(screen: ScreenSource, area: Area) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return screen.grab(area)[..., :3].copy()


def test_the_fast_driver_is_taken(screen: ScreenSource) -> None:
    assert screen.driver is ScreenDriver.FAST
    assert (screen.width, screen.height) == (WIDTH, HEIGHT)


def test_painted_pixels_are_grabbed_exactly(screen: ScreenSource, painter: Painter) -> None:
    picture = photo(WIDTH, HEIGHT)
    painter.paint(0, 0, picture)
    assert np.array_equal(pixels(screen, SCREEN), picture[..., :3])
    part = Area(33, 44, 101, 57)
    assert np.array_equal(pixels(screen, part), picture[44:101, 33:134, :3])


def test_damage_holds_what_was_painted(screen: ScreenSource, painter: Painter) -> None:
    painter.fill(100, 50, 30, 20, 0x00FF00)
    areas = awaited(screen, screen.damage)
    assert any(area.overlap(Area(100, 50, 30, 20)) == Area(100, 50, 30, 20) for area in areas)


def test_damage_is_told_again_after_it_was_taken(screen: ScreenSource, painter: Painter) -> None:
    for colour in range(1, 30):
        painter.fill(0, 0, 10, 10, colour)
        assert awaited(screen, screen.damage)


def test_a_still_screen_is_silent(screen: ScreenSource) -> None:
    assert not screen.wait(0.2)
    assert screen.damage() == []


def test_an_interrupt_ends_a_wait_even_when_it_came_before(screen: ScreenSource) -> None:
    screen.interrupt()
    assert screen.wait(PATIENCE_S)
    assert not screen.wait(0)


def test_an_interrupt_after_the_end_does_no_harm(display: Display) -> None:
    with display.as_ours():
        screen = open_screen(ScreenDriver.FAST)
    screen.close()
    screen.interrupt()


def test_the_pointers_shape_is_told_when_it_changes(screen: ScreenSource, painter: Painter) -> None:
    picture = noise(20, 10, seed=4)
    picture[..., 3] = 255
    picture[0, 0] = 0  # clear
    painter.show_pointer(picture, 3, 7)
    shape = awaited(screen, screen.pointer)
    assert shape is not None
    assert np.array_equal(shape.picture, picture)
    assert (shape.hot_x, shape.hot_y) == (3, 7)
    assert screen.pointer() is None


def test_half_clear_pixels_keep_their_colour(screen: ScreenSource, painter: Painter) -> None:
    picture = np.zeros((8, 8, 4), np.uint8)
    picture[:] = 200, 100, 50, 128
    painter.show_pointer(picture, 0, 0)
    shape = awaited(screen, screen.pointer)
    assert shape is not None
    assert np.abs(shape.picture.astype(int) - picture).max() <= 1


def test_a_move_of_the_pointer_wakes_and_tells_where(
    screen: ScreenSource, painter: Painter
) -> None:
    painter.move_pointer(-2000, -2000)
    assert awaited(screen, screen.pointer_place)
    settle(screen)
    for step in range(1, 4):  # it listens again each time
        painter.move_pointer(5, 7)
        assert awaited(screen, screen.pointer_place) == (5 * step, 7 * step)
        settle(screen)


def test_a_pointer_that_moves_on_is_followed_by_asking(
    screen: ScreenSource, painter: Painter
) -> None:
    painter.move_pointer(-2000, -2000)
    assert awaited(screen, screen.pointer_place)
    for step in range(1, 5):
        painter.move_pointer(3, 0)
        assert screen.pointer_place() == (3 * step, 0)


def test_another_size_is_told_and_grabbed() -> None:
    with xvfb(640, 480) as own, own.as_ours(), Painter(own) as painter:
        screen = X11Screen()
        for width, height in ((320, 200), (640, 480), (500, 333)):
            painter.resize(width, height)
            assert awaited(screen, screen.resized)
            assert (screen.width, screen.height) == (width, height)
            picture = noise(width, height)
            painter.paint(0, 0, picture)
            whole = Area(0, 0, width, height)
            assert np.array_equal(pixels(screen, whole), picture[..., :3])
        screen.close()


def test_a_grab_of_a_screen_that_just_shrank_says_so() -> None:
    with xvfb(640, 480) as own, own.as_ours(), Painter(own) as painter:
        screen = X11Screen()
        painter.resize(320, 200)
        with pytest.raises(ScreenChanged):
            screen.grab(Area(0, 0, 640, 480))
        assert screen.resized()
        assert not screen.resized()
        screen.close()


def test_a_dead_server_is_unavailable_and_no_hang() -> None:
    with xvfb() as own, own.as_ours():
        screen = X11Screen()
        own.kill()
        with pytest.raises(Unavailable):
            while True:
                screen.wait(PATIENCE_S)
        for use in (
            lambda: screen.grab(Area(0, 0, 1, 1)),
            screen.pointer_place,
            lambda: screen.wait(PATIENCE_S),
        ):
            with pytest.raises(Unavailable):
                use()
        screen.close()


def test_pixels_of_another_kind_are_left_to_the_portable_driver() -> None:
    with xvfb(320, 200, depth=16) as own, own.as_ours(), pytest.raises(Unavailable):
        X11Screen()
