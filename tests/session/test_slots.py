"""The counselor's waiting slots, without any socket."""

from __future__ import annotations

import pytest

from ezp2p.base.errors import UsageError
from ezp2p.session.slots import Slot, Slots
from ezp2p.wire.bridge import SlotState
from ezp2p.wire.code import parse_code
from ezp2p.wire.invitation import ServerAddress, parse_invitation
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import MAX_SLOTS, CloseSlot, OpenSlot

SERVER = ServerAddress("https://help.company.kr", "hanbit")


def waiting(number: str = "417") -> tuple[Slots, Slot]:
    slots = Slots(SERVER)
    slots.add()
    slot = slots.opened(number, 600.0, 100.0)
    assert slot is not None
    slots.outbox.clear()
    return slots, slot


def test_code_and_link_are_readable_and_carry_different_secrets() -> None:
    _, slot = waiting()
    assert slot.code is not None and slot.invitation is not None
    assert parse_code(str(slot.code)) == slot.code
    assert parse_invitation(str(slot.invitation)) == slot.invitation
    assert slot.code.secret not in str(slot.invitation)
    assert slot.until == 700.0


def test_sixth_slot_is_refused() -> None:
    slots = Slots(SERVER)
    for _ in range(MAX_SLOTS):
        slots.add()
    with pytest.raises(UsageError) as caught:
        slots.add()
    assert caught.value.key == ErrorKey.SLOTS_FULL
    assert list(slots.outbox) == [OpenSlot()] * MAX_SLOTS


def test_freed_place_is_taken_again() -> None:
    slots, slot = waiting()
    slots.add()
    slots.remove(slot.place)
    assert slots.add().place == 1


def test_removed_place_gives_its_number_back() -> None:
    slots, slot = waiting()
    slots.remove(slot.place)
    assert list(slots.outbox) == [CloseSlot(number="417")]
    assert slots.places == {}


def test_number_for_a_place_that_is_gone_is_given_back() -> None:
    slots = Slots(SERVER)
    slot = slots.add()
    slots.remove(slot.place)
    slots.outbox.clear()
    assert slots.opened("500", 600.0, 0.0) is None
    assert list(slots.outbox) == [CloseSlot(number="500")]


def test_expired_number_is_replaced_with_new_secrets() -> None:
    slots, slot = waiting()
    old = (slot.code, slot.invitation)
    slots.closed("417")
    assert slot.state is SlotState.OPENING
    slots.opened("418", 600.0, 700.0)
    assert slot.number == "418"
    assert (slot.code, slot.invitation) != old


def test_wrong_try_is_counted_and_the_third_burns_the_code() -> None:
    slots, slot = waiting()
    for left in (2, 1):
        assert slots.called("417", "1.2.3.4") is slot
        slot.tries.spend()
        slots.failed(slot, ErrorKey.CODE_WRONG)
        assert (slot.state, slot.tries.left) == (SlotState.WAITING, left)
    slots.called("417", "1.2.3.4")
    slot.tries.spend()
    slots.failed(slot, ErrorKey.CODE_WRONG)
    assert slot.state is SlotState.OPENING
    assert slot.problem == ErrorKey.CODE_BURNT
    assert slot.code is None
    assert list(slots.outbox) == [CloseSlot(number="417"), OpenSlot()]


def test_second_caller_finds_nobody_waiting() -> None:
    slots, _ = waiting()
    slots.called("417", "1.2.3.4")
    assert slots.called("417", "5.6.7.8") is None


def test_place_waits_again_after_its_session() -> None:
    slots, slot = waiting()
    slots.called("417", "1.2.3.4")
    slots.agreed(slot, 7)
    assert slot.code is None and slot.state is SlotState.SESSION
    slots.remove(slot.place)
    assert slot.place in slots.places
    slots.over(7)
    assert slots.places[slot.place].state is SlotState.OPENING
    assert list(slots.outbox) == [CloseSlot(number="417"), OpenSlot()]


def test_lost_connection_opens_waiting_places_anew_and_spares_sessions() -> None:
    slots, slot = waiting()
    slots.called("417", "1.2.3.4")
    slots.agreed(slot, 1)
    other = slots.add()
    slots.opened("300", 600.0, 0.0)
    slots.connection_lost()
    assert slot.state is SlotState.SESSION
    assert other.state is SlotState.OPENING
    assert list(slots.outbox) == [OpenSlot()]


def test_refusal_of_the_rendezvous_is_shown_at_its_place() -> None:
    slots = Slots(SERVER)
    slot = slots.add()
    slots.refused(ErrorKey.SLOTS_FULL)
    assert slot.problem == ErrorKey.SLOTS_FULL
