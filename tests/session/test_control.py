"""The session channel's two ends, joined in memory."""

from __future__ import annotations

import pytest

from ezp2p.base.errors import PeerError
from ezp2p.session import control
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.keys import EndReason, Grant
from ezp2p.wire.messages.session import (
    PROTOCOL_VERSION,
    AskGrants,
    Echo,
    GrantsChanged,
    Hello,
)


def hello(name: str, version: int = PROTOCOL_VERSION) -> Hello:
    return Hello(version, "ezp2p 0", "test", name)


class Pair:
    """A customer's and a counselor's end, every message through its bytes."""

    def __init__(self, counselor_version: int = PROTOCOL_VERSION) -> None:
        self.customer = control.CustomerControl(hello("PC"))
        self.counselor = control.CounselorControl(hello("Kim", counselor_version))
        self.now = 0.0

    def settle(self) -> list[control.ControlEvent]:
        """Carry messages over until none is left; return the events of both."""
        events: list[control.ControlEvent] = []
        codec = CODECS[Channel.SESSION]
        busy = True
        while busy:
            busy = False
            for end, other in (
                (self.customer, self.counselor),
                (self.counselor, self.customer),
            ):
                for message in end.messages_to_send():
                    busy = True
                    other.receive(codec.decode(codec.encode(message)), self.now)
                events += end.next_events()
        return [*events, *self.customer.next_events(), *self.counselor.next_events()]


def test_both_greet_each_other() -> None:
    greeted = [e for e in Pair().settle() if isinstance(e, control.Greeted)]
    assert {e.hello.name for e in greeted} == {"PC", "Kim"}


def test_other_version_is_told() -> None:
    events = Pair(counselor_version=99).settle()
    assert control.VersionRefused(99) in events


def test_asking_and_announcing_reach_the_other_side() -> None:
    pair = Pair()
    pair.settle()
    pair.counselor.ask_grants((Grant.VIEW, Grant.CONTROL, Grant.VIEW), "ticket 12")
    assert pair.settle() == [control.GrantsAsked((Grant.VIEW, Grant.CONTROL), "ticket 12")]
    pair.customer.announce_grants(frozenset({Grant.VIEW}), answer=1)
    assert pair.settle() == [control.GrantsAnnounced(frozenset({Grant.VIEW}), 1)]


def test_round_trip_is_measured_each_second() -> None:
    pair = Pair()
    pair.settle()
    pair.counselor.start_echo(0.0)
    echo = list(pair.counselor.messages_to_send())
    pair.customer.receive(echo[0], 0.01)
    (answer,) = pair.customer.messages_to_send()
    pair.counselor.receive(answer, 0.02)
    assert list(pair.counselor.next_events()) == [control.RoundTripMeasured(0.02)]
    assert pair.counselor.wake_at == control.ECHO_EVERY_S
    pair.counselor.wake(control.ECHO_EVERY_S)
    assert list(pair.counselor.messages_to_send()) == [Echo(2)]


def test_end_says_why() -> None:
    pair = Pair()
    pair.settle()
    pair.customer.say_end(EndReason.CUSTOMER_ENDED)
    assert pair.settle() == [control.Ended(EndReason.CUSTOMER_ENDED)]


@pytest.mark.parametrize(
    "message", [AskGrants([Grant.VIEW]), Echo(1), GrantsChanged([Grant.VIEW])], ids=repr
)
def test_nothing_is_served_before_hello(message: object) -> None:
    end = control.CustomerControl(hello("PC"))
    with pytest.raises(PeerError):
        end.receive(message, 0.0)  # type: ignore[arg-type]


def test_counselor_cannot_grant_to_itself() -> None:
    pair = Pair()
    pair.settle()
    with pytest.raises(PeerError):
        pair.customer.receive(GrantsChanged([Grant.CONTROL], 1), 0.0)


def test_customer_cannot_ask() -> None:
    pair = Pair()
    pair.settle()
    with pytest.raises(PeerError):
        pair.counselor.receive(AskGrants([Grant.CONTROL]), 0.0)


def test_second_hello_breaks_the_rules() -> None:
    pair = Pair()
    pair.settle()
    with pytest.raises(PeerError):
        pair.customer.receive(hello("again"), 0.0)
