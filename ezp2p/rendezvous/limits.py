"""How often and how much: token buckets, growing delays, counts of connections. No clock inside.

Every table here forgets and has a largest size, so that an attacker with many addresses fills a
table, not the memory. Addresses count by network: IPv4 whole, IPv6 by /64 (one household).
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass

_LARGEST_TABLE = 50_000


def network(address: str) -> str:
    """Return what counts as one stranger: the IPv4 address, or the IPv6 /64 it lies in."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


class Bucket:
    """A token bucket: `burst` at once, then `rate` a second."""

    __slots__ = ("_burst", "_full", "_rate", "_then")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._full = burst
        self._then = now

    def take(self, now: float) -> float:
        """Take one token; returns 0.0, or the seconds to wait if there is none."""
        self._full = min(self._burst, self._full + (now - self._then) * self._rate)
        self._then = now
        if self._full >= 1:
            self._full -= 1
            return 0.0
        return (1 - self._full) / self._rate


class Buckets:
    """One bucket per key; the ones longest unused are forgotten first."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def take(self, key: Hashable, now: float) -> float:
        """Take one of `key`'s tokens; returns 0.0, or the seconds to wait."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._rate, self._burst, now)
            if len(self._buckets) > _LARGEST_TABLE:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.take(now)


@dataclass(slots=True)
class _Failures:
    count: int = 0
    free_at: float = 0.0
    last: float = 0.0


class Delays:
    """Who failed waits, twice as long each time, never for ever.

    The first `free` failures cost nothing: people mistype. An hour without one is forgotten.
    """

    FORGET_S = 3600.0

    def __init__(self, *, free: int, first_s: float, longest_s: float) -> None:
        self._free = free
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()

    def wait(self, key: Hashable, now: float) -> float:
        """Return the seconds `key` must still wait, 0.0 for none."""
        known = self._failures.get(key)
        if known is None or now - known.last > self.FORGET_S:
            return 0.0
        return max(0.0, known.free_at - now)

    def failed(self, key: Hashable, now: float) -> None:
        """`key` failed once more."""
        known = self._failures.setdefault(key, _Failures())
        if now - known.last > self.FORGET_S:
            known.count = 0
        known.count += 1
        known.last = now
        doublings = min(known.count - self._free - 1, 30)
        delay = self._first_s * 2**doublings if doublings >= 0 else 0.0
        known.free_at = now + min(self._longest_s, delay)
        self._failures.move_to_end(key)
        if len(self._failures) > _LARGEST_TABLE:
            self._failures.popitem(last=False)

    def forgive(self, key: Hashable) -> None:
        """`key` succeeded: forget its failures."""
        self._failures.pop(key, None)


class Alarm:
    """Rings when something happens `count` times within `window_s`, then once a window."""

    def __init__(self, count: int, window_s: float) -> None:
        self._count = count
        self._window_s = window_s
        self._times: deque[float] = deque(maxlen=count)
        self._quiet_until = float("-inf")

    def rings(self, now: float) -> bool:
        """It happened; tell whether somebody should be woken."""
        self._times.append(now)
        full = len(self._times) == self._count and now - self._times[0] <= self._window_s
        if not full or now < self._quiet_until:
            return False
        self._quiet_until = now + self._window_s
        return True


class Turnstile:
    """Counts who is inside, in all and per key."""

    def __init__(self, *, in_all: int, per_key: int) -> None:
        self._in_all = in_all
        self._per_key = per_key
        self._inside: dict[Hashable, int] = {}
        self._sum = 0

    def enter(self, key: Hashable) -> bool:
        """Let `key` in once more, or say no."""
        inside = self._inside.get(key, 0)
        if self._sum >= self._in_all or inside >= self._per_key:
            return False
        self._inside[key] = inside + 1
        self._sum += 1
        return True

    def leave(self, key: Hashable) -> None:
        """One of `key`'s went out."""
        inside = self._inside.get(key, 0)
        if inside == 0:
            return
        self._sum -= 1
        if inside == 1:
            del self._inside[key]
        else:
            self._inside[key] = inside - 1
