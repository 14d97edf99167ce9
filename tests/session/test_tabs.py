"""The numbers of a counselor's sessions."""

from __future__ import annotations

from dataclasses import dataclass

from ezp2p.session.tabs import ENDED_KEPT, LARGEST_NUMBER, Tabs
from ezp2p.wire.keys import EndReason


@dataclass
class FakeSession:
    reason: EndReason | None = None


def begin(tabs: Tabs[FakeSession], ended: bool = False) -> int:
    number = tabs.next_number()
    tabs.sessions[number] = FakeSession(EndReason.COUNSELOR_ENDED if ended else None)
    return number


def test_numbers_wrap_and_pass_over_the_living() -> None:
    tabs: Tabs[FakeSession] = Tabs()
    living = begin(tabs)
    numbers = [begin(tabs, ended=True) for _ in range(2 * LARGEST_NUMBER)]
    assert living in tabs.sessions
    assert living not in numbers
    assert set(numbers) == set(range(1, LARGEST_NUMBER + 1)) - {living}


def test_oldest_ended_tabs_go_first() -> None:
    tabs: Tabs[FakeSession] = Tabs()
    numbers = [begin(tabs, ended=True) for _ in range(ENDED_KEPT)]
    assert list(tabs.sessions) == numbers
    last = begin(tabs, ended=True)
    assert list(tabs.sessions) == [*numbers[1:], last]


def test_living_session_cannot_be_closed() -> None:
    tabs: Tabs[FakeSession] = Tabs()
    living, ended = begin(tabs), begin(tabs, ended=True)
    for number in (living, ended, 99):
        tabs.close(number)
    assert list(tabs.sessions) == [living]
