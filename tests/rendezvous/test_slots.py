"""Waiting slots by a fake clock."""

from __future__ import annotations

import random

import pytest

from ezp2p.base.errors import EzError, Unavailable
from ezp2p.rendezvous.slots import Slots
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import MAX_SLOTS, SLOT_LIFE_S, SLOT_REST_S


def test_number_has_three_digits_and_is_found_within_its_site_only() -> None:
    slots = Slots(random.Random(1))
    slot = slots.open("main", 1, "peer", 0.0)
    assert slot.number.isdecimal()
    assert len(slot.number) == 3
    assert slots.find("main", slot.number) == slot
    assert slots.find("other", slot.number) is None


def test_slot_expires_after_its_life_and_not_before() -> None:
    slots = Slots(random.Random(1))
    slot = slots.open("main", 1, "peer", 0.0)
    assert slots.expired(SLOT_LIFE_S - 0.1) == []
    assert slots.expired(SLOT_LIFE_S) == [slot]
    assert slots.find("main", slot.number) is None


def test_sixth_slot_is_refused_until_one_is_closed() -> None:
    slots = Slots(random.Random(1))
    held = [slots.open("main", 1, "peer", 0.0) for _ in range(MAX_SLOTS)]
    with pytest.raises(EzError) as refused:
        slots.open("main", 1, "another peer of the same account", 0.0)
    assert refused.value.key == ErrorKey.SLOTS_FULL
    slots.close(held[0], 0.0)
    slots.open("main", 1, "peer", 0.0)


def test_every_number_is_given_out_once_and_then_rests() -> None:
    slots = Slots(random.Random(1))
    now = 0.0
    numbers = set()
    for account in range(1000):
        slot = slots.open("main", account, "peer", now)
        numbers.add(slot.number)
        slots.close(slot, now)
    assert len(numbers) == 1000
    with pytest.raises(Unavailable) as refused:
        slots.open("main", 1, "peer", now + SLOT_REST_S - 1)
    assert refused.value.key == ErrorKey.SERVER_BUSY
    slots.expired(now + SLOT_REST_S)
    slots.open("main", 1, "peer", now + SLOT_REST_S)


def test_numbers_of_another_site_are_not_used_up() -> None:
    slots = Slots(random.Random(1))
    for account in range(1000):
        slots.open("main", account, "peer", 0.0)
    slots.open("other", 1, "peer", 0.0)
