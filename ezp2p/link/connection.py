"""One QUIC connection as we need it: fixed windows, real priorities, paths that change below.

aioquic 1.7.2 (the exact version is pinned, since this reaches into it) is changed in seven places:

- Receive windows are what was delivered plus a constant. aioquic doubles them on the offset it
  has *seen* and allocates the gap, so that 13 packets of one byte cost 4 GiB.
- Streams are served by priority, not in turn; within one priority in turn.
- Congestion control and pacing are ours (congestion.py).
- It is told one constant address; when the real path changes, `change_path` starts congestion
  control anew and, after a silence, sends again what was on its way.
- Its end is known at once, not after three time-outs of draining.
- A stream can be in so many pieces only.
- Acknowledgements ride in data that leaves anyway.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import (
    END_STATES,
    QuicConnection,
    QuicConnectionState,
)
from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream
from aioquic.tls import Epoch

from ezp2p.link.congestion import PathCongestion, PathPacer
from ezp2p.wire.channel import PRIORITY, Channel
from ezp2p.wire.datagram import SAFE_DATAGRAM_BYTES

logger = logging.getLogger(__name__)

STREAM_WINDOW_BYTES = 4 * 1024 * 1024
CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024
# A window with every tenth datagram lost has 350; the cost of more grows with their square.
MAX_PIECES = 1024
# RFC 5737 TEST-NET-1: the one address QUIC ever sees.
VIRTUAL_ADDRESS = ("192.0.2.1", 1)

MAX_STREAMS = len(Channel)
_LAST = max(PRIORITY.values()) + 1
_PRIORITY = {channel.stream_id: PRIORITY[channel] for channel in Channel}


def _priority(stream: QuicStream) -> int:
    return _PRIORITY.get(stream.stream_id or 0, _LAST)


class _ServiceOrder(list[QuicStream]):
    """The streams in the order they are served: by priority, and in turn within one.

    aioquic takes those that sent out of its list and puts them back at the end; the sort is
    stable, so that they end up behind their equals and before their inferiors.
    """

    def append(self, stream: QuicStream) -> None:
        super().append(stream)
        self.sort(key=_priority)

    def extend(self, streams: Iterable[QuicStream]) -> None:
        behind = _priority(self[-1]) if self else 0
        super().extend(streams)
        if any(_priority(stream) < behind for stream in streams):
            self.sort(key=_priority)


class Connection(QuicConnection):
    """A QuicConnection with the changes above."""

    def __init__(self, *, configuration: QuicConfiguration, random: Random, **how: Any) -> None:
        self._order = _ServiceOrder()
        self.held_bytes = 0  # received, and not yet taken by the session
        self.more_waits = False  # bulk that the cap keeps out of the streams
        self._credited = (-1, -1)
        self._random = random
        super().__init__(configuration=configuration, **how)
        self._control_path_anew()
        # A channel is a bidirectional stream that the counselor (the client) opens.
        self._local_max_streams_bidi.value = 0 if self._is_client else MAX_STREAMS
        self._local_max_streams_bidi.sent = self._local_max_streams_bidi.value
        self._local_max_streams_uni.value = self._local_max_streams_uni.sent = 0

    # --- what the link asks

    @property
    def handshake_done(self) -> bool:
        """Whether both ends have the keys."""
        return self._handshake_complete

    @property
    def ended(self) -> ConnectionTerminated | None:
        """Why it is over, as soon as that is known."""
        return self._close_event

    @property
    def ended_by_peer(self) -> bool:
        """Whether the peer closed it; to be asked when `ended` is first seen."""
        return self._state is QuicConnectionState.DRAINING

    @property
    def finished(self) -> bool:
        """Whether it will send nothing any more."""
        return self._state in END_STATES

    @property
    def packets_received(self) -> int:
        """A number that grows with every authentic packet of the peer."""
        return sum(space.largest_received_packet for space in self._loss.spaces)

    @property
    def bulk_cap_bytes(self) -> int:
        """How many un-acknowledged bytes of bulk this path can use."""
        return self._congestion.bulk_cap_bytes

    @property
    def timeouts(self) -> int:
        """How many probe time-outs have gone by since anything was acknowledged."""
        return self._loss._pto_count

    @property
    def rate_bps(self) -> float:
        """What the path carries as far as is known, in bytes a second."""
        return self._congestion.rate_bps

    def knows_stream(self, stream_id: int) -> bool:
        """Whether we may send on it: ours to open, or opened by the peer."""
        return self._is_client or stream_id in self._streams

    def unacked_bytes(self, stream_id: int) -> int:
        """How much of what was written to the stream the peer has not acknowledged."""
        stream = self._streams.get(stream_id)
        if stream is None:
            return 0
        sender = stream.sender
        return len(sender._buffer) - sum(ahead.stop - ahead.start for ahead in sender._acked)

    def answers_to(self, destination_cid: bytes) -> bool:
        """Whether a packet with this connection id is for us."""
        return any(issued.cid == destination_cid for issued in self._host_cids)

    # --- what the link does

    def knock_with(self, connection_id: bytes) -> None:
        """Before connecting: name the customer so, instead of at random (see proof.py)."""
        self._peer_cid.cid = self._original_destination_connection_id = connection_id

    def open_streams(self) -> None:
        """Make every channel's stream, in the only order in which aioquic lets us."""
        for channel in Channel:
            self.send_stream_data(channel.stream_id, b"")

    def take(self, datagrams: Sequence[bytes], now: float) -> bool:
        """Take a burst; return whether any of it was authentic."""
        before = self.packets_received
        for data in datagrams:
            try:
                self.receive_datagram(data, VIRTUAL_ADDRESS, now)
            except Exception:
                # The border to a parser of hostile bytes that is not ours.
                logger.exception("a datagram of %d bytes broke QUIC", len(data))
        if any(len(stream.receiver._ranges) > MAX_PIECES for stream in self._order):
            self.close(error_code=1, reason_phrase="too many pieces")
        return self.packets_received > before

    def datagrams(self, now: float) -> list[bytes]:
        """Return what is to be sent now."""
        if not self._network_paths:
            return []
        congestion, pacer = self._congestion, self._pacer
        congestion.settle(now)
        pacer.use_rate(congestion.pace_bps)
        if self._is_urgent:
            congestion.let_one_pass()
            pacer.let_one_pass()
        ack_at = self._ack_at()
        if ack_at is not None and ack_at > now and self._handshake_confirmed:
            has_data = self._has_data
            if has_data and pacer.next_send_time(now) is None:
                self._spaces[Epoch.ONE_RTT].ack_at = now  # it rides along, and saves a datagram
            elif not (has_data or self._close_pending or self._probe_pending):
                # Whatever else there is goes with the ACK, in a millisecond.
                self._pacing_at = None
                self._note_starving()
                return []
        before = congestion.bytes_in_flight
        datagrams = [data for data, _address in self.datagrams_to_send(now)]
        pacer.settle(max(0, congestion.bytes_in_flight - before))
        self._note_starving()
        return datagrams

    def change_path(self, round_trip_s: float, now: float, *, after_silence: bool) -> None:
        """The path below is another one; after a silence all that was on its way is sent again."""
        self.use_datagrams_of(SAFE_DATAGRAM_BYTES)
        loss = self._loss
        space = self._spaces.get(Epoch.ONE_RTT)
        if after_silence and space is not None:
            loss._on_packets_lost(
                congestion_event=False,
                now=now,
                packets=list(space.sent_packets.values()),
                space=space,
            )
        self._control_path_anew()
        loss._rtt_initialized = False
        loss._rtt_min = float("inf")
        loss._rtt_initial = max(round_trip_s, 0.001)
        loss._pto_count = 0
        if self._handshake_complete:
            self.send_ping(0)

    def use_datagrams_of(self, size_bytes: int) -> None:
        """Send datagrams of at most so many bytes from now on."""
        self._max_datagram_size = size_bytes
        self._congestion.use_datagrams_of(size_bytes)
        self._pacer.use_datagrams_of(size_bytes)

    # --- the changes inside

    def _ack_at(self) -> float | None:
        space = self._spaces.get(Epoch.ONE_RTT)
        return space.ack_at if space is not None else None

    @property
    def _congestion(self) -> PathCongestion:
        controller = self._loss._cc
        assert isinstance(controller, PathCongestion)
        return controller

    @property
    def _pacer(self) -> PathPacer:
        pacer = self._loss._pacer
        assert isinstance(pacer, PathPacer)
        return pacer

    @property
    def _has_data(self) -> bool:
        return any(not stream.sender.buffer_is_empty for stream in self._order)

    @property
    def _is_urgent(self) -> bool:
        """Whether a key stroke or a word of the session waits."""
        for stream in self._order:
            if _priority(stream) > 0:
                return False
            if not stream.sender.buffer_is_empty:
                return True
        return False

    def _control_path_anew(self) -> None:
        size = self._max_datagram_size
        self._loss._cc = PathCongestion(
            max_datagram_size=size, random=self._random, first=self._packet_number
        )
        self._loss._pacer = PathPacer(max_datagram_size=size)

    def _note_starving(self) -> None:
        """Tell congestion control if neither it nor the pacer kept us from sending more."""
        congestion = self._congestion
        room = congestion.congestion_window - congestion.bytes_in_flight
        if self._pacing_at is not None or room < self._max_datagram_size:
            return
        if self._has_data or not self.more_waits:
            congestion.starved()

    @property
    def _streams_queue(self) -> list[QuicStream]:
        return self._order

    @_streams_queue.setter
    def _streams_queue(self, streams: list[QuicStream]) -> None:
        self._order = _ServiceOrder(streams)

    def _write_stream_limits(
        self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream
    ) -> None:
        if not stream.max_stream_data_local:
            return  # one of ours that only sends
        receiver = stream.receiver
        limit = receiver._buffer_start + STREAM_WINDOW_BYTES
        if limit - stream.max_stream_data_local >= STREAM_WINDOW_BYTES // 2:
            stream.max_stream_data_local = limit
        if stream.max_stream_data_local == stream.max_stream_data_local_sent:
            return
        # The doubling rule looks at the highest offset; it shall see none.
        seen, receiver.highest_offset = receiver.highest_offset, 0
        try:
            super()._write_stream_limits(builder=builder, space=space, stream=stream)
        finally:
            receiver.highest_offset = seen

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        limit = self._local_max_data
        if self._credited != (limit.used, self.held_bytes):
            self._credited = (limit.used, self.held_bytes)
            gaps = sum(
                max(0, stream.receiver.highest_offset - stream.receiver._buffer_start)
                for stream in self._order
            )
            value = limit.used - gaps - self.held_bytes + CONNECTION_WINDOW_BYTES
            if value - limit.value >= CONNECTION_WINDOW_BYTES // 2:
                limit.value = value
        if limit.value == limit.sent:
            return
        seen, limit.used = limit.used, 0
        try:
            super()._write_connection_limits(builder=builder, space=space)
        finally:
            limit.used = seen
