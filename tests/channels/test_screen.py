import pytest

from ezp2p.base.area import Area
from ezp2p.base.errors import PeerError
from ezp2p.channels.screen.capture import FRAME_PAUSE_S
from ezp2p.channels.screen.capturing import PartsTaken, StartCapture, StopCapture
from ezp2p.channels.screen.counselor import CounselorScreen
from ezp2p.channels.screen.customer import RESTART_PAUSE_S, CustomerScreen
from ezp2p.channels.screen.flow import FEWEST
from ezp2p.desktop.screen.fake import FakeScreen
from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.messages.fields import Message
from ezp2p.wire.messages.screen import (
    Fill,
    Frame,
    FrameShown,
    Lossless,
    RefreshScreen,
    ScreenDriver,
    ScreenLayout,
    ScreenUnavailable,
    ShowScreen,
    UseDriver,
)
from tests.support.joined_screen import JoinedScreen
from tests.support.pictures import noise, photo, text


@pytest.fixture
def joined() -> JoinedScreen:
    """A customer with a page of text on the screen, and a viewer; nothing allowed yet."""
    screen = FakeScreen(320, 200)
    screen.paint(0, 0, text(320, 200))
    return JoinedScreen(screen)


# --- permission


def test_nothing_is_looked_at_or_sent_without_permission(joined: JoinedScreen) -> None:
    joined.counselor.show(["jpeg"])
    joined.counselor.refresh()
    joined.counselor.use_driver(ScreenDriver.PORTABLE)
    joined.settle()
    assert not joined.capturing
    assert joined.source.grabs == 0
    assert joined.layouts == []


def test_nothing_is_looked_at_before_there_is_a_viewer(joined: JoinedScreen) -> None:
    joined.customer.allow(True, joined.now)
    joined.settle()
    assert joined.source.grabs == 0


def test_permission_given_later_shows_the_screen(joined: JoinedScreen) -> None:
    joined.counselor.show([])
    joined.settle()
    joined.customer.allow(True, joined.now)
    joined.settle()
    assert joined.viewer.equals(joined.source.pixels)


def test_permission_taken_back_ends_it_at_once(joined: JoinedScreen) -> None:
    joined.begin()
    joined.customer.allow(False, joined.now)
    joined.source.fill(Area(0, 0, 9, 9), 0xFF0000)
    joined.settle()
    assert not joined.capturing
    assert joined.viewer.pixel(0, 0) != 0xFF0000


def test_a_frame_on_its_way_between_threads_is_not_sent_once_permission_ended() -> None:
    customer = CustomerScreen()
    customer.allow(True, 0.0)
    customer.receive(ShowScreen([]), 0.0)
    (start,) = customer.next_events()
    assert isinstance(start, StartCapture)
    late = PartsTaken(run=start.run, parts=[Fill(0, 0, 1, 1, 0)])
    customer.allow(False, 1.0)
    customer.captured(late, 1.0)
    assert list(customer.messages_to_send()) == []

    customer.allow(True, 2.0)  # nor after it was given again
    customer.captured(late, 2.0)
    assert list(customer.messages_to_send()) == []
    kinds = [type(command) for command in customer.next_events()]
    assert kinds == [StopCapture, StartCapture]


# --- the picture


def test_the_whole_screen_comes_first_and_then_what_changes(joined: JoinedScreen) -> None:
    joined.begin()
    assert joined.layouts == [ScreenLayout(320, 200, "fast")]
    assert joined.viewer.equals(joined.source.pixels)

    joined.source.fill(Area(30, 40, 10, 10), 0x00FF00)
    joined.settle()
    assert joined.frames[-1].parts == [Fill(30, 40, 10, 10, 0x00FF00)]
    assert joined.viewer.equals(joined.source.pixels)


def test_a_still_screen_sends_nothing_and_waits_for_ever(joined: JoinedScreen) -> None:
    joined.begin()
    frames, grabs = len(joined.frames), joined.source.grabs
    joined.settle(for_s=3600)
    assert (len(joined.frames), joined.source.grabs) == (frames, grabs)


def test_a_photo_is_seen_at_once_and_exact_when_still(joined: JoinedScreen) -> None:
    joined.source.paint(0, 0, photo(320, 200))
    joined.customer.allow(True, joined.now)
    joined.counselor.show(["jpeg", "planar-zstd"])
    joined.settle(for_s=0.1)
    assert "Jpeg" in joined.viewer.kinds
    assert not joined.viewer.equals(joined.source.pixels)
    joined.settle()
    assert joined.viewer.equals(joined.source.pixels)


def test_refresh_sends_all_of_it_again(joined: JoinedScreen) -> None:
    joined.begin()
    frames = len(joined.frames)
    joined.counselor.refresh()
    joined.settle()
    assert len(joined.frames) == frames + 1
    assert sum(part.width * part.height for part in joined.frames[-1].parts) == 320 * 200


def test_a_page_that_was_reloaded_gets_all_of_it(joined: JoinedScreen) -> None:
    joined.begin()
    joined.counselor.show(["planar-zstd"])
    joined.settle()
    assert len(joined.layouts) == 2
    assert joined.viewer.equals(joined.source.pixels)


def test_another_size_begins_anew(joined: JoinedScreen) -> None:
    joined.begin()
    joined.source.resize(400, 100)
    joined.source.paint(0, 0, text(400, 100))
    joined.settle()
    assert joined.layouts[-1] == ScreenLayout(400, 100, "fast")
    assert joined.viewer.equals(joined.source.pixels)


def test_another_driver_is_used_from_now_on(joined: JoinedScreen) -> None:
    joined.begin()
    joined.counselor.use_driver(ScreenDriver.PORTABLE)
    joined.settle()
    assert joined.drivers == [ScreenDriver.AUTO, ScreenDriver.PORTABLE]
    assert joined.layouts[-1] == ScreenLayout(320, 200, "portable")
    assert joined.viewer.equals(joined.source.pixels)


def test_a_4k_screen_of_noise_goes_in_messages_far_below_the_limit() -> None:
    joined = JoinedScreen(FakeScreen(3840, 2160))
    joined.source.paint(0, 0, noise(3840, 2160))
    joined.begin(["planar-zstd"])
    assert joined.viewer.equals(joined.source.pixels)
    codec = CODECS[Channel.SCREEN]
    longest = max(len(codec.encode(frame)) for frame in joined.frames)
    assert longest < FRAME_LIMIT[Channel.SCREEN] / 8


# --- flow


def test_without_answers_no_more_than_the_window_is_sent(joined: JoinedScreen) -> None:
    joined.begin()
    joined.answers = False
    frames = len(joined.frames)
    for step in range(50):
        joined.source.fill(Area(step, step, 20, 20), 0x010101 * step)
        joined.settle(for_s=0.02)
    assert len(joined.frames) - frames == FEWEST


def test_a_storm_of_damage_is_one_frame_once_there_is_room(joined: JoinedScreen) -> None:
    joined.begin()
    joined.answers = False
    for step in range(50):
        joined.source.fill(Area(step, step, 20, 20), 0x010101 * step)
        joined.settle(for_s=0.02)
    frames = len(joined.frames)
    joined.answers = True
    joined.show()
    joined.settle()
    assert len(joined.frames) == frames + 1
    assert joined.viewer.equals(joined.source.pixels)


def test_two_frames_are_never_closer_than_the_pause(joined: JoinedScreen) -> None:
    joined.begin()
    frames = len(joined.frames)
    began = joined.now
    for step in range(100):
        joined.source.fill(Area(0, 0, 20, 20), 0x010101 * step)
        joined.settle(for_s=0.001)
    assert len(joined.frames) - frames <= (joined.now - began) / FRAME_PAUSE_S + 1


def test_invented_and_late_answers_free_nothing(joined: JoinedScreen) -> None:
    joined.begin()
    joined.answers = False
    frames = len(joined.frames)
    for step in range(20):
        for number in (0, 1, 7, 2**32 - 1):
            joined.customer.receive(FrameShown(number), joined.now)
        joined.source.fill(Area(0, 0, 20, 20), 0x010101 * step)
        joined.settle(for_s=0.02)
    # One of the invented numbers may be that of a frame that is really on its way.
    assert len(joined.frames) - frames <= 2 * FEWEST


def test_a_flood_of_requests_costs_few_whole_pictures(joined: JoinedScreen) -> None:
    joined.begin()
    grabs = joined.source.grabs
    for _ in range(200):
        joined.counselor.show(["jpeg"])
        joined.counselor.use_driver(ScreenDriver.FAST)
        joined.counselor.refresh()
        joined.settle(for_s=0.005)
    assert joined.source.grabs - grabs <= 2 * (200 * 0.005 / RESTART_PAUSE_S + 2)
    joined.settle()
    assert joined.viewer.equals(joined.source.pixels)


# --- what goes wrong


def test_a_lost_screen_is_told_once_and_shown_again_when_it_is_back() -> None:
    joined = JoinedScreen(FakeScreen(320, 200))
    joined.begin()
    joined.source.die()
    joined.settle(for_s=60)
    assert [complaint.key for complaint in joined.complaints] == ["screen.unavailable"]

    joined.source = FakeScreen(320, 200)
    joined.source.fill(Area(0, 0, 320, 200), 0x123456)
    joined.settle(for_s=60)
    assert joined.viewer.pixel(5, 5) == 0x123456


def test_a_viewer_that_asks_again_need_not_wait_for_the_next_try() -> None:
    joined = JoinedScreen(FakeScreen(320, 200))
    joined.begin()
    joined.source.die()
    joined.settle(for_s=60)  # the pause between two tries is long by now
    joined.source = FakeScreen(320, 200)
    joined.source.fill(Area(0, 0, 320, 200), 0x123456)
    joined.counselor.use_driver(ScreenDriver.PORTABLE)
    joined.settle(for_s=0.1)
    assert joined.viewer.pixel(5, 5) == 0x123456


@pytest.mark.parametrize(
    "message",
    [Frame(0, []), ScreenLayout(1, 1, "fast"), ScreenUnavailable("x")],
    ids=lambda message: type(message).__name__,
)
def test_a_counselor_that_plays_the_customer_is_refused(message: Message) -> None:
    with pytest.raises(PeerError):
        CustomerScreen().receive(message, 0.0)


@pytest.mark.parametrize(
    "message",
    [ShowScreen([]), FrameShown(1), RefreshScreen(), UseDriver(ScreenDriver.FAST)],
    ids=lambda message: type(message).__name__,
)
def test_a_customer_that_plays_the_counselor_is_refused(message: Message) -> None:
    with pytest.raises(PeerError):
        CounselorScreen().receive(message, 0.0)


def test_a_frame_before_any_layout_is_refused() -> None:
    with pytest.raises(PeerError):
        CounselorScreen().receive(Frame(0, []), 0.0)


def test_a_reloaded_page_gets_no_frame_before_its_layout() -> None:
    counselor = CounselorScreen()
    layout = ScreenLayout(100, 100, "fast")
    counselor.receive(layout, 0.0)
    list(counselor.next_events())
    counselor.show([])
    counselor.receive(Frame(1, []), 0.0)  # was on its way
    assert list(counselor.next_events()) == []
    counselor.receive(layout, 0.0)
    counselor.receive(Frame(2, []), 0.0)
    assert list(counselor.next_events()) == [layout, Frame(2, [])]


def test_a_part_that_would_burst_a_viewer_is_refused_and_not_passed_on() -> None:
    counselor = CounselorScreen()
    counselor.receive(ScreenLayout(100, 100, "fast"), 0.0)
    list(counselor.next_events())
    with pytest.raises(PeerError):
        counselor.receive(Frame(0, [Lossless(90, 0, 20, 20, b"")]), 0.0)
    assert list(counselor.next_events()) == []


# --- figures


def test_statistics_tell_frames_bytes_and_times() -> None:
    counselor = CounselorScreen()
    counselor.receive(ScreenLayout(100, 100, "fast"), 0.0)
    for number in range(60):
        now = number / 30
        counselor.receive(Frame(number, [Fill(0, 0, 1, 1, number)]), now)
        counselor.frame_shown(FrameShown(number, decode_ms=3.0, paint_ms=1.0), now + 0.004)
    figures = counselor.statistics(2.0)
    assert figures.frames_per_s == 30
    assert figures.frames_shown == 60
    assert (figures.decode_ms, figures.paint_ms) == (3.0, 1.0)
    assert figures.show_ms == pytest.approx(4.0)
    assert counselor.statistics(10.0).frames_per_s == 0
