"""Python reads and writes the golden vectors; tests/ui/web/vectors.test.mjs does it for pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ezp2p.base.errors import PeerError
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS, MESSAGES
from ezp2p.wire.generate import declarations

VECTORS = {
    Channel[path.stem.upper()]: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[1] / "vectors").glob("*.json"))
}


def cases(chapter: str) -> list[Any]:
    return [
        pytest.param(channel, vector, id=f"{channel.name.lower()}: {vector['story']}")
        for channel, vectors in VECTORS.items()
        for vector in vectors[chapter]
    ]


def as_vector(value: object) -> object:
    """A message as the vector files write it."""
    if isinstance(value, msgspec.Struct):
        fields = {name: as_vector(getattr(value, name)) for name in value.__struct_fields__}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [as_vector(each) for each in value]
    return value


@pytest.mark.parametrize(("channel", "vector"), cases("same"))
def test_message_has_the_same_bytes_for_ever(channel: Channel, vector: dict[str, Any]) -> None:
    message = CODECS[channel].decode(bytes.fromhex(vector["hex"]))

    assert as_vector(message) == vector["message"]
    assert CODECS[channel].encode(message).hex() == vector["hex"]


@pytest.mark.parametrize(("channel", "vector"), cases("longer"))
def test_fields_of_a_later_version_are_ignored(channel: Channel, vector: dict[str, Any]) -> None:
    message = CODECS[channel].decode(bytes.fromhex(vector["hex"]))

    assert as_vector(message) == vector["message"]


@pytest.mark.parametrize(("channel", "vector"), cases("ignored"))
def test_message_of_a_later_version_is_ignored(channel: Channel, vector: dict[str, Any]) -> None:
    assert CODECS[channel].decode(bytes.fromhex(vector["hex"])) is None


@pytest.mark.parametrize(("channel", "vector"), cases("refused"))
def test_hostile_bytes_are_refused(channel: Channel, vector: dict[str, Any]) -> None:
    with pytest.raises(PeerError):
        CODECS[channel].decode(bytes.fromhex(vector["hex"]))


def test_every_message_of_every_channel_has_a_vector() -> None:
    for channel, messages in MESSAGES.items():
        declared = {message.cls.__name__ for message in declarations.members(messages)}
        written = {vector["message"]["type"] for vector in VECTORS[channel]["same"]}
        assert written == declared
