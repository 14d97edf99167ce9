"""Two honest ends and an honest rendezvous: right codes, wrong codes, burnt codes, time-outs."""

from __future__ import annotations

import os

import pytest

from ezp2p.base.errors import EzError
from ezp2p.session.joining import (
    STEP_S,
    CounselorJoining,
    CustomerJoining,
    Failed,
    SlotSecrets,
)
from ezp2p.session.tries import Tries, TriesBook
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.joining import CODE_TRIES, CandidateOffer, SecretKind
from ezp2p.wire.keys import ErrorKey, Role
from ezp2p.wire.signalling import CallEnd
from tests.support.rendezvous_liar import Liar, honest

SECRETS = SlotSecrets(code="90538", link="Zm9vYmFyYmF6cXV4MTIzNA")
CERTIFICATE = b"the customer's certificate"
NONCE = bytes(range(32))


def customer(
    secret: str = SECRETS.code,
    *,
    kind: SecretKind = SecretKind.CODE,
    tries: Tries | None = None,
    slot: str = "417",
) -> CustomerJoining:
    end = CustomerJoining(
        secret=secret,
        kind=kind,
        site="main",
        slot=slot,
        certificate=CERTIFICATE,
        nonce=NONCE,
        tries=tries or Tries(),
        random=os.urandom,
    )
    end.start(0.0)
    return end


def counselor(tries: Tries | None = None, *, slot: str = "417") -> CounselorJoining:
    return CounselorJoining(
        secrets=SECRETS,
        site="main",
        slot=slot,
        tries=tries or Tries(),
        random=os.urandom,
        now=0.0,
    )


def offers(count: int) -> list[CandidateOffer]:
    return [CandidateOffer("192.0.2.7", 40000 + n, "direct-lan") for n in range(count)]


@pytest.mark.parametrize("kind", list(SecretKind))
def test_right_secret_gives_both_the_same_keys_certificate_and_session(kind: SecretKind) -> None:
    call = Liar(customer(SECRETS.of(kind), kind=kind), counselor())
    call.run()

    (theirs,) = call.told[Role.CUSTOMER].agreed
    (ours,) = call.told[Role.COUNSELOR].agreed
    assert ours == theirs
    assert (ours.certificate, ours.nonce) == (CERTIFICATE, NONCE)
    assert len(ours.session) == 16


def test_agreed_ends_wait_for_nothing() -> None:
    ends = customer(), counselor()
    Liar(*ends).run()

    assert [end.wake_at for end in ends] == [None, None]


def test_candidates_reach_the_other_end_sealed_also_those_known_early() -> None:
    ends = customer(), counselor()
    ends[0].offer_candidates(offers(1))
    call = Liar(*ends)
    call.run()
    ends[1].offer_candidates(offers(40))
    call.run()

    got = call.told[Role.COUNSELOR].candidates
    assert [came.offers for came in got] == [tuple(offers(1))]
    assert [len(came.offers) for came in call.told[Role.CUSTOMER].candidates] == [16, 16, 8]
    assert all(b"192.0.2.7" not in letter.body for letter in call.letters)


def test_secrets_and_certificate_never_travel_in_plain_sight() -> None:
    call = Liar(customer(), counselor())
    call.run()

    everything = b"".join(letter.body for letter in call.letters)
    for hidden in (SECRETS.code.encode(), SECRETS.link.encode(), CERTIFICATE, NONCE):
        assert hidden not in everything


def test_wrong_code_is_told_to_both_with_the_tries_left() -> None:
    call = Liar(customer("90539"), counselor())
    call.run()

    assert call.told[Role.COUNSELOR].failed == [
        Failed(ErrorKey.CODE_WRONG, CODE_TRIES - 1, CallEnd.CODE_WRONG)
    ]
    assert call.told[Role.CUSTOMER].failed == [Failed(ErrorKey.CODE_WRONG, CODE_TRIES - 1, None)]
    assert call.keys_agreed() == 0


def test_digits_of_the_code_are_no_link_secret() -> None:
    call = Liar(customer(SECRETS.code, kind=SecretKind.LINK), counselor())
    call.run()

    assert call.keys_agreed() == 0


def test_right_code_after_two_wrong_ones_is_welcome() -> None:
    typed, waiting = Tries(), Tries()
    for secret in ("90539", "90530"):
        Liar(customer(secret, tries=typed), counselor(waiting)).run()
    call = Liar(customer(tries=typed), counselor(waiting))
    call.run()

    assert call.keys_agreed() == 2


def test_code_is_burnt_after_three_wrong_tries_and_both_are_told() -> None:
    typed, waiting = Tries(), Tries()
    for _ in range(CODE_TRIES):
        call = Liar(customer("90539", tries=typed), counselor(waiting))
        call.run()

    assert call.told[Role.COUNSELOR].failed == [Failed(ErrorKey.CODE_BURNT, 0, CallEnd.CODE_BURNT)]
    assert call.told[Role.CUSTOMER].failed == [Failed(ErrorKey.CODE_BURNT, 0, None)]


def test_burnt_slot_answers_nobody_not_even_the_right_code() -> None:
    waiting = Tries()
    for _ in range(CODE_TRIES):
        Liar(customer("90539"), counselor(waiting)).run()
    call = Liar(customer(), counselor(waiting))
    call.run()

    assert [letter.sender for letter in call.letters] == [Role.CUSTOMER]
    assert call.told[Role.CUSTOMER].failed == [Failed(ErrorKey.CODE_BURNT, CODE_TRIES, None)]


def test_burnt_code_is_not_even_offered_again() -> None:
    typed = Tries()
    for _ in range(CODE_TRIES):
        Liar(customer("90539", tries=typed), counselor()).run()
    fourth = customer(tries=typed)

    assert list(fourth.bodies_to_pass()) == []
    (failed,) = fourth.next_events()
    assert isinstance(failed, Failed)
    assert failed.key == ErrorKey.CODE_BURNT


@pytest.mark.parametrize("end", [customer, counselor])
def test_step_that_takes_too_long_fails(end: type) -> None:
    waiting = end()
    list(waiting.bodies_to_pass())
    assert waiting.wake_at == STEP_S

    waiting.wake(STEP_S - 1)
    assert list(waiting.next_events()) == []
    waiting.wake(STEP_S)

    (failed,) = waiting.next_events()
    assert (failed.key, failed.hang_up) == (ErrorKey.PEER_GONE, CallEnd.TIMEOUT)
    assert waiting.wake_at is None


@pytest.mark.parametrize(
    ("why", "key"),
    [
        (CallEnd.GONE, ErrorKey.PEER_GONE),
        (CallEnd.TIMEOUT, ErrorKey.PEER_GONE),
        (CallEnd.DONE, ErrorKey.PEER_GONE),
        (CallEnd.CODE_WRONG, ErrorKey.CODE_WRONG),
        (CallEnd.CODE_BURNT, ErrorKey.CODE_BURNT),
        (CallEnd.PROTOCOL, ErrorKey.PEER_PROTOCOL),
        (CallEnd.VERSION, ErrorKey.PEER_VERSION),
        (CallEnd.REFUSED, ErrorKey.CONSENT_REFUSED),
    ],
)
def test_hang_up_of_the_other_end_says_why(why: CallEnd, key: ErrorKey) -> None:
    end = customer()
    end.hung_up(why)
    end.hung_up(why)

    assert list(end.next_events()) == [Failed(key, CODE_TRIES, None)]


def test_call_that_is_done_stays_agreed() -> None:
    ends = customer(), counselor()
    call = Liar(*ends)
    call.run()
    for end in ends:
        end.hung_up(CallEnd.DONE)
    call.run()

    assert [told.failed for told in call.told.values()] == [[], []]


def test_failed_end_says_and_hears_nothing_more() -> None:
    ends = customer("90539"), counselor()
    call = Liar(*ends, honest)
    call.run()
    for end in ends:
        end.offer_candidates(offers(1))
        for letter in call.letters:
            end.receive(letter.body, 1.0)

        assert list(end.bodies_to_pass()) == []
        assert list(end.next_events()) == []


def test_tries_run_out() -> None:
    tries = Tries()
    for _ in range(CODE_TRIES):
        tries.spend()

    with pytest.raises(EzError, match=r"code\.burnt"):
        tries.spend()


def test_tries_are_remembered_for_a_slot_until_its_number_is_somebody_elses() -> None:
    book, server = TriesBook(), ServerAddress("https://help.company.kr")
    book.at(server, "417", 0.0).spend()

    assert book.at(server, "417", 600.0).left == CODE_TRIES - 1
    assert book.at(server, "418", 600.0).left == CODE_TRIES
    assert book.at(ServerAddress(server.url, "other"), "417", 600.0).left == CODE_TRIES
    assert book.at(server, "417", 600.0 + 1200.0).left == CODE_TRIES
