"""Slots and calls as their rules are, by a fake clock and without a socket."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ezp2p.base.errors import EzError, PeerError
from ezp2p.rendezvous.switchboard import ALARM_FAILURES, Counselor, Customer, Switchboard
from ezp2p.wire.keys import ErrorKey, Role
from ezp2p.wire.signalling import (
    SLOT_LIFE_S,
    CallArrived,
    CallEnd,
    HangUp,
    Join,
    Joined,
    Pass,
    RelayOffer,
    SlotClosed,
)

ANNA = Counselor("anna's program", "main", "Hanbit", 1, "Anna")


class NoRelays:
    """A rendezvous without a relay."""

    def offers(self, call: str, role: Role) -> list[RelayOffer]:
        return []


def switchboard() -> Switchboard:
    return Switchboard(random.Random(7), NoRelays(), call_timeout_s=60.0)


def heard(board: Switchboard, peer: str) -> list[Any]:
    """Return what one connection has been sent; forgets what others were."""
    return [letter.message for letter in board.next_letters() if letter.peer == peer]


def open_slot(board: Switchboard, now: float) -> str:
    board.open_slot(ANNA, now)
    (opened,) = heard(board, ANNA.peer)
    return str(opened.number)


def join(board: Switchboard, customer: Customer, number: str, now: float) -> Joined:
    board.join(customer, Join(site="main", slot=number), now)
    (joined,) = heard(board, customer.peer)
    assert isinstance(joined, Joined)
    return joined


def refusal(board: Switchboard, customer: Customer, number: str, now: float) -> EzError:
    with pytest.raises(EzError) as refused:
        board.join(customer, Join(site="main", slot=number), now)
    return refused.value


def guess_wrong(board: Switchboard, customer: Customer, number: str, now: float) -> None:
    joined = join(board, customer, number, now)
    board.hang_up(ANNA.peer, HangUp(call=joined.call, why=CallEnd.CODE_WRONG), now)
    assert heard(board, customer.peer) == [HangUp(call=joined.call, why=CallEnd.CODE_WRONG)]


def test_counselor_learns_where_the_call_comes_from_and_the_customer_who_waits() -> None:
    board = switchboard()
    number = open_slot(board, 0.0)
    board.join(Customer("kim", "192.0.2.1"), Join(site="main", slot=number), 0.0)
    joined, arrived = (letter.message for letter in board.next_letters())
    assert isinstance(joined, Joined)
    assert isinstance(arrived, CallArrived)
    assert (joined.company, joined.counselor) == ("Hanbit", "Anna")
    assert (arrived.number, arrived.address) == (number, "192.0.2.1")
    assert joined.call == arrived.call


def test_slot_is_free_again_after_a_wrong_code_and_gone_after_a_right_one() -> None:
    board = switchboard()
    kim = Customer("kim", "192.0.2.1")
    number = open_slot(board, 0.0)
    guess_wrong(board, kim, number, 0.0)
    joined = join(board, kim, number, 1.0)
    board.hang_up(ANNA.peer, HangUp(call=joined.call, why=CallEnd.DONE), 1.0)
    assert refusal(board, kim, number, 2.0).key == ErrorKey.CODE_EXPIRED


def test_stranger_cannot_use_a_slot_up_by_saying_done() -> None:
    board = switchboard()
    number = open_slot(board, 0.0)
    stranger = Customer("stranger", "192.0.2.66")
    joined = join(board, stranger, number, 0.0)
    board.hang_up(stranger.peer, HangUp(call=joined.call, why=CallEnd.DONE), 0.0)
    join(board, Customer("kim", "192.0.2.1"), number, 1.0)


def test_wrong_codes_cost_their_address_a_growing_delay_and_nobody_else() -> None:
    board = switchboard()
    number = open_slot(board, 0.0)
    guesser, kim = Customer("guesser", "192.0.2.66"), Customer("kim", "192.0.2.1")
    for _ in range(4):
        guess_wrong(board, guesser, number, 0.0)
    refused = refusal(board, guesser, number, 0.0)
    assert (refused.key, refused.fields["seconds"]) == (ErrorKey.CODE_WAIT, 2.0)
    again = Customer("the guesser's new socket", "192.0.2.66")
    assert refusal(board, again, number, 1.0).fields["seconds"] == 1.0
    guess_wrong(board, guesser, number, 2.0)
    assert refusal(board, guesser, number, 2.0).fields["seconds"] == 4.0
    join(board, kim, number, 2.0)


def test_leaving_after_the_answer_costs_as_much_as_a_wrong_code() -> None:
    board = switchboard()
    number = open_slot(board, 0.0)
    for turn in range(4):
        guesser = Customer(f"socket {turn}", "192.0.2.66")
        joined = join(board, guesser, number, 0.0)
        board.pass_on(ANNA.peer, Pass(call=joined.call, body=b"answer"))
        board.left(guesser.peer, 0.0)
    assert refusal(board, guesser, number, 0.0).key == ErrorKey.CODE_WAIT


@pytest.mark.parametrize("why", [CallEnd.TIMEOUT, CallEnd.PROTOCOL])
def test_silence_or_nonsense_after_the_answer_costs_as_much_but_not_before(why: CallEnd) -> None:
    for answered in (False, True):
        board = switchboard()
        number = open_slot(board, 0.0)
        guesser = Customer("guesser", "192.0.2.66")
        for _ in range(4):
            joined = join(board, guesser, number, 0.0)
            if answered:
                board.pass_on(ANNA.peer, Pass(call=joined.call, body=b"answer"))
            board.hang_up(ANNA.peer, HangUp(call=joined.call, why=why), 0.0)
            list(board.next_letters())
        if answered:
            assert refusal(board, guesser, number, 0.0).key == ErrorKey.CODE_WAIT
        else:
            join(board, guesser, number, 0.0)


def test_customer_who_left_first_is_excused_when_the_counselor_says_they_met() -> None:
    board = switchboard()
    kim = Customer("kim", "192.0.2.1")
    for _ in range(10):
        number = open_slot(board, 0.0)
        joined = join(board, kim, number, 0.0)
        board.pass_on(ANNA.peer, Pass(call=joined.call, body=b"answer"))
        board.left(kim.peer, 0.0)
        board.hang_up(ANNA.peer, HangUp(call=joined.call, why=CallEnd.DONE), 0.5)
        assert refusal(board, kim, number, 0.5).key == ErrorKey.CODE_EXPIRED
        list(board.next_letters())


def test_scanning_for_slots_is_slowed_down() -> None:
    board = switchboard()
    scanner = Customer("scanner", "192.0.2.66")
    keys = [refusal(board, scanner, f"{n:03}", 0.0).key for n in range(100)]
    assert keys.count(ErrorKey.CODE_EXPIRED) == 20
    assert keys[20:] == [ErrorKey.CODE_WAIT] * 80


def test_administrator_hears_of_twenty_failures_in_an_hour_once() -> None:
    board = switchboard()
    number = open_slot(board, 0.0)
    for turn in range(ALARM_FAILURES + 5):
        assert bool(list(board.next_alarms())) is (turn == ALARM_FAILURES)
        guess_wrong(board, Customer("bot", f"198.51.100.{turn}"), number, float(turn))


def test_second_call_of_one_customer_is_against_the_rules() -> None:
    board = switchboard()
    kim = Customer("kim", "192.0.2.1")
    first, second = open_slot(board, 0.0), open_slot(board, 0.0)
    join(board, kim, first, 0.0)
    with pytest.raises(PeerError):
        board.join(kim, Join(site="main", slot=second), 0.0)


def test_nobody_else_can_speak_in_a_call_or_end_it() -> None:
    board = switchboard()
    kim = Customer("kim", "192.0.2.1")
    joined = join(board, kim, open_slot(board, 0.0), 0.0)
    board.pass_on("eve", Pass(call=joined.call, body=b"hello"))
    board.hang_up("eve", HangUp(call=joined.call, why=CallEnd.DONE), 0.0)
    assert list(board.next_letters()) == []
    board.pass_on(kim.peer, Pass(call=joined.call, body=b"hello"))
    assert [letter.peer for letter in board.next_letters()] == [ANNA.peer]


def test_counselor_cannot_close_the_slot_of_another_connection() -> None:
    board = switchboard()
    number = open_slot(board, 0.0)
    board.close_slot(Counselor("ben's program", "main", "Hanbit", 2, "Ben"), number, 0.0)
    join(board, Customer("kim", "192.0.2.1"), number, 0.0)


def test_call_that_was_never_finished_times_out_for_both() -> None:
    board = switchboard()
    kim = Customer("kim", "192.0.2.1")
    joined = join(board, kim, open_slot(board, 0.0), 0.0)
    board.wake(59.9)
    assert list(board.next_letters()) == []
    board.wake(60.0)
    over = HangUp(call=joined.call, why=CallEnd.TIMEOUT)
    assert {(letter.peer, letter.message) for letter in board.next_letters()} == {
        (kim.peer, over),
        (ANNA.peer, over),
    }


def test_expired_slot_is_told_to_its_counselor_and_to_late_callers() -> None:
    board = switchboard()
    number = open_slot(board, 0.0)
    board.wake(SLOT_LIFE_S)
    assert heard(board, ANNA.peer) == [SlotClosed(number=number, why="expired")]
    late = refusal(board, Customer("kim", "192.0.2.1"), number, SLOT_LIFE_S)
    assert late.key == ErrorKey.CODE_EXPIRED


def test_closing_a_slot_hangs_up_on_its_caller() -> None:
    board = switchboard()
    kim = Customer("kim", "192.0.2.1")
    number = open_slot(board, 0.0)
    joined = join(board, kim, number, 0.0)
    board.close_slot(ANNA, number, 0.0)
    assert heard(board, kim.peer) == [HangUp(call=joined.call, why=CallEnd.GONE)]


def test_waiting_counts_slots_that_can_be_called_now() -> None:
    board = switchboard()
    number = open_slot(board, 0.0)
    open_slot(board, 0.0)
    assert (board.waiting("main"), board.waiting("other")) == (2, 0)
    join(board, Customer("kim", "192.0.2.1"), number, 0.0)
    assert board.waiting("main") == 1


def test_counselor_who_opens_and_closes_without_end_cannot_use_up_the_numbers() -> None:
    board = switchboard()
    with pytest.raises(EzError) as refused:
        for _ in range(1000):
            board.close_slot(ANNA, open_slot(board, 0.0), 0.0)
            list(board.next_letters())
    assert refused.value.key == ErrorKey.SERVER_BUSY
    assert refused.value.fields["seconds"] == pytest.approx(5.0)
