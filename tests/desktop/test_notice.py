"""The notice window on a real X server, seen by another program."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import xcffib
import xcffib.xproto
import xcffib.xtest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.notice import Notice, NoticeText, show_notice
from ezp2p.desktop.notice.drawing import ACCENT, ButtonState, draw_strip
from ezp2p.desktop.notice.fonts import font_for
from tests.support.xvfb import Display, xvfb

KOREAN = NoticeText(
    title="한빛고객센터의 김민지 상담원이 연결되어 있습니다",
    details="화면 보기와 조작 허용 · 10:42부터",
    end_button="상담 끝내기",
    end_hint="Ctrl+Alt+End",
)
ENGLISH = NoticeText(
    title="Kim Minji of Hanbit Support is connected",
    details="Can see and control · since 10:42",
    end_button="End now",
    end_hint="Ctrl+Alt+End",
)
WIDTH, HEIGHT = 1000, 600


class Stranger:
    """Another program on the same screen: it looks, clicks and gets in the way."""

    def __init__(self, display: Display) -> None:
        connect: Any = xcffib.Connection
        self.connection = connect(display=display.name)
        self.core = self.connection.core
        self.root = self.connection.get_setup().roots[0].root

    def strip(self) -> int | None:
        """The window that carries the notice's name."""
        for window in self.core.QueryTree(self.root).reply().children:
            if self.name(window):
                return int(window)
        return None

    def name(self, window: int) -> str:
        """The window's _NET_WM_NAME."""
        atom = self.core.InternAtom(False, 12, "_NET_WM_NAME").reply().atom
        named = self.core.GetProperty(False, window, atom, 0, 0, 256).reply()
        return bytes(named.value.buf()).decode() if named.value_len else ""

    def box(self, window: int) -> tuple[int, int, int, int]:
        """Left, top, width and height."""
        place = self.core.GetGeometry(window).reply()
        return place.x, place.y, place.width, place.height

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green and blue of the screen there."""
        image = self.core.GetImage(2, self.root, x, y, 1, 1, 0xFFFFFF).reply()
        blue, green, red = bytes(image.data.buf())[:3]
        return red, green, blue

    def at(self, x: int, y: int) -> None:
        """Move the pointer."""
        self._fake(6, 0, x, y)

    def press(self, down: bool) -> None:
        """Press or release the left button."""
        self._fake(4 if down else 5, 1)

    def cover_everything(self) -> int:
        """Put a window over the whole screen."""
        window = int(self.connection.generate_id())
        kinds = xcffib.xproto.CW
        values = [0xFFFFFF, 1]
        self.core.CreateWindow(
            *(0, window, self.root, 0, 0, WIDTH, HEIGHT, 0, 1, 0),
            kinds.BackPixel | kinds.OverrideRedirect,
            values,
        )
        self.core.MapWindow(window)
        self.core.GetInputFocus().reply()
        return window

    def _fake(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        xtest = self.connection(xcffib.xtest.key)
        xtest.FakeInput(kind, detail, 0, self.root, x, y, 0)
        self.core.GetInputFocus().reply()


@pytest.fixture
def display() -> Iterator[Display]:
    with xvfb(WIDTH, HEIGHT) as display, display.as_ours():
        yield display


@pytest.fixture
def stranger(display: Display) -> Iterator[Stranger]:
    stranger = Stranger(display)
    yield stranger
    stranger.connection.disconnect()


@pytest.fixture
def ended() -> queue.SimpleQueue[None]:
    return queue.SimpleQueue()


@pytest.fixture
def notice(display: Display, ended: queue.SimpleQueue[None]) -> Iterator[Notice]:
    notice = show_notice(ENGLISH, lambda: ended.put(None))
    yield notice
    notice.close()


def eventually(happens: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not happens() and time.monotonic() < until:
        time.sleep(0.02)
    return happens()


def strip_of(stranger: Stranger) -> int:
    window = stranger.strip()
    assert window is not None
    return window


def test_the_strip_stands_top_right_and_names_itself(notice: Notice, stranger: Stranger) -> None:
    assert notice.is_shown()
    strip = strip_of(stranger)
    left, top, width, _ = stranger.box(strip)
    assert (left + width, top) == (WIDTH - 16, 16)
    assert stranger.name(strip) == f"{ENGLISH.title} · {ENGLISH.details}"


def test_a_click_on_the_end_button_ends(
    notice: Notice, stranger: Stranger, ended: queue.SimpleQueue[None]
) -> None:
    left, top, width, height = stranger.box(strip_of(stranger))
    stranger.at(left + width - 40, top + height // 2)
    stranger.press(True)
    stranger.press(False)
    ended.get(timeout=20)


def test_a_press_that_leaves_the_button_ends_nothing(
    notice: Notice, stranger: Stranger, ended: queue.SimpleQueue[None]
) -> None:
    left, top, width, height = stranger.box(strip_of(stranger))
    stranger.at(left + width - 40, top + height // 2)
    stranger.press(True)
    stranger.at(left + 40, top + height // 2)
    stranger.press(False)
    stranger.at(left + width - 40, top + height // 2)
    stranger.press(True)
    stranger.press(False)
    ended.get(timeout=20)  # the second press, not the first
    assert ended.empty()


def test_the_strip_is_dragged_but_not_off_the_screen(notice: Notice, stranger: Stranger) -> None:
    strip = strip_of(stranger)
    left, top, _, _ = stranger.box(strip)
    stranger.at(left + 20, top + 20)
    stranger.press(True)
    stranger.at(120, 220)
    assert eventually(lambda: stranger.box(strip)[:2] == (100, 200))
    stranger.at(0, HEIGHT - 1)
    assert eventually(lambda: stranger.box(strip)[:2] == (0, HEIGHT - 64))
    stranger.press(False)


def test_new_text_appears_and_the_right_edge_stays(notice: Notice, stranger: Stranger) -> None:
    strip = strip_of(stranger)
    notice.update(KOREAN)
    assert eventually(lambda: stranger.name(strip).startswith(KOREAN.title))
    left, _, width, _ = stranger.box(strip)
    assert left + width == WIDTH - 16


def test_a_frame_runs_around_the_screen_and_lets_clicks_through(
    notice: Notice, stranger: Stranger
) -> None:
    edges = [(0, 300), (2, 300), (WIDTH - 1, 300), (500, 0), (500, HEIGHT - 1)]
    assert eventually(lambda: {stranger.pixel(x, y) for x, y in edges} == {ACCENT})
    assert stranger.pixel(4, 300) != ACCENT
    stranger.at(1, 300)
    assert stranger.core.QueryPointer(stranger.root).reply().child == 0


def test_strip_and_frame_come_back_on_top_of_what_covers_them(
    notice: Notice, stranger: Stranger
) -> None:
    strip = strip_of(stranger)
    cover = stranger.cover_everything()

    def above_the_cover() -> bool:
        order = list(stranger.core.QueryTree(stranger.root).reply().children)
        return order.index(strip) > order.index(cover) and stranger.pixel(0, 300) == ACCENT

    assert eventually(above_the_cover)
    assert order_is_quiet(stranger)


def order_is_quiet(stranger: Stranger) -> bool:
    """Tell whether the notice rests once it is on top."""
    masks = xcffib.xproto.EventMask.SubstructureNotify
    stranger.core.ChangeWindowAttributes(stranger.root, xcffib.xproto.CW.EventMask, [masks])
    stranger.core.GetInputFocus().reply()
    time.sleep(0.7)  # two periods of its tidying: nothing is to happen, so nothing to wait for
    return stranger.connection.poll_for_event() is None


def test_a_hidden_or_banished_strip_returns(notice: Notice, stranger: Stranger) -> None:
    strip = strip_of(stranger)
    stranger.core.UnmapWindowChecked(strip).check()
    assert eventually(
        lambda: (
            stranger.core.GetWindowAttributes(strip).reply().map_state == 2 and notice.is_shown()
        )
    )
    stranger.core.ConfigureWindowChecked(strip, 3, [5000, 5000]).check()
    assert eventually(lambda: stranger.box(strip)[0] < WIDTH)


def test_a_destroyed_strip_is_not_shown(notice: Notice, stranger: Stranger) -> None:
    stranger.core.DestroyWindowChecked(strip_of(stranger)).check()
    assert eventually(lambda: not notice.is_shown())


def test_a_dead_display_shows_nothing(display: Display, notice: Notice) -> None:
    display.kill()
    assert eventually(lambda: not notice.is_shown())
    notice.update(KOREAN)


def test_a_closed_notice_leaves_no_window(
    display: Display, stranger: Stranger, ended: queue.SimpleQueue[None]
) -> None:
    notice = show_notice(KOREAN, lambda: ended.put(None))
    notice.close()
    assert not notice.is_shown()
    assert eventually(lambda: not stranger.core.QueryTree(stranger.root).reply().children)


def test_no_display_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(Unavailable) as none:
        show_notice(ENGLISH, lambda: None)
    assert none.value.key == "notice.unavailable"


@pytest.mark.parametrize("scale", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("room", [320, 968, 3000])
@pytest.mark.parametrize("text", [KOREAN, ENGLISH])
def test_a_strip_keeps_its_button_whole_at_any_size(
    text: NoticeText, room: int, scale: float
) -> None:
    strip = draw_strip(text, ButtonState.RESTING, scale, room)
    assert 0 < strip.button.left < strip.button.right <= strip.picture.width
    assert strip.picture.height == 64 * scale
    assert strip.mask.getpixel((0, 0)) == 0
    assert strip.mask.getpixel((strip.picture.width // 2, 0)) == 255


def test_the_button_looks_touched() -> None:
    looks = {draw_strip(ENGLISH, state, 1.0, 900).picture.tobytes() for state in ButtonState}
    assert len(looks) == len(ButtonState)


def test_hangul_is_drawn_as_different_letters() -> None:
    font = font_for("가나", 20, bold=True)
    assert bytes(font.getmask("가")) != bytes(font.getmask("나"))
