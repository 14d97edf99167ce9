"""How fast a path delivers, measured packet by packet as they are acknowledged.

    sent       D0 bytes had been delivered at t0, and the flight's first packet had left at s0
    acked      D1 bytes are delivered at t1, and this packet had left at s1
    rate       (D1 - D0) / max(t1 - t0, s1 - s0)

The slower of leaving and arriving counts: acknowledgements that were held up somewhere come all at
once and would promise a faster path than there is. Samples from a time in which we had nothing to
send are marked; they tell what we said, not what the path could carry.
(draft-cheng-iccrg-delivery-rate-estimation-02, by its names where they are not ours.)

Rates are bytes per second here, times seconds of the caller's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class _Sent(NamedTuple):
    size_bytes: int
    sent_at: float
    flight_began_at: float
    delivered_bytes: int
    delivered_at: float
    in_flight_bytes: int
    app_limited: bool


@dataclass(frozen=True, slots=True)
class RateSample:
    """What a burst of acknowledgements says about the path."""

    bytes_per_s: float  # 0.0 where the burst is too short to say
    delivered_before: int  # bytes delivered when its newest packet left: rounds are told by it
    in_flight_bytes: int  # on their way just after that packet left
    app_limited: bool


class RateMeter:
    """Bytes delivered, and the rate of it. Packets are known by their numbers."""

    def __init__(self) -> None:
        self.delivered_bytes = 0
        self._delivered_at = 0.0
        self._flight_began_at = 0.0
        self._limited_until: int | None = None  # as many bytes delivered
        self._sent: dict[int, _Sent] = {}
        self._newest: _Sent | None = None

    @property
    def app_limited(self) -> bool:
        """Whether packets that leave now follow a time with too little to send."""
        return self._limited_until is not None

    def sent(self, number: int, size_bytes: int, now: float, in_flight_bytes: int) -> None:
        """Count a packet that leaves; `in_flight_bytes` are those before it."""
        if not in_flight_bytes:
            self._flight_began_at = self._delivered_at = now
        self._sent[number] = _Sent(
            size_bytes,
            now,
            self._flight_began_at,
            self.delivered_bytes,
            self._delivered_at,
            in_flight_bytes + size_bytes,
            self._limited_until is not None,
        )

    def acked(self, number: int, now: float) -> None:
        """Count a packet that arrived."""
        packet = self._sent.pop(number, None)
        if packet is None:
            return
        self.delivered_bytes += packet.size_bytes
        self._delivered_at = now
        newest = self._newest
        if newest is None or packet.sent_at >= newest.sent_at:
            self._newest = packet
            self._flight_began_at = packet.sent_at

    def lost(self, number: int) -> int:
        """Forget a packet that did not arrive; return how much was on its way when it left."""
        packet = self._sent.pop(number, None)
        return packet.in_flight_bytes if packet is not None else 0

    def starved(self, in_flight_bytes: int) -> None:
        """There is nothing more to send, though more could be on its way."""
        self._limited_until = self.delivered_bytes + max(in_flight_bytes, 1)

    def sample(self, shortest_s: float) -> RateSample | None:
        """Return what was learned since the last call, None if nothing was acknowledged.

        No round trip is shorter than `shortest_s`; what claims to be tells no rate.
        """
        newest, self._newest = self._newest, None
        if newest is None:
            return None
        if self._limited_until is not None and self.delivered_bytes > self._limited_until:
            self._limited_until = None
        took_s = max(
            newest.sent_at - newest.flight_began_at, self._delivered_at - newest.delivered_at
        )
        arrived = self.delivered_bytes - newest.delivered_bytes
        return RateSample(
            bytes_per_s=arrived / took_s if took_s >= shortest_s and took_s > 0 else 0.0,
            delivered_before=newest.delivered_bytes,
            in_flight_bytes=newest.in_flight_bytes,
            app_limited=newest.app_limited,
        )
