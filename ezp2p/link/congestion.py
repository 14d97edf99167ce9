"""How much may be on its way and how fast it leaves: our model of the path, as aioquic asks for it.

aioquic reports packet by packet. That is counted here, and once for each burst the model
(bbr.py) takes a step: `settle`, which the connection calls before it builds what it sends.

aioquic's own controller cannot change paths: what it learned on the relay says nothing about the
LAN. Ours is replaced on a switch and ignores the packets sent before it was made; they belong to
the old path.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from aioquic.quic.congestion.base import QuicCongestionControl
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.quic.recovery import QuicPacketPacer

from ezp2p.link.bbr import Burst, PathModel
from ezp2p.link.rate import RateMeter

BULK_CAP_MIN_BYTES = 128 * 1024
# The event loop's timers are a millisecond coarse: bursts of two keep the pace in between.
BURST_S = 0.002
BURST_MIN_PACKETS = 10
# A busy machine wakes us late; what could not leave meanwhile may leave at once, up to so much.
LATE_MAX_S = 0.01
# Key strokes may go beyond the window by so much, while nothing is acknowledged.
URGENT_PACKETS = 10


class PathCongestion(QuicCongestionControl):
    """The window of one path, from the packet numbered `first` on."""

    def __init__(self, *, max_datagram_size: int, random: Random, first: int = 0) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self._first = first
        self._random = random
        self._meter = RateMeter()
        self._model = PathModel(datagram_bytes=max_datagram_size, random=random)
        self.congestion_window = self._model.window_bytes
        # What was reported since the last step.
        self._acked_bytes = self._lost_bytes = self._lost_of_bytes = 0
        self._round_trip_s: float | None = None

    @property
    def bulk_cap_bytes(self) -> int:
        """How many un-acknowledged bytes of bulk fill the path without making a queue."""
        return max(BULK_CAP_MIN_BYTES, int(2 * self._model.product_bytes))

    @property
    def rate_bps(self) -> float:
        """What the path carries as far as is known, in bytes a second."""
        return self._model.bandwidth

    @property
    def pace_bps(self) -> float:
        """How fast packets should leave, in bytes a second; 0.0: as they come."""
        return self._model.pace

    def settle(self, now: float) -> None:
        """Draw conclusions from what was reported since the last time."""
        if not self._acked_bytes and not self._lost_bytes:
            return
        sample = self._meter.sample(self._model.round_trip_s or 0.0)
        self._model.step(
            Burst(
                sample=sample,
                round_trip_s=self._round_trip_s,
                acked_bytes=self._acked_bytes,
                lost_bytes=self._lost_bytes,
                lost_of_bytes=self._lost_of_bytes,
                in_flight_bytes=self.bytes_in_flight,
                delivered_bytes=self._meter.delivered_bytes,
                app_limited=self._meter.app_limited,
            ),
            now,
        )
        self.congestion_window = self._model.window_bytes
        self._forget_burst()

    def starved(self) -> None:
        """All was sent that there was, though more might be on its way."""
        self._meter.starved(self.bytes_in_flight)

    def let_one_pass(self) -> None:
        """Make room for a datagram although the window is full, some times in a row at most."""
        size = self._model.datagram_bytes
        most = self._model.window_bytes + URGENT_PACKETS * size
        self.congestion_window = max(self.congestion_window, min(self.bytes_in_flight + size, most))

    def use_datagrams_of(self, size_bytes: int) -> None:
        """The path carries datagrams of so many bytes: the smallest windows are counted in them."""
        self._model.use_datagrams_of(size_bytes)
        self.congestion_window = self._model.window_bytes

    # --- what aioquic reports

    def on_packet_sent(self, *, packet: QuicSentPacket) -> None:
        """Count it as on its way."""
        assert packet.sent_time is not None
        self._meter.sent(
            packet.packet_number, packet.sent_bytes, packet.sent_time, self.bytes_in_flight
        )
        self.bytes_in_flight += packet.sent_bytes

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        """Count it as arrived."""
        if packet.packet_number < self._first:
            return
        self.bytes_in_flight -= packet.sent_bytes
        self._acked_bytes += packet.sent_bytes
        self._meter.acked(packet.packet_number, now)

    def on_packets_expired(self, *, packets: Iterable[QuicSentPacket]) -> None:
        """Take them off the count; nobody knows what became of them."""
        for packet in self._of_this_path(packets):
            self.bytes_in_flight -= packet.sent_bytes
            self._meter.lost(packet.packet_number)

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        """Take them off the count; the model judges what it means."""
        for packet in self._of_this_path(packets):
            self.bytes_in_flight -= packet.sent_bytes
            self._lost_bytes += packet.sent_bytes
            self._lost_of_bytes = self._meter.lost(packet.packet_number)

    def on_persistent_congestion(self) -> None:
        """Everything was lost for several round trips: what we knew is of no use any more."""
        self._model = PathModel(datagram_bytes=self._model.datagram_bytes, random=self._random)
        self.congestion_window = self._model.window_bytes
        self._forget_burst()

    def on_rtt_measurement(self, *, now: float, rtt: float) -> None:
        """Remember the shortest round trip of this burst."""
        if self._round_trip_s is None or rtt < self._round_trip_s:
            self._round_trip_s = rtt

    def _of_this_path(self, packets: Iterable[QuicSentPacket]) -> Iterable[QuicSentPacket]:
        return (packet for packet in packets if packet.packet_number >= self._first)

    def _forget_burst(self) -> None:
        self._acked_bytes = self._lost_bytes = self._lost_of_bytes = 0
        self._round_trip_s = None


class PathPacer(QuicPacketPacer):
    """Lets packets leave at a rate, in bursts that a coarse timer can keep up with.

    aioquic's pacer forgives the packet that an acknowledgement lets pass, so that a flow sends at
    twice its rate; ours books it, and waits until it is paid.
    """

    def __init__(self, *, max_datagram_size: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self._rate = 0.0
        self._room_bytes = 0.0
        self._room_at = 0.0
        self._booked_bytes = 0
        self._one_passes = False
        self._wanted_at: float | None = None  # when we said the next packet may leave

    def use_rate(self, bytes_per_s: float) -> None:
        """Keep to this rate from now on; 0.0 is none."""
        self._rate = bytes_per_s

    def let_one_pass(self) -> None:
        """Let the next packet leave whatever the rate; it is booked like any other."""
        self._one_passes = True

    def use_datagrams_of(self, size_bytes: int) -> None:
        """Book so many bytes for a packet."""
        self._max_datagram_size = size_bytes

    def settle(self, sent_bytes: int) -> None:
        """What was booked by the packet since the last time were so many bytes in fact."""
        self._room_bytes += self._booked_bytes - sent_bytes
        self._booked_bytes = 0

    # As aioquic's own does, whatever its annotation says, it returns None.
    def next_send_time(self, now: float) -> float | None:  # type: ignore[override]
        """Return when the next packet may leave, None for now."""
        if not self._rate or self._one_passes:
            return None
        self.update_bucket(now)
        if self._room_bytes > 0:
            return None
        self._wanted_at = now + (self._max_datagram_size - self._room_bytes) / self._rate
        return self._wanted_at

    def update_after_send(self, now: float) -> None:
        """Book a packet."""
        self._one_passes = False
        self._booked_bytes += self._max_datagram_size
        self._room_bytes -= self._max_datagram_size

    def update_bucket(self, now: float) -> None:
        """Make room for the time that has gone by."""
        if now <= self._room_at:
            return
        late_s = 0.0 if self._wanted_at is None else max(0.0, now - self._wanted_at)
        most = max(BURST_S * self._rate, BURST_MIN_PACKETS * self._max_datagram_size)
        most += min(late_s, LATE_MAX_S) * self._rate
        self._room_bytes = min(self._room_bytes + (now - self._room_at) * self._rate, most)
        self._room_at = now
        self._wanted_at = None

    def update_rate(self, congestion_window: int, smoothed_rtt: float) -> None:
        """Leave it: the model says how fast, not the window."""
