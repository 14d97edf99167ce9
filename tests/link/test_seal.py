"""Sealed boxes: open once, in order, at the other end only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ezp2p.base.errors import PeerError
from ezp2p.link.seal import TAG_BYTES, Opener, Sealer

KEY = bytes(32)
OTHER_KEY = bytes(31) + b"\1"


@settings(deadline=None)
@given(some.lists(some.binary(max_size=100), max_size=10))
def test_boxes_open_in_order(plains: list[bytes]) -> None:
    sealer, opener = Sealer(KEY), Opener(KEY)

    for number, plain in enumerate(plains):
        assert sealer.seal(plain)[0] == number
    sealer = Sealer(KEY)
    assert [opener.open(*sealer.seal(plain)) for plain in plains] == plains


def test_box_hides_what_is_in_it() -> None:
    plain = b"192.168.0.7"

    number, box = Sealer(KEY).seal(plain)

    assert plain not in box
    assert len(box) == len(plain) + TAG_BYTES
    assert number == 0


def test_replayed_box_is_refused() -> None:
    sealer, opener = Sealer(KEY), Opener(KEY)
    box = sealer.seal(b"one")
    opener.open(*box)

    with pytest.raises(PeerError, match=r"peer\.untrusted"):
        opener.open(*box)


def test_box_from_before_a_gap_is_refused() -> None:
    sealer, opener = Sealer(KEY), Opener(KEY)
    early, late = sealer.seal(b"early"), sealer.seal(b"late")
    assert opener.open(*late) == b"late"

    with pytest.raises(PeerError, match=r"peer\.untrusted"):
        opener.open(*early)


def test_box_under_another_number_is_refused() -> None:
    _, box = Sealer(KEY).seal(b"one")

    for number in (1, 2**32, -1):
        with pytest.raises(PeerError, match=r"peer\.untrusted"):
            Opener(KEY).open(number, box)


def test_box_of_the_other_direction_is_refused() -> None:
    with pytest.raises(PeerError, match=r"peer\.untrusted"):
        Opener(OTHER_KEY).open(*Sealer(KEY).seal(b"ours, sent back"))


@settings(deadline=None)
@given(some.data())
def test_damaged_box_is_refused_and_the_proper_one_still_opens(data: some.DataObject) -> None:
    sealer, opener = Sealer(KEY), Opener(KEY)
    number, box = sealer.seal(b"something to say")
    damaged = bytearray(box)
    damaged[data.draw(some.integers(0, len(box) - 1))] ^= data.draw(some.integers(1, 255))
    cut = data.draw(some.integers(0, len(box)))

    for hostile in (bytes(damaged), box[:cut] if cut < len(box) else box + b"\0"):
        with pytest.raises(PeerError, match=r"peer\.untrusted"):
            opener.open(number, hostile)
    assert opener.open(number, box) == b"something to say"
