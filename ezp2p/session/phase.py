"""How far a session is, the same for both people.

    CONNECTING --ready--> GREETING --greeted--> OPEN <--back-- --silent--> BROKEN
         any of them --over--> OVER

Only in OPEN is anything captured, shown or injected.
"""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """Where a session stands."""

    CONNECTING = auto()
    GREETING = auto()
    OPEN = auto()
    BROKEN = auto()
    OVER = auto()


class Turn(Enum):
    """What moves it on."""

    READY = auto()
    GREETED = auto()
    SILENT = auto()
    BACK = auto()
    OVER = auto()


TURNS: dict[tuple[Phase, Turn], Phase] = {
    (Phase.CONNECTING, Turn.READY): Phase.GREETING,
    (Phase.GREETING, Turn.GREETED): Phase.OPEN,
    (Phase.OPEN, Turn.SILENT): Phase.BROKEN,
    (Phase.BROKEN, Turn.BACK): Phase.OPEN,
    **{(phase, Turn.OVER): Phase.OVER for phase in Phase},
}


def turn(phase: Phase, by: Turn) -> Phase:
    """Return the next phase; a turn that means nothing here changes nothing."""
    return TURNS.get((phase, by), phase)
