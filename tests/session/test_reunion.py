"""Two ends of a broken session find each other through a rendezvous that may lie."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ezp2p.session.reunion import (
    OFFERS_AT_ONCE,
    AddressesCame,
    RelaysOffered,
    Reunion,
    Saying,
)
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import Role
from ezp2p.wire.signalling import (
    CallEnd,
    HangUp,
    LeaveReunion,
    Pass,
    RelayOffer,
    Reunited,
    SeekReunion,
)

KEY = bytes(range(32))
RELAY = RelayOffer(host="help.company.kr", udp_port=3000, ticket=b"fresh")


def addresses(host: str, count: int = 1) -> list[CandidateOffer]:
    return [CandidateOffer(host, 40000 + number, "direct-lan") for number in range(count)]


@dataclass
class Ends:
    """Both programs, and what the rendezvous between them has seen."""

    customer: Reunion
    counselor: Reunion
    bodies: list[bytes] = field(default_factory=list)
    calls: int = 0

    def meet(self) -> str:
        """Let both look for each other; return the call."""
        self.calls += 1
        call = f"{self.calls:032x}"
        for end in (self.customer, self.counselor):
            end.take(Reunited(reunion=end.name, call=call, relays=[RELAY]))
        self.carry()
        return call

    def carry(self) -> None:
        """Pass bodies on until nobody says anything more."""
        said = True
        while said:
            said = False
            for end, other in (
                (self.customer, self.counselor),
                (self.counselor, self.customer),
            ):
                for message in end.messages_to_send():
                    if isinstance(message, Pass):
                        said = True
                        self.bodies.append(message.body)
                        assert other.concerns(message)
                        other.take(message)


def ends(customers_key: bytes = KEY, counselors_key: bytes = KEY) -> Ends:
    both = Ends(
        Reunion(customers_key, Role.CUSTOMER, os.urandom, lambda: addresses("192.0.2.7")),
        Reunion(counselors_key, Role.COUNSELOR, os.urandom, lambda: addresses("192.0.2.8")),
    )
    both.customer.lost()
    both.counselor.lost()
    return both


def found(end: Reunion) -> list[str]:
    """The hosts that the other end said it is at."""
    return [
        offer.host
        for event in end.next_events()
        if isinstance(event, AddressesCame)
        for offer in event.offers
    ]


def seeks(messages: list[Saying]) -> list[Saying]:
    return [message for message in messages if isinstance(message, SeekReunion)]


def test_both_ends_of_a_session_look_for_the_same_name_and_other_sessions_for_another() -> None:
    both = ends()
    assert both.customer.name == both.counselor.name
    assert both.customer.name != ends(os.urandom(32)).customer.name


def test_each_end_learns_where_the_other_is_now_and_which_relays_both_may_use() -> None:
    both = ends()
    both.meet()
    for end, host in ((both.customer, "192.0.2.8"), (both.counselor, "192.0.2.7")):
        events = list(end.next_events())
        assert events == [RelaysOffered((RELAY,)), AddressesCame(tuple(addresses(host)))]


def test_more_addresses_than_a_letter_holds_come_in_several() -> None:
    both = ends()
    many = addresses("192.0.2.7", OFFERS_AT_ONCE + 1)
    both.customer = Reunion(KEY, Role.CUSTOMER, os.urandom, lambda: many)
    both.customer.lost()
    both.meet()
    assert len(found(both.counselor)) == OFFERS_AT_ONCE + 1


def test_addresses_that_change_while_they_talk_are_told_too() -> None:
    both = ends()
    here = addresses("192.0.2.7")
    both.customer = Reunion(KEY, Role.CUSTOMER, os.urandom, lambda: here)
    both.customer.lost()
    both.meet()
    here[:] = addresses("198.51.100.1")
    both.customer.addresses_changed()
    both.carry()
    assert found(both.counselor) == ["192.0.2.7", "198.51.100.1"]


def test_rendezvous_sees_no_address() -> None:
    both = ends()
    both.meet()
    assert not any(b"192.0.2" in body for body in both.bodies)


def test_who_holds_another_key_is_believed_nothing() -> None:
    both = ends(os.urandom(32))
    both.meet()
    assert found(both.counselor) == found(both.customer) == []


def test_letters_of_an_earlier_meeting_are_not_believed() -> None:
    both = ends()
    both.meet()
    earlier = list(both.bodies)
    assert found(both.customer) == ["192.0.2.8"]
    call = "f" * 32
    both.customer.take(Reunited(reunion=both.customer.name, call=call))
    for body in earlier:
        both.customer.take(Pass(call=call, body=body))
    assert found(both.customer) == []


def test_own_words_sent_back_are_not_believed() -> None:
    both = ends()
    call = "e" * 32
    both.customer.take(Reunited(reunion=both.customer.name, call=call))
    for _ in range(3):
        for message in list(both.customer.messages_to_send()):
            if isinstance(message, Pass):
                both.customer.take(message)
    assert found(both.customer) == []


def test_nonsense_is_dropped_and_the_meeting_goes_on() -> None:
    both = ends()
    call = both.meet()
    for body in (b"", b"\xc1", os.urandom(500), b"\x93\x02\x01\xc4\x00"):
        both.counselor.take(Pass(call=call, body=body))
    both.customer.addresses_changed()
    both.carry()
    assert found(both.counselor) == ["192.0.2.7", "192.0.2.7"]


def test_end_whose_other_end_went_away_looks_anew_but_not_after_it_is_done() -> None:
    both = ends()
    list(both.customer.messages_to_send())
    call = both.meet()
    both.customer.take(HangUp(call=call, why=CallEnd.GONE))
    assert len(seeks(list(both.customer.messages_to_send()))) == 1
    call = both.meet()
    both.customer.take(HangUp(call=call, why=CallEnd.DONE))
    assert seeks(list(both.customer.messages_to_send())) == []


def test_new_line_looks_anew_only_while_the_session_is_broken() -> None:
    both = ends()
    list(both.customer.messages_to_send())
    both.customer.line_opened()
    assert list(both.customer.messages_to_send()) == [SeekReunion(reunion=both.customer.name)]
    both.customer.found()
    assert list(both.customer.messages_to_send()) == [LeaveReunion(reunion=both.customer.name)]
    both.customer.line_opened()
    assert list(both.customer.messages_to_send()) == []


def test_messages_of_other_calls_do_not_concern_it() -> None:
    both = ends()
    call = both.meet()
    assert both.customer.concerns(Pass(call=call, body=b""))
    assert not both.customer.concerns(Pass(call="0" * 31 + "9", body=b""))
    assert not both.customer.concerns(Reunited(reunion="0" * 32, call=call))
