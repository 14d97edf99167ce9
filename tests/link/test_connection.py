"""What we changed in aioquic's connection, each change by what it is for."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import psutil
import pytest
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import StreamDataReceived
from aioquic.quic.stream import QuicStream

from ezp2p.link.connection import (
    CONNECTION_WINDOW_BYTES,
    STREAM_WINDOW_BYTES,
    Connection,
)
from ezp2p.link.streams import ChannelStreams
from ezp2p.wire.channel import Channel
from ezp2p.wire.datagram import SAFE_DATAGRAM_BYTES
from tests.link.memory import Joined

MIB = 1024 * 1024
ALLOWED_BYTES = 32 * MIB


@pytest.fixture
def joined() -> Joined:
    return Joined()


def _received(joined: Joined, end: Connection, stream_id: int) -> bytes:
    return b"".join(
        event.data
        for event in joined.events[end]
        if isinstance(event, StreamDataReceived) and event.stream_id == stream_id
    )


def _resident() -> int:
    memory: int = psutil.Process().memory_info().rss
    return memory


def _edges(attacker: QuicConnection, stream_ids: list[int]) -> Iterator[None]:
    """Make the attacker send one byte at the edge of the window it was given, again and again."""
    for stream_id in itertools.cycle(stream_ids):
        stream: QuicStream | None = attacker._streams.get(stream_id)
        if stream is None:
            return
        sender = stream.sender
        room = attacker._remote_max_data - attacker._remote_max_data_used
        edge = min(stream.max_stream_data_remote, sender.highest_offset + room)
        if edge > sender.highest_offset:
            sender._buffer = bytearray()
            sender._buffer_start = sender._buffer_stop = sender.highest_offset = edge - 1
            sender._pending = type(sender._pending)()
            sender._acked = type(sender._acked)()
            attacker.send_stream_data(stream_id, b"z")
        yield


@pytest.mark.parametrize("attacker_is", ["client", "server"])
@pytest.mark.parametrize("streams", [1, len(Channel)])
def test_bytes_at_the_edge_of_the_window_cost_little_memory(
    joined: Joined, attacker_is: str, streams: int
) -> None:
    attacker, victim = joined.client, joined.server
    for channel in Channel:
        joined.client.send_stream_data(channel.stream_id, b"open")
    joined.settle()
    if attacker_is == "server":
        attacker, victim = victim, attacker
    before = _resident()
    ids = [channel.stream_id for channel in list(Channel)[:streams]]
    for _ in itertools.islice(_edges(attacker, ids), 60):
        joined.settle(2)
    assert _resident() - before <= ALLOWED_BYTES
    held = [len(stream.receiver._buffer) for stream in victim._streams.values()]
    assert max(held) > 3 * MIB, "the attack must have reached the victim"
    assert max(held) <= STREAM_WINDOW_BYTES
    assert sum(held) <= CONNECTION_WINDOW_BYTES


def test_window_moves_with_what_was_delivered(joined: Joined) -> None:
    data = os.urandom(3 * CONNECTION_WINDOW_BYTES // 2)
    joined.client.use_datagrams_of(8900)
    joined.client.send_stream_data(Channel.SCREEN.stream_id, data)
    joined.settle(4000)
    assert _received(joined, joined.server, Channel.SCREEN.stream_id) == data


def test_window_stops_at_what_the_session_did_not_take(joined: Joined) -> None:
    size = 2 * CONNECTION_WINDOW_BYTES
    joined.client.use_datagrams_of(8900)
    joined.client.send_stream_data(Channel.SCREEN.stream_id, bytes(size))
    for _ in range(1500):
        joined.settle(1)
        events, joined.events[joined.server] = joined.events[joined.server], []
        joined.server.held_bytes += sum(
            len(event.data) for event in events if isinstance(event, StreamDataReceived)
        )
    held = joined.server.held_bytes
    assert CONNECTION_WINDOW_BYTES // 2 <= held <= CONNECTION_WINDOW_BYTES
    joined.server.held_bytes = 0
    joined.settle(4000)
    assert held + len(_received(joined, joined.server, Channel.SCREEN.stream_id)) == size


def test_peer_can_open_no_other_streams_than_channels(joined: Joined) -> None:
    joined.client.send_stream_data(4 * len(Channel), b"one more")
    joined.client.send_stream_data(2, b"one way")
    joined.settle()
    assert not any(isinstance(event, StreamDataReceived) for event in joined.events[joined.server])
    assert joined.server.ended is None


def test_input_sent_during_bulk_arrives_before_the_bulk_that_waits(joined: Joined) -> None:
    sender = ChannelStreams(bulk=[Channel.SCREEN])
    for _ in range(40):
        sender.send(Channel.SCREEN, bytes(100_000))
    sender.refill(joined.client, hold_bulk=False)
    first = joined.client.datagrams(joined.now)
    assert first
    sender.send(Channel.INPUT, b"a click")
    sender.refill(joined.client, hold_bulk=False)
    joined.server.take(first, joined.now)
    joined.settle(3)
    kinds = [
        event.stream_id
        for event in joined.events[joined.server]
        if isinstance(event, StreamDataReceived)
    ]
    assert Channel.INPUT.stream_id in kinds
    before = sum(
        len(event.data)
        for event in joined.events[joined.server][: kinds.index(Channel.INPUT.stream_id)]
        if isinstance(event, StreamDataReceived)
    )
    assert before <= sum(map(len, first))


def test_input_leaves_at_once_although_bulk_fills_the_window(joined: Joined) -> None:
    joined.client.send_stream_data(Channel.SCREEN.stream_id, bytes(1_000_000))
    while joined.client.datagrams(joined.now):
        joined.now += 0.0005  # nothing is acknowledged
    joined.client.send_stream_data(Channel.INPUT.stream_id, b"a click")
    joined.server.take(joined.client.datagrams(joined.now), joined.now)
    joined.settle(1)
    assert _received(joined, joined.server, Channel.INPUT.stream_id) == b"a click"


def test_input_that_nobody_acknowledges_does_not_leave_for_ever(joined: Joined) -> None:
    joined.client.send_stream_data(Channel.SCREEN.stream_id, bytes(1_000_000))
    while joined.client.datagrams(joined.now):
        joined.now += 0.0005
    left = 0
    for _ in range(100):
        joined.client.send_stream_data(Channel.INPUT.stream_id, b"a click")
        left += len(joined.client.datagrams(joined.now))
    assert 0 < left <= 20


def test_important_streams_are_served_first_whatever_was_written_first(joined: Joined) -> None:
    order = [Channel.SCREEN, Channel.CHAT, Channel.CURSOR, Channel.INPUT]
    for channel in order:
        joined.client.send_stream_data(channel.stream_id, channel.name.encode() * 50)
    joined.settle(3)
    arrived = [
        event.stream_id
        for event in joined.events[joined.server]
        if isinstance(event, StreamDataReceived)
    ]
    assert arrived[0] == Channel.INPUT.stream_id
    assert arrived[-1] == Channel.SCREEN.stream_id


def test_bulk_in_flight_stays_under_its_cap(joined: Joined) -> None:
    sender = ChannelStreams(bulk=[Channel.SCREEN])
    sender.send(Channel.SCREEN, bytes(5_000_000))
    for _ in range(20):
        sender.refill(joined.client, hold_bulk=False)
        unacked = joined.client.unacked_bytes(Channel.SCREEN.stream_id)
        assert 0 < unacked <= joined.client.bulk_cap_bytes
        joined.settle(2)
    held = joined.client.unacked_bytes(Channel.SCREEN.stream_id)
    sender.refill(joined.client, hold_bulk=True)
    assert joined.client.unacked_bytes(Channel.SCREEN.stream_id) == held


def test_what_was_lost_in_a_silence_is_sent_again_on_the_new_path_at_once(joined: Joined) -> None:
    data = os.urandom(10_000)
    joined.client.send_stream_data(Channel.SCREEN.stream_id, data)
    assert joined.client.datagrams(joined.now)  # into the void
    joined.client.change_path(0.01, joined.now, after_silence=True)
    joined.settle(3)
    assert _received(joined, joined.server, Channel.SCREEN.stream_id) == data


def test_new_path_starts_with_small_datagrams_until_larger_ones_are_known_to_pass(
    joined: Joined,
) -> None:
    joined.client.use_datagrams_of(8900)
    joined.client.send_stream_data(Channel.SCREEN.stream_id, bytes(30_000))
    assert max(map(len, joined.client.datagrams(joined.now))) == 8900
    joined.client.change_path(0.01, joined.now, after_silence=False)
    joined.client.send_stream_data(Channel.SCREEN.stream_id, bytes(30_000))
    sizes = list(map(len, joined.client.datagrams(joined.now)))
    assert max(sizes) == SAFE_DATAGRAM_BYTES


def test_stream_in_too_many_pieces_closes_the_connection(joined: Joined) -> None:
    joined.client.send_stream_data(Channel.SCREEN.stream_id, b"x" * 4_000)
    sender = joined.client._streams[Channel.SCREEN.stream_id].sender
    sender._pending = type(sender._pending)()
    for offset in range(1, 4_000, 2):
        sender._pending.add(offset, offset + 1)
    joined.settle(200)
    assert joined.server.ended is not None


def test_random_datagrams_break_nothing(joined: Joined) -> None:
    joined.server.take([os.urandom(size) for size in range(1, 1300, 7)], joined.now)
    joined.server.take([b"\x40" + os.urandom(60) for _ in range(100)], joined.now)
    joined.client.send_stream_data(0, b"still here")
    joined.settle()
    assert _received(joined, joined.server, 0) == b"still here"
