"""A counselor with the right keys and the wrong manners meets a customer, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil
import pytest
from aioquic.quic.events import StreamDataReceived

from ezp2p.link.events import ChannelMessage, LinkClosed, LinkReady, LinkSilent
from ezp2p.link.socket import open_socket
from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.keys import EndReason, ErrorKey
from tests.link.pair import Listener, Pair, Terms, loopback
from tests.link.rogue import Rogue

MIB = 1024 * 1024


@dataclass
class Meeting:
    """The customer, the rogue, and what they share."""

    customer: Listener
    rogue: Rogue
    terms: Terms


@pytest.fixture
async def meeting() -> AsyncIterator[Meeting]:
    terms = Terms()
    socket = open_socket(host="127.0.0.1")
    meeting = Meeting(Listener(terms.customer(socket)), Rogue(terms, socket.port), terms)
    yield meeting
    meeting.rogue.vanish()
    await meeting.customer.link.close(EndReason.PROGRAM_CLOSED)


@pytest.mark.parametrize("channel", list(Channel))
async def test_oversize_frame_closes_the_link_before_it_is_received(
    meeting: Meeting, channel: Channel
) -> None:
    connection = await meeting.rogue.join()
    await meeting.customer.next(LinkReady)
    length = FRAME_LIMIT[channel] + 1
    connection.send_stream_data(channel.stream_id, length.to_bytes(4, "big") + b"beginning")
    closed = await meeting.customer.next(LinkClosed)
    assert closed == LinkClosed(ErrorKey.PEER_PROTOCOL, by_peer=False)
    assert await meeting.rogue.ended() == ErrorKey.PEER_PROTOCOL
    assert not any(isinstance(event, ChannelMessage) for event in meeting.customer.events)


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("how", ["finished", "reset"])
async def test_cutting_a_channel_off_closes_the_link(
    meeting: Meeting, channel: Channel, how: str
) -> None:
    connection = await meeting.rogue.join()
    await meeting.customer.next(LinkReady)
    if how == "finished":
        connection.send_stream_data(channel.stream_id, b"", end_stream=True)
    else:
        connection.reset_stream(channel.stream_id, 7)
    assert (await meeting.customer.next(LinkClosed)).reason is ErrorKey.PEER_PROTOCOL


@pytest.mark.parametrize(
    "said",
    [
        b"\0\0\0\x01x",
        b"\0\0\0\0",
        b"\xff\xff\xff\xffx",
        b"\0\0\0\x05\x92\x02\x01\xa0\xa0",
        b"\0\0\0\x24\x92\x01\xc4\x20" + bytes(32),
    ],
    ids=["junk", "empty frame", "huge frame", "another message", "wrong proof"],
)
async def test_anything_but_the_proof_is_shown_out_unserved(meeting: Meeting, said: bytes) -> None:
    meeting.customer.link.send(Channel.SESSION, b"secret")
    connection = await meeting.rogue.shake_hands()
    connection.send_stream_data(0, said)
    assert await meeting.rogue.ended() == ErrorKey.PEER_UNTRUSTED
    assert not any(isinstance(event, StreamDataReceived) for event in meeting.rogue.received)
    assert not any(isinstance(event, LinkReady) for event in meeting.customer.events)
    meeting.rogue.vanish()

    right = Listener(meeting.terms.counselor())
    right.link.add_candidates([loopback(meeting.customer.link.port)])
    assert await right.message(Channel.SESSION) == b"secret"
    await Pair(meeting.customer, right).close()


async def test_bytes_at_the_edge_of_every_window_cost_little_memory(meeting: Meeting) -> None:
    connection = await meeting.rogue.join()
    await meeting.customer.next(LinkReady)
    await meeting.rogue.acknowledged(connection)
    before = psutil.Process().memory_info().rss
    for channel in Channel:
        stream = connection._streams[channel.stream_id]
        sender = stream.sender
        room = connection._remote_max_data - connection._remote_max_data_used
        edge = min(stream.max_stream_data_remote, sender.highest_offset + room)
        if room < 5 * MIB:
            break  # the rest of the connection's window would not pass flow control
        sender._buffer_start = sender._buffer_stop = sender.highest_offset = edge - 1
        sender._pending = type(sender._pending)()
        sender._acked = type(sender._acked)()
        sender._buffer = bytearray()
        connection.send_stream_data(channel.stream_id, b"z")
        connection._remote_max_data_used += edge
    await meeting.rogue.acknowledged(connection)
    await meeting.customer.link.close(EndReason.CUSTOMER_ENDED)
    assert await meeting.rogue.ended() == EndReason.CUSTOMER_ENDED
    assert psutil.Process().memory_info().rss - before <= 32 * MIB


async def test_customer_survives_a_peer_that_vanishes_after_joining(meeting: Meeting) -> None:
    await meeting.rogue.join()
    await meeting.customer.next(LinkReady)
    meeting.rogue.vanish()
    await meeting.customer.next(LinkSilent)
    meeting.customer.link.send(Channel.CHAT, b"anybody?")
    await meeting.customer.link.close(EndReason.LINK_LOST)
    closed = await meeting.customer.next(LinkClosed)
    assert closed == LinkClosed(EndReason.LINK_LOST, by_peer=False)


async def test_peer_that_vanishes_before_its_proof_leaves_room_for_the_right_one(
    meeting: Meeting,
) -> None:
    await meeting.rogue.shake_hands()
    meeting.rogue.vanish()
    right = Listener(meeting.terms.counselor())
    right.link.add_candidates([loopback(meeting.customer.link.port)])
    await meeting.customer.next(LinkReady)
    right.link.send(Channel.CHAT, b"here I am")
    assert await meeting.customer.message(Channel.CHAT) == b"here I am"
    await Pair(meeting.customer, right).close()
