"""The phases of a session, as a table."""

from __future__ import annotations

import pytest

from ezp2p.session.phase import TURNS, Phase, Turn, turn


def test_session_opens_breaks_mends_and_ends() -> None:
    phase = Phase.CONNECTING
    seen = []
    for by in (Turn.READY, Turn.GREETED, Turn.SILENT, Turn.BACK, Turn.OVER):
        phase = turn(phase, by)
        seen.append(phase)
    assert seen == [Phase.GREETING, Phase.OPEN, Phase.BROKEN, Phase.OPEN, Phase.OVER]


@pytest.mark.parametrize("by", [by for by in Turn if by is not Turn.OVER])
def test_nothing_comes_back_from_over(by: Turn) -> None:
    assert turn(Phase.OVER, by) is Phase.OVER


def test_nothing_opens_without_a_greeting() -> None:
    ways = [key for key, phase in TURNS.items() if phase is Phase.OPEN]
    assert ways == [(Phase.GREETING, Turn.GREETED), (Phase.BROKEN, Turn.BACK)]
