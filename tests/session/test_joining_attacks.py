"""A rendezvous that lies: it gets a refusal, never a key, and three guesses a side at most."""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from ezp2p.base.errors import PeerError
from ezp2p.session.joining import CounselorJoining, CustomerJoining, Joining, SlotSecrets
from ezp2p.session.tries import Tries
from ezp2p.wire.joining import (
    CODE_TRIES,
    JOINING,
    Answer,
    CandidateOffer,
    Confirm,
    Offer,
    Sealed,
    SecretKind,
)
from ezp2p.wire.keys import ErrorKey, Role
from tests.support.rendezvous_liar import Delivery, Letter, Liar, honest

SECRETS = SlotSecrets(code="90538", link="Zm9vYmFyYmF6cXV4MTIzNA")
ADDRESS = {
    Role.CUSTOMER: CandidateOffer("192.0.2.1", 40000, "direct-lan"),
    Role.COUNSELOR: CandidateOffer("192.0.2.2", 40000, "direct-lan"),
}
BOTH = [Role.CUSTOMER, Role.COUNSELOR]
# What each end passes in an honest call: place 0, 1 and, with one candidate, 2.
LETTERS = [(role, place) for role in BOTH for place in range(3)]


def customer(
    secret: str = SECRETS.code, *, slot: str = "417", site: str = "main", tries: Tries | None = None
) -> CustomerJoining:
    end = CustomerJoining(
        secret=secret,
        kind=SecretKind.CODE,
        site=site,
        slot=slot,
        certificate=b"the customer's certificate",
        nonce=bytes(32),
        tries=tries or Tries(),
        random=os.urandom,
    )
    end.start(0.0)
    end.offer_candidates([ADDRESS[Role.CUSTOMER]])
    return end


def counselor(code: str = SECRETS.code, *, tries: Tries | None = None) -> CounselorJoining:
    end = CounselorJoining(
        secrets=SlotSecrets(code, SECRETS.link),
        site="main",
        slot="417",
        tries=tries or Tries(),
        random=os.urandom,
        now=0.0,
    )
    end.offer_candidates([ADDRESS[Role.COUNSELOR]])
    return end


def lie(sender: Role, place: int, change: Callable[[bytes], bytes]) -> tuple[Liar, Role]:
    """Run a call in which one letter is changed on its way; returns it and who got the change."""

    def trick(letter: Letter) -> Delivery:
        if (letter.sender, letter.place) != (sender, place):
            return honest(letter)
        return [(sender.other, change(letter.body))]

    call = Liar(customer(), counselor(), trick)
    call.run()
    return call, sender.other


def assert_refused(call: Liar, victim: Role, place: int) -> None:
    """The end that got the change failed, and believed nothing from there on.

    Places 0 and 1 come before a key; place 2 is a sealed candidate under an honest key.
    """
    told = call.told[victim]
    assert len(told.failed) == 1
    assert told.candidates == []
    if place < 2:
        assert told.agreed == []
    else:
        assert told.agreed == call.told[victim.other].agreed


def changed_field(**values: object) -> Callable[[bytes], bytes]:
    return lambda body: JOINING.encode(msgspec.structs.replace(JOINING.decode(body), **values))


def test_honest_call_has_the_letters_the_attacks_change() -> None:
    call = Liar(customer(), counselor())
    call.run()

    assert sorted((letter.sender, letter.place) for letter in call.letters) == sorted(LETTERS)
    assert call.keys_agreed() == 2


# --- changing what is said


@settings(max_examples=60, deadline=None)
@given(some.sampled_from(LETTERS), some.data())
def test_flipped_bit_anywhere_is_refused(letter: tuple[Role, int], data: some.DataObject) -> None:
    def flip(body: bytes) -> bytes:
        hostile = bytearray(body)
        hostile[data.draw(some.integers(0, len(body) - 1))] ^= 1 << data.draw(some.integers(0, 7))
        assume(means_something_else(bytes(hostile), body))
        return bytes(hostile)

    call, victim = lie(*letter, flip)

    assert_refused(call, victim, letter[1])


def means_something_else(hostile: bytes, body: bytes) -> bool:
    """Tell whether a receiver would see a difference; an unknown number is only ignored."""
    try:
        message = JOINING.decode(hostile)
    except PeerError:
        return True
    return message is not None and message != JOINING.decode(body)


@pytest.mark.parametrize(("sender", "place"), LETTERS)
@pytest.mark.parametrize("keep", [0.0, 0.05, 0.5, 0.99])
def test_truncated_letter_is_refused(sender: Role, place: int, keep: float) -> None:
    call, victim = lie(sender, place, lambda body: body[: int(len(body) * keep)])

    assert_refused(call, victim, place)


@pytest.mark.parametrize(("sender", "place"), LETTERS)
def test_oversize_letter_is_refused(sender: Role, place: int) -> None:
    call, victim = lie(sender, place, lambda body: body + bytes(11_000))

    assert_refused(call, victim, place)


@pytest.mark.parametrize("sender", BOTH)
def test_changed_version_is_refused(sender: Role) -> None:
    call, victim = lie(sender, 0, changed_field(version=2))

    assert_refused(call, victim, 0)
    assert [failed.key for failed in call.told[victim].failed] == [ErrorKey.PEER_VERSION]
    assert [failed.key for failed in call.told[sender].failed] == [ErrorKey.PEER_VERSION]


def test_changed_secret_kind_is_refused() -> None:
    call, _ = lie(Role.CUSTOMER, 0, changed_field(kind=SecretKind.LINK))

    assert call.keys_agreed() == 0


@pytest.mark.parametrize(("site", "slot"), [("other", "417"), ("main", "418")])
def test_call_led_to_another_slot_with_the_same_digits_is_refused(site: str, slot: str) -> None:
    call = Liar(customer(site=site, slot=slot), counselor())
    call.run()

    assert call.keys_agreed() == 0


@pytest.mark.parametrize("sender", BOTH)
def test_swapped_box_is_refused(sender: Role) -> None:
    """The certificate, or the welcome, of another call that had the same code."""
    other = Liar(customer(), counselor())
    other.run()
    taken = JOINING.decode(letter_of(other, sender, 1).body)
    assert isinstance(taken, Confirm)

    call, victim = lie(sender, 1, changed_field(box=taken.box))

    assert_refused(call, victim, 1)


@pytest.mark.parametrize("sender", BOTH)
def test_swapped_tag_is_refused(sender: Role) -> None:
    call, victim = lie(sender, 1, changed_field(tag=bytes(32)))

    assert_refused(call, victim, 1)


@pytest.mark.parametrize("sender", BOTH)
def test_share_of_small_order_is_refused_and_costs_no_try(sender: Role) -> None:
    side = b"A" if sender is Role.CUSTOMER else b"B"
    call, victim = lie(sender, 0, changed_field(share=side + (1).to_bytes(32, "little")))

    assert_refused(call, victim, 0)
    assert call.told[victim].failed[0].tries_left == CODE_TRIES


def letter_of(call: Liar, sender: Role, place: int) -> Letter:
    return next(each for each in call.letters if (each.sender, each.place) == (sender, place))


# --- changing who hears what, when and how often


@pytest.mark.parametrize(("sender", "place"), LETTERS)
def test_letter_sent_back_to_its_sender_is_refused(sender: Role, place: int) -> None:
    def trick(letter: Letter) -> Delivery:
        if (letter.sender, letter.place) != (sender, place):
            return honest(letter)
        return [(sender, letter.body)]

    call = Liar(customer(), counselor(), trick)
    call.run()

    told = call.told[sender]
    assert len(told.failed) == 1
    assert ADDRESS[sender] not in [offer for came in told.candidates for offer in came.offers]


@pytest.mark.parametrize(("sender", "place"), LETTERS)
def test_letter_delivered_twice_is_believed_once(sender: Role, place: int) -> None:
    def trick(letter: Letter) -> Delivery:
        return honest(letter) * (2 if (letter.sender, letter.place) == (sender, place) else 1)

    call = Liar(customer(), counselor(), trick)
    call.run()

    told = call.told[sender.other]
    assert len(told.failed) == 1
    assert len(told.agreed) <= 1
    assert len(told.candidates) <= 1


@pytest.mark.parametrize(("sender", "place"), LETTERS)
def test_dropped_letter_ends_in_a_time_out_without_a_key(sender: Role, place: int) -> None:
    def trick(letter: Letter) -> Delivery:
        return [] if (letter.sender, letter.place) == (sender, place) else honest(letter)

    call = Liar(customer(), counselor(), trick)
    call.run()
    call.wait(20.0)

    told = call.told[sender.other]
    assert told.candidates == []
    if place < 2:
        assert (len(told.agreed), len(told.failed)) == (0, 1)
    else:
        assert (len(told.agreed), len(told.failed)) == (1, 0)


def test_candidates_before_the_proof_are_refused() -> None:
    held: list[Letter] = []

    def trick(letter: Letter) -> Delivery:
        if letter.sender is Role.CUSTOMER or letter.place == 0:
            return honest(letter)
        held.append(letter)
        return [(Role.CUSTOMER, each.body) for each in reversed(held)] if len(held) == 2 else []

    call = Liar(customer(), counselor(), trick)
    call.run()

    told = call.told[Role.CUSTOMER]
    assert len(told.failed) == 1
    assert (told.agreed, told.candidates) == ([], [])


def test_sealed_candidates_in_another_order_are_refused() -> None:
    held: list[Letter] = []

    def trick(letter: Letter) -> Delivery:
        if not isinstance(JOINING.decode(letter.body), Sealed) or letter.sender is Role.CUSTOMER:
            return honest(letter)
        held.append(letter)
        if len(held) == 1:
            return []
        return [(Role.CUSTOMER, each.body) for each in reversed(held)]

    ends = customer(), counselor()
    call = Liar(*ends, trick)
    call.run()
    ends[1].offer_candidates([CandidateOffer("192.0.2.8", 1, "direct-lan")])
    call.run()

    told = call.told[Role.CUSTOMER]
    assert [came.offers[0].host for came in told.candidates] == ["192.0.2.8"]
    assert [failed.key for failed in told.failed] == [ErrorKey.PEER_UNTRUSTED]


@pytest.mark.parametrize("replayed", BOTH)
def test_letters_of_an_earlier_call_are_refused(replayed: Role) -> None:
    earlier = Liar(customer(), counselor())
    earlier.run()
    assert earlier.keys_agreed() == 2

    victim: Joining = counselor() if replayed is Role.CUSTOMER else customer()
    for letter in earlier.letters:
        if letter.sender is replayed:
            victim.receive(letter.body, 0.0)

    assert not believed(victim)


@pytest.mark.parametrize("replayed", BOTH)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_letter_of_an_earlier_call_is_refused(replayed: Role, place: int) -> None:
    earlier = Liar(customer(), counselor())
    earlier.run()
    old = letter_of(earlier, replayed, place).body

    call, victim = lie(replayed, place, lambda _: old)

    # An old Offer or Answer gives a key nobody shares; it fails at the Confirm that follows.
    told = call.told[victim]
    assert len(told.failed) == 1
    assert told.candidates == []
    assert told.agreed == [] or place == 2


@settings(max_examples=100, deadline=None)
@given(some.sampled_from(BOTH), some.lists(some.binary(max_size=200), min_size=1, max_size=4))
def test_random_bytes_are_refused(role: Role, bodies: list[bytes]) -> None:
    victim: Joining = customer() if role is Role.CUSTOMER else counselor()
    for body in bodies:
        victim.receive(body, 0.0)

    assert not believed(victim)


@settings(max_examples=100, deadline=None)
@given(
    some.sampled_from(BOTH),
    some.lists(
        some.builds(
            Offer,
            some.integers(0, 2),
            some.sampled_from(SecretKind),
            some.binary(min_size=33, max_size=33),
        )
        | some.builds(Answer, some.integers(0, 2), some.binary(min_size=33, max_size=33))
        | some.builds(Confirm, some.binary(min_size=32, max_size=32), some.binary(max_size=60))
        | some.builds(Sealed, some.integers(0, 5), some.binary(max_size=60)),
        min_size=1,
        max_size=5,
    ),
)
def test_made_up_messages_in_any_order_are_refused(
    role: Role, messages: list[msgspec.Struct]
) -> None:
    victim: Joining = customer() if role is Role.CUSTOMER else counselor()
    for message in messages:
        victim.receive(JOINING.encode(message), 0.0)

    assert not believed(victim)


def believed(end: Joining) -> bool:
    """Tell whether the end agreed on anything or opened a sealed box."""
    return any(type(event).__name__ != "Failed" for event in end.next_events())


# --- guessing


def test_rendezvous_that_plays_the_counselor_gets_three_guesses() -> None:
    typed = Tries()
    proofs = 0
    for guess in ("00000", "00001", "00002", "00003", SECRETS.code):
        call = Liar(customer(tries=typed), counselor(guess))
        call.run()
        proofs += sum(isinstance(JOINING.decode(each.body), Confirm) for each in call.letters)
        assert call.keys_agreed() == 0

    assert proofs == CODE_TRIES


def test_rendezvous_that_plays_the_customer_gets_three_guesses() -> None:
    waiting = Tries()
    answers = 0
    for guess in ("00000", "00001", "00002", "00003", SECRETS.code):
        call = Liar(customer(guess), counselor(tries=waiting))
        call.run()
        answers += sum(isinstance(JOINING.decode(each.body), Answer) for each in call.letters)
        assert call.keys_agreed() == 0

    assert answers == CODE_TRIES


def test_aborted_calls_cost_the_guesser_as_much_as_finished_ones() -> None:
    """It takes what would tell it whether it was right, then drops the call."""

    def drop_after_the_first(letter: Letter) -> Delivery:
        return honest(letter) if letter.place == 0 else []

    typed, waiting = Tries(), Tries()
    for _ in range(CODE_TRIES + 2):
        Liar(customer(tries=typed), counselor("00000"), drop_after_the_first).run()
        Liar(customer("00000"), counselor(tries=waiting), drop_after_the_first).run()

    assert (typed.left, waiting.left) == (0, 0)


def test_right_guess_is_all_it_takes_and_that_is_what_the_limit_is_for() -> None:
    """One in 100,000 a try: the impostor then is the other end, as a thief of the code would be."""
    call = Liar(customer(), counselor(SECRETS.code))
    call.run()

    assert call.keys_agreed() == 2


def test_counselor_says_nothing_about_its_secret_before_the_caller_has_proved_it() -> None:
    call = Liar(customer("00000"), counselor())
    call.run()

    said = [JOINING.decode(each.body) for each in call.letters if each.sender is Role.COUNSELOR]
    assert [type(message) for message in said] == [Answer]
