"""What happens in a session, told to whoever watches: the pages, the reporter, the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import EndReason, Grant, PathKind, PathWhy


@dataclass(frozen=True, slots=True)
class Started:
    """The two programs have met and greeted each other; nothing is allowed yet."""

    peer: str


@dataclass(frozen=True, slots=True)
class ConsentOpened:
    """The customer is being asked for these, until a time of the session's clock."""

    grants: tuple[Grant, ...]
    until: float


@dataclass(frozen=True, slots=True)
class GrantsSet:
    """Exactly this is allowed from now on."""

    granted: frozenset[Grant]


@dataclass(frozen=True, slots=True)
class PathTaken:
    """Datagrams go this way from now on; the round trip in seconds."""

    kind: PathKind
    address: str
    round_trip_s: float


@dataclass(frozen=True, slots=True)
class PathExplained:
    """Why that way is no better one, as far as is known now; None: it is a direct one."""

    why: PathWhy | None


@dataclass(frozen=True, slots=True)
class Broken:
    """Nothing is heard from the other side."""


@dataclass(frozen=True, slots=True)
class Mended:
    """The other side is heard again."""


@dataclass(frozen=True, slots=True)
class Said:
    """A chat line; `number` counts its speaker's lines, `at` is seconds since 1970."""

    mine: bool
    number: int
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Pictured:
    """A message of the screen or cursor channel, as it came, for the viewer."""

    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True)
class InputDone:
    """Everything before the input mark of this number has been injected at the customer's."""

    number: int


@dataclass(frozen=True, slots=True)
class QualityTaken:
    """How the last second was: seconds, frames/s, bit/s."""

    round_trip_s: float
    frames_per_s: float
    rate_bps: float


@dataclass(frozen=True, slots=True)
class Over:
    """The session has ended."""

    reason: EndReason


SessionEvent = (
    Started
    | ConsentOpened
    | GrantsSet
    | PathTaken
    | PathExplained
    | Broken
    | Mended
    | Said
    | Pictured
    | InputDone
    | QualityTaken
    | Over
)


class Watcher(Protocol):
    """Somebody who wants to know what happens."""

    def happened(self, event: SessionEvent) -> None:
        """Take note; called on the session's thread, must not block."""
        ...
