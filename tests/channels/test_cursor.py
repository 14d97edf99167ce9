import io

import numpy as np
import pytest
from PIL import Image

from ezp2p.base.errors import PeerError
from ezp2p.channels.cursor.counselor import CounselorCursor
from ezp2p.channels.cursor.customer import CustomerCursor
from ezp2p.channels.screen.pointer import HIDDEN, LARGEST, PointerShapes
from ezp2p.desktop.screen import Pointer
from ezp2p.desktop.screen.fake import FakeScreen
from ezp2p.wire.messages.cursor import CursorMoved, CursorShape
from tests.support.joined_screen import JoinedScreen
from tests.support.pictures import noise


def pointer(side: int = 24, *, seed: int = 1) -> Pointer:
    return Pointer(picture=noise(side, side, seed=seed), hot_x=3, hot_y=side - 1)


# --- found out together with the screen


def test_the_shape_is_sent_when_it_changes_and_only_then() -> None:
    joined = JoinedScreen(FakeScreen(64, 64))
    joined.source.show_pointer(pointer())
    joined.begin()
    joined.settle(for_s=10)
    assert [type(message) for message in joined.cursor] == [CursorShape]
    joined.source.show_pointer(pointer(seed=2))
    joined.settle()
    assert len(joined.cursor) == 2


def test_a_moving_pointer_is_told_at_most_30_times_a_second() -> None:
    joined = JoinedScreen(FakeScreen(640, 480))
    joined.begin()
    for step in range(500):
        joined.source.move_pointer(step, 7)
        joined.settle(for_s=0.002)
    joined.settle()
    assert 25 <= len(joined.cursor) <= 32
    assert joined.cursor[-1] == CursorMoved(499, 7)


def test_a_pointer_that_moves_just_after_it_stood_still_is_told() -> None:
    joined = JoinedScreen(FakeScreen(640, 480))
    joined.begin()
    for place in ((1, 1), (2, 2)):
        joined.source.move_pointer(*place)
        joined.settle()
        assert joined.cursor[-1] == CursorMoved(*place)


def test_a_still_pointer_costs_nothing() -> None:
    joined = JoinedScreen(FakeScreen(64, 64))
    joined.begin()
    joined.source.move_pointer(1, 1)
    joined.settle()
    now = joined.now
    joined.settle()
    assert joined.now == now  # nothing is due any more


# --- shapes


def test_a_shape_is_a_png_of_the_same_pixels() -> None:
    shape = PointerShapes().message(pointer())
    assert (shape.width, shape.height, shape.hot_x, shape.hot_y) == (24, 24, 3, 23)
    image = Image.open(io.BytesIO(shape.png))
    assert np.array_equal(np.asarray(image), pointer().picture)


def test_a_known_shape_is_not_drawn_again() -> None:
    shapes = PointerShapes()
    assert shapes.message(pointer()) is shapes.message(pointer())


def test_a_pointer_that_nobody_sees_is_hidden() -> None:
    clear = Pointer(picture=np.zeros((16, 16, 4), np.uint8), hot_x=1, hot_y=1)
    assert PointerShapes().message(clear) == HIDDEN


def test_a_huge_pointer_is_made_as_small_as_it_must() -> None:
    shape = PointerShapes().message(pointer(LARGEST * 2))
    assert (shape.width, shape.height) == (LARGEST, LARGEST)
    assert (shape.hot_x, shape.hot_y) == (1, LARGEST - 1)


# --- the two ends


def test_nothing_is_sent_without_permission() -> None:
    customer = CustomerCursor()
    customer.captured(CursorMoved(1, 2))
    assert list(customer.messages_to_send()) == []


def test_what_waits_is_dropped_when_permission_ends() -> None:
    customer = CustomerCursor()
    customer.allow(True)
    customer.captured(CursorMoved(1, 2))
    customer.allow(False)
    assert list(customer.messages_to_send()) == []


def test_the_counselors_own_moves_do_not_come_back() -> None:
    customer = CustomerCursor()
    customer.allow(True)
    customer.injected(10, 20)
    customer.injected(11, 20)
    customer.captured(CursorMoved(10, 20))
    customer.captured(CursorMoved(300, 40))
    assert list(customer.messages_to_send()) == [CursorMoved(300, 40)]


def test_shape_and_place_reach_the_page_and_stay_known() -> None:
    counselor = CounselorCursor()
    shape = PointerShapes().message(pointer())
    counselor.receive(shape, 0.0)
    counselor.receive(CursorMoved(5, 6), 0.0)
    assert list(counselor.next_events()) == [shape, CursorMoved(5, 6)]
    assert (counselor.shape, counselor.place) == (shape, CursorMoved(5, 6))


def test_a_counselor_says_nothing_about_the_pointer() -> None:
    with pytest.raises(PeerError):
        CustomerCursor().receive(CursorMoved(1, 1), 0.0)


@pytest.mark.parametrize("side", [23, 25, 0])
def test_a_picture_of_another_size_than_said_is_refused(side: int) -> None:
    png = PointerShapes().message(pointer()).png
    with pytest.raises(PeerError):
        CounselorCursor().receive(CursorShape(side, 24, 0, 0, png), 0.0)


def test_what_is_no_png_is_refused() -> None:
    with pytest.raises(PeerError):
        CounselorCursor().receive(CursorShape(1, 1, 0, 0, b"GIF89a"), 0.0)


def test_a_hidden_pointer_is_passed_on() -> None:
    counselor = CounselorCursor()
    counselor.receive(HIDDEN, 0.0)
    assert list(counselor.next_events()) == [HIDDEN]
