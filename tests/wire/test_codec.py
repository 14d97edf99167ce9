"""Whatever bytes arrive, the codec gives a message, nothing, or PeerError."""

from __future__ import annotations

import tracemalloc

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ezp2p.base.errors import PeerError
from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.codec import Codec
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.joining import JOINING, SEALED
from ezp2p.wire.messages.chat import ChatLine
from ezp2p.wire.messages.input import KeyChanged, PointerMoved
from ezp2p.wire.reunion import REUNION

EVERY_CODEC = [*CODECS.values(), JOINING, SEALED, REUNION]

plain = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**63), 2**64 - 1)
    | some.floats()
    | some.text(max_size=40)
    | some.binary(max_size=40),
    lambda inner: (
        some.lists(inner, max_size=6) | some.dictionaries(some.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def read(codec: Codec, data: bytes) -> None:
    """Decode; PeerError is the only exception a hostile message may cause."""
    try:
        message = codec.decode(data)
    except PeerError:
        return
    assert message is None or codec.decode(codec.encode(message)) == message


@settings(deadline=None)
@given(some.sampled_from(EVERY_CODEC), some.binary(max_size=300))
def test_random_bytes_raise_nothing_but_peer_errors(codec: Codec, data: bytes) -> None:
    read(codec, data)


@settings(deadline=None)
@given(some.sampled_from(EVERY_CODEC), some.integers(0, 20), some.lists(plain, max_size=8))
def test_mistyped_fields_raise_nothing_but_peer_errors(
    codec: Codec, number: int, fields: list[object]
) -> None:
    read(codec, msgspec.msgpack.encode([number, *fields]))


@settings(deadline=None)
@given(some.data())
def test_damaged_messages_raise_nothing_but_peer_errors(data: some.DataObject) -> None:
    codec = CODECS[Channel.INPUT]
    good = bytearray(codec.encode(data.draw(some.sampled_from(KNOWN))))
    place = data.draw(some.integers(0, len(good) - 1))
    good[place] = data.draw(some.integers(0, 255))
    read(codec, bytes(good[: data.draw(some.integers(0, len(good)))]))


KNOWN = [PointerMoved(3, 4), KeyChanged("ShiftLeft", True)]


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(PeerError):
        CODECS[Channel.INPUT].decode(b"\x92\x05\xa2\xff\xfe")


def test_message_longer_than_its_channel_allows_is_refused() -> None:
    limit = FRAME_LIMIT[Channel.CHAT]
    with pytest.raises(PeerError, match="oversize"):
        CODECS[Channel.CHAT].decode(b"\xc6" + b"\0" * limit)


def test_deeply_nested_message_is_refused() -> None:
    with pytest.raises(PeerError):
        CODECS[Channel.INPUT].decode(b"\x91" * 60_000 + b"\xc0")


def test_unknown_message_full_of_empty_lists_costs_no_memory() -> None:
    count = 4 * 1024 * 1024
    hostile = b"\xdd" + (count + 1).to_bytes(4, "big") + b"\xcc\xc8" + b"\x90" * count
    tracemalloc.start()
    try:
        assert CODECS[Channel.SCREEN].decode(hostile) is None
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert grown < 1024 * 1024


def test_codec_of_one_message_knows_its_number() -> None:
    codec = CODECS[Channel.CHAT]

    assert codec.decode(codec.encode(ChatLine(1, "안녕"))) == ChatLine(1, "안녕")
    assert codec.decode(msgspec.msgpack.encode([2, "?"])) is None
    with pytest.raises(PeerError):
        codec.decode(msgspec.msgpack.encode([1]))
