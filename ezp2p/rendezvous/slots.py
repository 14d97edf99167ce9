"""Waiting slots: three public digits that lead a customer to one waiting counselor, once.

A number is random and unique within its site, lives 10 minutes and then rests for 10 more, so
that a late caller never reaches somebody else. No clock inside; `now` is monotonic seconds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from ezp2p.base.errors import EzError, Unavailable
from ezp2p.wire.code import SLOT_DIGITS
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import MAX_SLOTS, SLOT_LIFE_S, SLOT_REST_S

_NUMBERS = 10**SLOT_DIGITS


@dataclass(frozen=True, slots=True)
class Slot:
    """A counselor waits here until `ends_at`."""

    site: str
    number: str
    account_id: int
    peer: str  # the counselor's connection
    ends_at: float


class Slots:
    """All slots of all sites. `chance` picks the numbers: random.SystemRandom, or a seeded one."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._open: dict[tuple[str, str], Slot] = {}
        self._resting: dict[tuple[str, str], float] = {}  # until when

    def open(self, site: str, account_id: int, peer: str, now: float) -> Slot:
        """Give a counselor one more number. Raises EzError(slots.full) at the sixth,
        Unavailable(server.busy) when the site has no number left."""
        if sum(slot.account_id == account_id for slot in self._open.values()) >= MAX_SLOTS:
            raise EzError(ErrorKey.SLOTS_FULL, n=MAX_SLOTS)
        free = [number for number in _all_numbers() if self._is_free((site, number), now)]
        if not free:
            raise Unavailable(ErrorKey.SERVER_BUSY)
        slot = Slot(site, self._chance.choice(free), account_id, peer, now + SLOT_LIFE_S)
        self._open[site, slot.number] = slot
        return slot

    def find(self, site: str, number: str) -> Slot | None:
        """Return the slot where somebody waits."""
        return self._open.get((site, number))

    def close(self, slot: Slot, now: float) -> None:
        """Nobody waits there any more; the number rests."""
        if self._open.pop((slot.site, slot.number), None) is not None:
            self._resting[slot.site, slot.number] = now + SLOT_REST_S

    def waiting(self, site: str) -> list[Slot]:
        """Return where customers of this site may call."""
        return [slot for slot in self._open.values() if slot.site == site]

    def of_peer(self, peer: str) -> list[Slot]:
        """Return the slots that a connection holds."""
        return [slot for slot in self._open.values() if slot.peer == peer]

    def expired(self, now: float) -> list[Slot]:
        """Close and return the slots whose time is over; wake numbers that have rested."""
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        over = [slot for slot in self._open.values() if slot.ends_at <= now]
        for slot in over:
            self.close(slot, now)
        return over

    def _is_free(self, key: tuple[str, str], now: float) -> bool:
        return key not in self._open and self._resting.get(key, now) <= now


def _all_numbers() -> Iterator[str]:
    return (f"{number:0{SLOT_DIGITS}d}" for number in range(_NUMBERS))
