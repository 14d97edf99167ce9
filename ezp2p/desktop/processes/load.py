"""How busy a process is: what it has used of the processors, over the time that has passed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Identity = tuple[int, float]  # pid and start


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used since it began."""

    identity: Identity
    cpu_s: float  # on all processors together


class Load:
    """Compares each round of uses with the one before."""

    def __init__(self, processors: int) -> None:
        """Of a machine with so many processors."""
        self._processors = max(1, processors)
        self._before: dict[Identity, float] = {}
        self._measured_at = 0.0

    def shares(self, uses: Iterable[Use], now: float) -> dict[Identity, float]:
        """Return each one's share of all processors, 0.0 to 1.0; `now` is the wall clock."""
        current = {use.identity: use.cpu_s for use in uses}
        shares: dict[Identity, float] = {}
        for identity, cpu_s in current.items():
            is_known = identity in self._before
            since = self._measured_at if is_known else identity[1]
            passed_s = (now - since) * self._processors
            used_s = cpu_s - self._before.get(identity, 0.0)
            shares[identity] = min(1.0, max(0.0, used_s / passed_s)) if passed_s > 0 else 0.0
        self._before, self._measured_at = current, now
        return shares
