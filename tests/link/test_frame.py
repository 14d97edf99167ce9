"""Frames come out whole, however they were cut on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezp2p.base.errors import PeerError
from ezp2p.link.frame import OPENING, FrameReader, frame
from ezp2p.wire.channel import FRAME_LIMIT, Channel


@given(st.lists(st.binary(min_size=1, max_size=300)), st.lists(st.integers(1, 50), min_size=1))
def test_messages_survive_any_cutting(messages: list[bytes], cuts: list[int]) -> None:
    stream = OPENING + b"".join(frame(Channel.CHAT, message) + OPENING for message in messages)
    reader, out, start, turn = FrameReader(Channel.CHAT), [], 0, 0
    while start < len(stream):
        size = cuts[turn % len(cuts)]
        out += list(reader.messages(stream[start : start + size]))
        start, turn = start + size, turn + 1
    assert out == messages


@pytest.mark.parametrize("channel", list(Channel))
def test_announcing_more_than_allowed_is_the_peers_error(channel: Channel) -> None:
    for length in (FRAME_LIMIT[channel] + 1, 0xFFFFFFFF):
        with pytest.raises(PeerError):
            list(FrameReader(channel).messages(length.to_bytes(4, "big")))


def test_messages_before_an_oversize_one_are_delivered() -> None:
    stream = frame(Channel.CHAT, b"good") + b"\xff\xff\xff\xff"
    messages = FrameReader(Channel.CHAT).messages(stream)
    assert next(messages) == b"good"
    with pytest.raises(PeerError):
        next(messages)
