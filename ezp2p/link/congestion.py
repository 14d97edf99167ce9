"""How much may be on its way: New Reno, started anew on every path, with an eye on the rate.

aioquic's own controller cannot change paths: what it learned on the relay says nothing about the
LAN. Ours is replaced on a switch and ignores the packets sent before it was made; they belong to
the old path. It also measures the delivery rate, from which the cap on bulk is derived.
"""

from __future__ import annotations

from collections.abc import Iterable

from aioquic.quic.congestion.base import K_INITIAL_WINDOW, register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.quic.recovery import QuicPacketPacer

ALGORITHM = "ezp2p"
BULK_CAP_MIN_BYTES = 128 * 1024
# The window grows only while it is used; without that it would forget all about the network.
WINDOW_MAX_BYTES = 16 * 1024 * 1024
# The event loop's timers are a millisecond coarse: bursts of two keep the pace in between.
BURST_S = 0.002
BURST_MIN_PACKETS = 10
PACE_HEADROOM = 1.25  # RFC 9002, 7.7: a little more than window per round trip
_RATE_MEMORY_S = 2.0
_RATE_SAMPLE_MIN_S = 0.005


class PathCongestion(RenoCongestionControl):
    """The window of one path, from the packet numbered `first` on."""

    def __init__(self, *, max_datagram_size: int, first: int = 0) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self._first = first
        self._limited = False
        self._min_rtt_s = float("inf")
        self._rate = _DeliveryRate()

    @property
    def bulk_cap_bytes(self) -> int:
        """How many un-acknowledged bytes of bulk fill the path without making a queue."""
        if self._min_rtt_s == float("inf"):
            return BULK_CAP_MIN_BYTES
        return max(BULK_CAP_MIN_BYTES, int(2 * self._rate.best_bps * self._min_rtt_s))

    @property
    def rate_bps(self) -> float:
        """Best delivery rate of the last seconds, in bytes a second."""
        return self._rate.best_bps

    def use_datagrams_of(self, size_bytes: int) -> None:
        """The path carries datagrams of so many bytes: the smallest windows are counted in them."""
        self._max_datagram_size = size_bytes
        self.congestion_window = max(self.congestion_window, K_INITIAL_WINDOW * size_bytes)

    def on_packet_sent(self, *, packet: QuicSentPacket) -> None:
        """Count it as on its way."""
        super().on_packet_sent(packet=packet)
        self._limited = 2 * self.bytes_in_flight >= self.congestion_window

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        """Count it as arrived; the window grows if it was what held us back."""
        if packet.packet_number < self._first:
            return
        window = self.congestion_window
        super().on_packet_acked(now=now, packet=packet)
        if not self._limited or self.congestion_window > WINDOW_MAX_BYTES:
            self.congestion_window = window
        self._rate.delivered(packet.sent_bytes, now)

    def on_packets_expired(self, *, packets: Iterable[QuicSentPacket]) -> None:
        """Take them off the count."""
        super().on_packets_expired(packets=self._of_this_path(packets))

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        """Take them off the count and slow down."""
        lost = self._of_this_path(packets)
        if lost:
            super().on_packets_lost(now=now, packets=lost)

    def on_rtt_measurement(self, *, now: float, rtt: float) -> None:
        """Remember the shortest round trip."""
        super().on_rtt_measurement(now=now, rtt=rtt)
        self._min_rtt_s = min(self._min_rtt_s, rtt)

    def _of_this_path(self, packets: Iterable[QuicSentPacket]) -> list[QuicSentPacket]:
        return [packet for packet in packets if packet.packet_number >= self._first]


class _DeliveryRate:
    """Bytes acknowledged per second: the best of the last two spans of time."""

    def __init__(self) -> None:
        self._bytes = 0
        self._since: float | None = None
        self._spans = [0.0, 0.0]
        self._span_started = float("-inf")

    @property
    def best_bps(self) -> float:
        return max(self._spans)

    def delivered(self, size_bytes: int, now: float) -> None:
        if self._since is None or now - self._since > 1.0:  # after a pause
            self._since, self._bytes = now, 0
            return
        self._bytes += size_bytes
        elapsed = now - self._since
        if elapsed < _RATE_SAMPLE_MIN_S:
            return
        if now - self._span_started > _RATE_MEMORY_S:
            self._spans = [0.0, self._spans[0]]
            self._span_started = now
        self._spans[0] = max(self._spans[0], self._bytes / elapsed)
        self._since, self._bytes = now, 0


class PathPacer(QuicPacketPacer):
    """Spreads packets over the round trip, in bursts that a coarse timer can keep up with."""

    def update_rate(self, congestion_window: int, smoothed_rtt: float) -> None:
        """Take the new window (bytes) and round trip (seconds)."""
        rate = PACE_HEADROOM * congestion_window / max(smoothed_rtt, 1e-6)
        self.packet_time = max(1e-6, min(self._max_datagram_size / rate, 1.0))
        self.bucket_max = max(BURST_S, BURST_MIN_PACKETS * self.packet_time)
        self.bucket_time = min(self.bucket_time, self.bucket_max)


register_congestion_control(ALGORITHM, PathCongestion)
