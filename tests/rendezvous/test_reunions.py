"""Reunions as their rules are, by a fake clock and without a socket."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.rendezvous.reunions import MAX_SOUGHT, Reunions
from ezp2p.rendezvous.switchboard import Counselor, Customer
from ezp2p.wire.keys import ErrorKey, Role
from ezp2p.wire.signalling import (
    REUNION_S,
    CallEnd,
    HangUp,
    LeaveReunion,
    Pass,
    RelayOffer,
    Reunited,
    SeekReunion,
)

ANNA = Counselor("anna's program", "main", "Hanbit", 1, "Anna")
KIM = Customer("kim's program", "192.0.2.1")
NAME = "5c" * 16


class OneRelay:
    """A rendezvous whose tickets say whose they are."""

    def offers(self, call: str, role: Role) -> list[RelayOffer]:
        return [RelayOffer(host="relay", udp_port=3000, ticket=f"{role} {call}".encode())]


def reunions() -> Reunions:
    return Reunions(random.Random(7), OneRelay())


def heard(board: Reunions) -> dict[str, list[Any]]:
    """Return what each connection has been sent since it was last asked."""
    letters: dict[str, list[Any]] = {}
    for letter in board.next_letters():
        letters.setdefault(letter.peer, []).append(letter.message)
    return letters


def seek(board: Reunions, who: Counselor | Customer, now: float = 0.0, name: str = NAME) -> None:
    board.seek(who, SeekReunion(reunion=name), now)


def reunite(board: Reunions) -> str:
    """Let both find each other; return the call."""
    seek(board, KIM)
    seek(board, ANNA)
    (reunited,) = heard(board)[ANNA.peer]
    assert isinstance(reunited, Reunited)
    return reunited.call


def test_both_are_told_of_one_call_and_get_tickets_of_their_own_role() -> None:
    board = reunions()
    seek(board, KIM)
    assert heard(board) == {}
    seek(board, ANNA)
    told = heard(board)
    (to_kim,), (to_anna,) = told[KIM.peer], told[ANNA.peer]
    assert to_kim.call == to_anna.call
    assert to_kim.relays[0].ticket == f"customer {to_kim.call}".encode()
    assert to_anna.relays[0].ticket == f"counselor {to_kim.call}".encode()


def test_bodies_reach_the_other_end_and_nobody_else_can_say_any() -> None:
    board = reunions()
    call = reunite(board)
    body = Pass(call=call, body=b"sealed")
    assert board.pass_on(KIM.peer, body)
    assert heard(board) == {ANNA.peer: [body]}
    assert not board.pass_on("stranger", body)
    assert not board.pass_on(KIM.peer, Pass(call="0" * 32, body=b"sealed"))
    assert heard(board) == {}


def test_two_customers_under_one_name_do_not_meet_and_the_later_one_counts() -> None:
    board = reunions()
    seek(board, KIM)
    again = Customer("kim's new connection", "192.0.2.1")
    seek(board, again)
    seek(board, ANNA)
    assert set(heard(board)) == {again.peer, ANNA.peer}


def test_other_end_hears_of_a_lost_line_and_both_can_meet_anew() -> None:
    board = reunions()
    call = reunite(board)
    board.left(KIM.peer)
    assert heard(board) == {ANNA.peer: [HangUp(call=call, why=CallEnd.GONE)]}
    reunite(board)


def test_end_that_comes_back_before_its_old_line_is_missed_ends_the_old_call() -> None:
    board = reunions()
    call = reunite(board)
    seek(board, Customer("kim's new connection", "192.0.2.1"))
    told = heard(board)
    assert told[ANNA.peer] == [HangUp(call=call, why=CallEnd.GONE)]
    seek(board, ANNA)
    assert isinstance(heard(board)["kim's new connection"][0], Reunited)


def test_end_that_has_what_it_wants_ends_the_call_for_both() -> None:
    board = reunions()
    call = reunite(board)
    board.leave(ANNA.peer, LeaveReunion(reunion=NAME))
    assert heard(board) == {KIM.peer: [HangUp(call=call, why=CallEnd.DONE)]}
    assert not board.pass_on(KIM.peer, Pass(call=call, body=b"late"))


def test_stranger_who_knows_the_name_cannot_leave_for_somebody_else() -> None:
    board = reunions()
    seek(board, KIM)
    board.leave("stranger", LeaveReunion(reunion=NAME))
    seek(board, ANNA)
    assert KIM.peer in heard(board)


def test_nobody_is_met_after_ten_minutes() -> None:
    board = reunions()
    seek(board, KIM, now=0.0)
    board.wake(REUNION_S)
    seek(board, ANNA, now=REUNION_S)
    assert heard(board) == {}


def test_one_connection_looks_for_so_many_sessions_only() -> None:
    board = reunions()
    for number in range(MAX_SOUGHT):
        seek(board, KIM, name=f"{number:032x}")
    with pytest.raises(Unavailable) as refused:
        seek(board, KIM)
    assert refused.value.key == ErrorKey.SERVER_BUSY


def test_address_that_seeks_all_the_time_has_to_wait() -> None:
    board = reunions()
    with pytest.raises(Unavailable) as refused:
        for turn in range(100):
            seek(board, Customer(f"connection {turn}", "192.0.2.66"))
    assert refused.value.fields["seconds"] == 1.0
    seek(board, KIM)
