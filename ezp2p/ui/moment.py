"""The session's clock in the terms of a page: milliseconds since 1970."""

from __future__ import annotations

from ezp2p.base.clock import Clock


def page_ms(at: float | None, clock: Clock) -> float:
    """Return a time of `clock.now()` as a page reads it; 0 for None."""
    return 0.0 if at is None else (clock.wall() + at - clock.now()) * 1000


def wall_ms(at: float | None) -> float:
    """Return seconds since 1970 as a page reads them; 0 for None."""
    return 0.0 if at is None else at * 1000
