"""The thread that captures, on screens in memory and on a real X server."""

import queue
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from ezp2p.base.area import Area
from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import Unavailable
from ezp2p.channels.screen.capturing import (
    Captured,
    CaptureFailed,
    CursorTaken,
    FreeFrames,
    LayoutTaken,
    PartsTaken,
    StartCapture,
    StopCapture,
    TakeWhole,
)
from ezp2p.channels.screen.counselor import CounselorScreen
from ezp2p.channels.screen.customer import CustomerScreen
from ezp2p.channels.screen.worker import ScreenWorker
from ezp2p.desktop.screen import ScreenSource, open_screen
from ezp2p.desktop.screen.fake import FakeScreen
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.cursor import CursorMoved, CursorShape
from ezp2p.wire.messages.screen import Frame, FrameShown, ScreenDriver, ScreenLayout
from tests.support.painter import Painter
from tests.support.pictures import noise, photo, text
from tests.support.replica import Replica
from tests.support.xvfb import Display, xvfb

PATIENCE_S = 20.0
CLOCK = SystemClock()


class Working:
    """A worker whose screen is opened by `open_source`, and what it delivers."""

    def __init__(self, open_source: Callable[[ScreenDriver], ScreenSource]) -> None:
        self.delivered: queue.SimpleQueue[Captured] = queue.SimpleQueue()
        self.worker = ScreenWorker(open_source, self.delivered.put, CLOCK)
        self.worker.start()

    def start(self, run: int = 1, *, window: int = 2) -> None:
        self.worker.obey(
            StartCapture(run=run, codecs=("jpeg",), driver=ScreenDriver.AUTO, window=window)
        )

    def next(self) -> Captured:
        return self.delivered.get(timeout=PATIENCE_S)


@pytest.fixture
def screen() -> FakeScreen:
    return FakeScreen(320, 200)


@pytest.fixture
def working(screen: FakeScreen) -> Iterator[Working]:
    working = Working(lambda driver: screen)
    yield working
    assert working.worker.stop()


def test_layout_comes_first_then_the_picture(working: Working) -> None:
    working.start()
    assert working.next() == LayoutTaken(run=1, width=320, height=200, driver=ScreenDriver.FAST)
    assert isinstance(working.next(), PartsTaken)


def test_a_change_is_delivered_while_there_is_room(working: Working, screen: FakeScreen) -> None:
    working.start(window=1)
    assert isinstance(working.next(), LayoutTaken)
    assert isinstance(working.next(), PartsTaken)
    screen.fill(Area(1, 1, 5, 5), 0xFFFFFF)
    working.worker.obey(FreeFrames(run=1, shown=1, window=1))
    changed = working.next()
    assert isinstance(changed, PartsTaken)
    assert [(part.x, part.y) for part in changed.parts] == [(1, 1)]


def test_room_in_another_run_is_none_in_this(working: Working, screen: FakeScreen) -> None:
    working.start(7, window=1)
    working.next(), working.next()
    working.worker.obey(FreeFrames(run=6, shown=1, window=8))
    working.worker.obey(TakeWhole())
    working.start(8)  # the next thing that is delivered belongs to this
    assert working.next().run == 8


def test_a_stopped_capture_closes_the_screen(working: Working, screen: FakeScreen) -> None:
    working.start()
    working.next(), working.next()
    working.worker.obey(StopCapture())
    working.worker.stop()
    assert screen.closed


def test_a_screen_that_dies_is_the_end_of_the_run(working: Working, screen: FakeScreen) -> None:
    working.start(3)
    working.next(), working.next()
    screen.die()
    failed = working.next()
    assert isinstance(failed, CaptureFailed)
    assert (failed.run, failed.key) == (3, ErrorKey.SCREEN_UNAVAILABLE)
    assert "died" in failed.details


def test_no_screen_at_all_is_told_by_its_key() -> None:
    def no_screen(driver: ScreenDriver) -> ScreenSource:
        raise Unavailable(ErrorKey.SCREEN_WAYLAND)

    working = Working(no_screen)
    working.start()
    failed = working.next()
    assert isinstance(failed, CaptureFailed)
    assert failed.key == ErrorKey.SCREEN_WAYLAND
    assert working.worker.stop()


def test_a_mistake_of_ours_ends_the_run_and_not_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    screens = [None, FakeScreen(10, 10)]

    def broken_first(driver: ScreenDriver) -> ScreenSource:
        screen = screens.pop(0)
        assert screen is not None, "a mistake"
        return screen

    working = Working(broken_first)
    working.start(1)
    assert isinstance(working.next(), CaptureFailed)
    assert "a mistake" in caplog.text
    working.start(2)
    assert isinstance(working.next(), LayoutTaken)
    assert working.worker.stop()


def test_it_stops_before_it_began_anything() -> None:
    working = Working(lambda driver: FakeScreen(1, 1))
    assert working.worker.stop()
    assert not any(thread.name == "screen" for thread in threading.enumerate())


# --- on a real X server


class Shared:
    """A customer on an X server and a viewer, with a thread in between."""

    def __init__(self) -> None:
        self.customer, self.counselor = CustomerScreen(), CounselorScreen()
        self.viewer = Replica()
        self.layouts: list[ScreenLayout] = []
        self.cursor: list[CursorShape | CursorMoved] = []
        self.complaints: list[str] = []
        self.working = Working(open_screen)
        self.customer.allow(True, CLOCK.now())
        self.counselor.show(["jpeg", "planar-zstd"])

    def until(self, condition: Callable[[], object], *, patience_s: float = PATIENCE_S) -> bool:
        """Carry messages until `condition` holds; tell whether it did in time."""
        end = CLOCK.now() + patience_s
        while not condition():
            self._exchange()
            wake_at = min(end, self.customer.wake_at or end)
            try:
                captured = self.working.delivered.get(timeout=max(wake_at - CLOCK.now(), 0.001))
            except queue.Empty:
                if CLOCK.now() >= end:
                    return False
                self.customer.wake(CLOCK.now())
                continue
            if isinstance(captured, CursorTaken):
                self.cursor.append(captured.message)
            else:
                self.customer.captured(captured, CLOCK.now())
            self._exchange()
        return True

    def _exchange(self) -> None:
        now = CLOCK.now()
        for asked in self.counselor.messages_to_send():
            self.customer.receive(asked, now)
        for told in self.customer.messages_to_send():
            self.counselor.receive(told, now)
        for picture in self.counselor.next_events():
            self.viewer.take(picture)
            match picture:
                case ScreenLayout():
                    self.layouts.append(picture)
                case Frame(number=number):
                    self.counselor.frame_shown(FrameShown(number), now)
                case _:
                    self.complaints.append(picture.key)
        for shown in self.counselor.messages_to_send():
            self.customer.receive(shown, now)
        for command in self.customer.next_events():
            self.working.worker.obey(command)


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    with xvfb(800, 600) as display:
        yield display


@pytest.fixture
def painter(display: Display) -> Iterator[Painter]:
    with Painter(display) as painter:
        painter.paint(0, 0, text(800, 600))
        yield painter


@pytest.fixture
def shared(display: Display, painter: Painter) -> Iterator[Shared]:
    with display.as_ours():
        shared = Shared()
        assert shared.until(lambda: shared.viewer.equals(text(800, 600)))
        yield shared
        assert shared.working.worker.stop()


def test_painted_pixels_arrive_exactly(shared: Shared, painter: Painter) -> None:
    wanted = text(800, 600)
    for seed, (x, y, picture) in enumerate(
        [
            (10, 10, text(300, 200)),
            (401, 33, photo(300, 201)),
            (50, 300, noise(333, 222)),
            (0, 0, text(5, 5)),
        ]
    ):
        painter.paint(x, y, picture)
        wanted[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        assert shared.until(lambda: shared.viewer.equals(wanted)), f"picture {seed}"
    assert "Jpeg" in shared.viewer.kinds


def test_typing_costs_few_bytes(shared: Shared, painter: Painter) -> None:
    before, frames = shared.viewer.size_bytes, shared.viewer.frames
    wanted = text(800, 600)
    for letter in range(10):
        glyph = noise(7, 13, seed=letter) // 128 * 255  # black and white
        painter.paint(100 + letter * 7, 100, glyph)
        wanted[100:113, 100 + letter * 7 : 107 + letter * 7] = glyph
        assert shared.until(lambda: shared.viewer.equals(wanted))
    assert shared.viewer.frames - frames == 10
    assert shared.viewer.size_bytes - before < 10 * 200


def test_a_still_screen_sends_nothing(shared: Shared) -> None:
    frames = shared.viewer.frames
    assert not shared.until(lambda: shared.viewer.frames > frames, patience_s=0.4)


def test_the_driver_changes_while_it_runs(shared: Shared, painter: Painter) -> None:
    for driver in (ScreenDriver.PORTABLE, ScreenDriver.FAST):
        shared.counselor.use_driver(driver)
        assert shared.until(lambda: shared.layouts[-1].driver == driver)  # noqa: B023
        painter.fill(0, 0, 800, 600, 0x224466)
        assert shared.until(lambda: shared.viewer.pixel(799, 599) == 0x224466)
        painter.paint(0, 0, text(800, 600))
        assert shared.until(lambda: shared.viewer.equals(text(800, 600)))


def test_the_pointer_arrives_by_shape_and_place(shared: Shared, painter: Painter) -> None:
    picture = np.full((16, 16, 4), 255, np.uint8)
    painter.show_pointer(picture, 5, 6)
    assert shared.until(
        lambda: any(
            isinstance(message, CursorShape) and (message.hot_x, message.hot_y) == (5, 6)
            for message in shared.cursor
        )
    )
    painter.move_pointer(-2000, -2000)
    painter.move_pointer(12, 34)
    assert shared.until(lambda: shared.cursor[-1] == CursorMoved(12, 34))


def test_another_size_and_a_crash_are_told() -> None:
    with xvfb(640, 480) as own, own.as_ours(), Painter(own) as painter:
        shared = Shared()
        assert shared.until(lambda: shared.viewer.frames)
        painter.resize(500, 300)
        painter.paint(0, 0, photo(500, 300))
        assert shared.until(lambda: shared.viewer.equals(photo(500, 300)))
        assert [(layout.width, layout.height) for layout in shared.layouts] == [
            (640, 480),
            (500, 300),
        ]
        own.kill()
        assert shared.until(lambda: shared.complaints == ["screen.unavailable"])
        assert shared.working.worker.stop()
