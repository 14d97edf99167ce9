from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ezp2p.base.area import Area
from ezp2p.desktop.screen.fake import FakeScreen
from ezp2p.media.engine import ScreenEngine
from ezp2p.wire.messages.screen import Part, ScreenCodec
from tests.support.pictures import Picture, noise, photo, text
from tests.support.replica import Replica

PAINTERS: list[Callable[[int, int], Picture]] = [text, photo, noise]


class Viewed:
    """A screen, the engine on it, and what a viewer makes of the parts."""

    def __init__(self, screen: FakeScreen, codecs: tuple[str, ...] = tuple(ScreenCodec)) -> None:
        self.screen = screen
        self.engine = ScreenEngine(screen, codecs)
        self.viewer = Replica()
        self.viewer.picture = np.zeros((screen.height, screen.width, 3), np.uint8)

    def draw(self, parts: list[Part]) -> None:
        for part in parts:
            self.viewer.draw(part)

    @property
    def exact(self) -> bool:
        return self.viewer.equals(self.screen.pixels)


@given(st.data())
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.data_too_large])
def test_the_viewer_has_what_the_screen_shows_after_any_script(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(1, 400)), data.draw(st.integers(1, 300))
    viewed = Viewed(FakeScreen(width, height))
    viewed.screen.paint(0, 0, text(width, height))
    viewed.draw(viewed.engine.whole(0.0))
    now = 0.0
    for _ in range(data.draw(st.integers(0, 8))):
        now += data.draw(st.sampled_from([0.01, 0.3]))
        x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        w, h = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 300))
        if data.draw(st.booleans()):
            viewed.screen.fill(Area(x, y, w, h), data.draw(st.integers(0, 0xFFFFFF)))
        else:
            viewed.screen.paint(x, y, data.draw(st.sampled_from(PAINTERS))(w, h))
        viewed.draw(viewed.engine.changes(now))
        viewed.draw(viewed.engine.refine(now, 20_000))
    while (refine_at := viewed.engine.refine_at) is not None:
        viewed.draw(viewed.engine.refine(refine_at, 50_000))
    assert viewed.exact


def test_text_is_exact_at_once() -> None:
    viewed = Viewed(FakeScreen(640, 480))
    viewed.screen.paint(0, 0, text(640, 480))
    viewed.draw(viewed.engine.whole(0.0))
    assert viewed.exact
    assert viewed.engine.refine_at is None


def test_a_photo_is_a_jpeg_first_and_exact_later() -> None:
    viewed = Viewed(FakeScreen(640, 480))
    viewed.screen.paint(64, 64, photo(400, 300))
    viewed.draw(viewed.engine.whole(0.0))
    assert "Jpeg" in viewed.viewer.kinds
    assert not viewed.exact
    refine_at = viewed.engine.refine_at
    assert refine_at is not None
    viewed.draw(viewed.engine.refine(refine_at, 10**9))
    assert viewed.exact


def test_a_viewer_without_jpeg_has_a_photo_exact_at_once() -> None:
    viewed = Viewed(FakeScreen(640, 480), (ScreenCodec.LOSSLESS,))
    viewed.screen.paint(64, 64, photo(400, 300))
    viewed.draw(viewed.engine.whole(0.0))
    assert viewed.exact


def test_damage_without_a_difference_sends_nothing() -> None:
    viewed = Viewed(FakeScreen(640, 480))
    viewed.draw(viewed.engine.whole(0.0))
    viewed.screen.fill(Area(0, 0, 640, 480), 0)
    assert viewed.engine.changes(1.0) == []


def test_a_letter_costs_some_bytes() -> None:
    viewed = Viewed(FakeScreen(1920, 1080))
    viewed.screen.paint(0, 0, text(1920, 1080))
    viewed.draw(viewed.engine.whole(0.0))
    before = viewed.viewer.size_bytes
    viewed.screen.paint(500, 500, text(60, 14)[:, 40:48])
    viewed.draw(viewed.engine.changes(1.0))
    assert viewed.exact
    assert 0 < viewed.viewer.size_bytes - before < 200


def test_one_colour_costs_no_bytes_at_all() -> None:
    viewed = Viewed(FakeScreen(1920, 1080))
    viewed.screen.fill(Area(0, 0, 1920, 1080), 0x336699)
    viewed.draw(viewed.engine.whole(0.0))
    assert viewed.exact
    assert viewed.viewer.kinds == ["Fill"]
