"""The strip and the end-now key, on a pretended desktop."""

from __future__ import annotations

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.base.texts import Texts
from ezp2p.session.guard import Guard
from ezp2p.session.tools import Names
from ezp2p.wire.keys import ErrorKey, Grant
from tests.support.meeting import LOCALE, FakeDesktop, MemoryDiary

VIEW = frozenset({Grant.VIEW})


def guard(desktop: FakeDesktop, diary: MemoryDiary | None = None) -> Guard:
    return Guard(
        desktop=desktop,
        texts=Texts(LOCALE, "en"),
        names=Names(company="Hanbit Support", counselor="Kim Minji"),
        diary=diary or MemoryDiary(),
        ended=lambda: None,
    )


def test_strip_names_the_counselor_and_follows_the_grants() -> None:
    desktop = FakeDesktop()
    raised = guard(desktop)
    raised.rise(VIEW, 0.0)
    raised.say(frozenset({Grant.VIEW, Grant.CONTROL}), 0.0)
    raised.say(frozenset(), 0.0)
    texts = desktop.notices[0].texts
    assert "Kim Minji" in texts[0].title and "Hanbit Support" in texts[0].title
    assert len({text.details for text in texts}) == 3
    assert raised.is_raised and not raised.is_lost


def test_strip_that_disappears_is_lost() -> None:
    desktop = FakeDesktop()
    raised = guard(desktop)
    assert not raised.is_lost
    raised.rise(VIEW, 0.0)
    desktop.notices[0].shown = False
    assert raised.is_lost and not raised.is_raised


def test_fallen_guard_takes_a_rising_strip_away() -> None:
    desktop = FakeDesktop()
    fallen = guard(desktop)
    fallen.fall()
    fallen.rise(VIEW, 0.0)
    assert not desktop.notices[0].shown and not fallen.is_raised


def test_taken_key_is_noted_and_the_button_stays() -> None:
    desktop, diary = FakeDesktop(end_key=Unavailable(ErrorKey.INPUT_UNAVAILABLE)), MemoryDiary()
    raised = guard(desktop, diary)
    raised.rise(VIEW, 0.0)
    assert raised.is_raised
    assert [event for event, _ in diary.lines] == ["end-key-unavailable"]


def test_no_strip_stays_behind_when_the_key_breaks() -> None:
    desktop = FakeDesktop(end_key=OSError("no display"))
    broken = guard(desktop)
    with pytest.raises(OSError, match="no display"):
        broken.rise(VIEW, 0.0)
    assert not desktop.notices[0].shown and not broken.is_raised
