"""The channels on their QUIC streams: messages out by priority, messages in whole.

Each channel has a queue of frames. Before every transmit the queues are emptied into QUIC, the
important ones first and entirely, and a bulk channel only as far as its un-acknowledged bytes
stay below the cap: what waits, waits here, where an input event can still pass it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from aioquic.quic.events import QuicEvent, StopSendingReceived, StreamDataReceived, StreamReset

from ezp2p.base.errors import PeerError
from ezp2p.link.connection import Connection
from ezp2p.link.events import ChannelMessage
from ezp2p.link.frame import OPENING, FrameReader, frame
from ezp2p.wire.channel import PRIORITY, Channel
from ezp2p.wire.keys import ErrorKey

# Bulk is handed to QUIC in pieces, so that the cap is met closely.
PIECE_BYTES = 32 * 1024
_CHANNELS = {channel.stream_id: channel for channel in Channel}


class ChannelStreams:
    """All channels of one link."""

    def __init__(self, bulk: Iterable[Channel]) -> None:
        self._bulk = frozenset(bulk)
        self._order = sorted(Channel, key=lambda c: (c in self._bulk, PRIORITY[c]))
        self._queues: dict[Channel, deque[bytes]] = {channel: deque() for channel in Channel}
        self._queued = dict.fromkeys(Channel, 0)
        self._taken = dict.fromkeys(Channel, 0)  # bytes of the first frame that QUIC has already
        self._readers = {channel: FrameReader(channel) for channel in Channel}

    def send(self, channel: Channel, data: bytes) -> None:
        """Queue a message; raises ValueError if it is empty or longer than the channel allows."""
        self._put(channel, frame(channel, data))

    def open_all(self, proof: bytes) -> None:
        """Queue the counselor's first words, before anything sent so far: its proof, and an empty
        frame on every other channel, so that the customer may send on it.
        """
        for channel in Channel:
            first = frame(channel, proof) if channel is Channel.SESSION else OPENING
            self._queues[channel].appendleft(first)
            self._queued[channel] += len(first)

    def refill(self, connection: Connection, *, hold_bulk: bool) -> None:
        """Give QUIC what it may have now."""
        for channel in self._order:
            queue = self._queues[channel]
            if queue and connection.knows_stream(channel.stream_id):
                if channel not in self._bulk:
                    self._empty(channel, connection)
                elif not hold_bulk:
                    self._trickle(channel, connection)
        connection.more_waits = not hold_bulk and any(self._queues[bulk] for bulk in self._bulk)

    def unacked_bytes(self, channel: Channel, connection: Connection | None) -> int:
        """How many bytes of this channel the other end has not acknowledged."""
        on_stream = connection.unacked_bytes(channel.stream_id) if connection else 0
        return self._queued[channel] + on_stream

    def messages(self, event: QuicEvent) -> Iterator[ChannelMessage]:
        """Yield the messages an event of QUIC completes.

        Raises PeerError(peer.protocol) for what no peer of ours does: an oversize frame, another
        stream, the end of a stream.
        """
        if isinstance(event, StreamDataReceived):
            channel = _CHANNELS.get(event.stream_id)
            if channel is None or event.end_stream:
                raise PeerError(ErrorKey.PEER_PROTOCOL, why="not a channel's stream")
            for data in self._readers[channel].messages(event.data):
                yield ChannelMessage(channel, data)
        elif isinstance(event, StreamReset | StopSendingReceived):
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="a channel's stream was cut")

    def _put(self, channel: Channel, data: bytes) -> None:
        self._queues[channel].append(data)
        self._queued[channel] += len(data)

    def _empty(self, channel: Channel, connection: Connection) -> None:
        queue = self._queues[channel]
        while queue:
            connection.send_stream_data(channel.stream_id, queue.popleft())
        self._queued[channel] = 0

    def _trickle(self, channel: Channel, connection: Connection) -> None:
        queue = self._queues[channel]
        room = connection.bulk_cap_bytes - connection.unacked_bytes(channel.stream_id)
        while queue and room > 0:
            start = self._taken[channel]
            piece = queue[0][start : start + min(room, PIECE_BYTES)]
            connection.send_stream_data(channel.stream_id, piece)
            room -= len(piece)
            self._queued[channel] -= len(piece)
            self._taken[channel] += len(piece)
            if self._taken[channel] == len(queue[0]):
                queue.popleft()
                self._taken[channel] = 0
