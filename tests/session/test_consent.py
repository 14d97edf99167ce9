"""The customer's permission: asked, answered, expired, taken back."""

from __future__ import annotations

from ezp2p.session.consent import CONSENT_LIFE_S, DEAF_S, AnswerKind, Consent
from ezp2p.wire.keys import Grant

BOTH = (Grant.VIEW, Grant.CONTROL)


def asked(now: float = 0.0) -> Consent:
    consent = Consent()
    assert consent.ask(BOTH, now)
    return consent


def test_nothing_is_allowed_before_anybody_answers() -> None:
    consent = asked()
    assert consent.granted == frozenset()
    assert consent.is_open


def test_yes_is_not_heard_in_the_first_half_second() -> None:
    consent = asked(10.0)
    assert consent.answer(frozenset(BOTH), 10.0 + DEAF_S - 0.01) is None
    assert consent.granted == frozenset()
    decision = consent.answer(frozenset(BOTH), 10.0 + DEAF_S)
    assert decision is not None and decision.granted == frozenset(BOTH)


def test_what_was_agreed_beforehand_is_heard_at_once_and_only_what_is_asked() -> None:
    consent = Consent()
    assert consent.answer_beforehand(frozenset(BOTH)) is None
    assert consent.granted == frozenset()
    consent.ask((Grant.VIEW,), 0.0)
    decision = consent.answer_beforehand(frozenset(BOTH))
    assert decision is not None
    assert (decision.granted, decision.kind) == (frozenset({Grant.VIEW}), AnswerKind.YES)


def test_no_is_heard_at_once() -> None:
    decision = asked().answer(frozenset(), 0.0)
    assert decision is not None
    assert (decision.granted, decision.kind) == (frozenset(), AnswerKind.NO)


def test_only_what_was_asked_can_be_allowed() -> None:
    consent = Consent()
    consent.ask((Grant.VIEW,), 0.0)
    decision = consent.answer(frozenset(BOTH), 1.0)
    assert decision is not None and decision.granted == {Grant.VIEW}


def test_silence_is_a_no_after_a_minute() -> None:
    consent = asked()
    assert consent.expire(CONSENT_LIFE_S - 0.1) is None
    decision = consent.expire(CONSENT_LIFE_S)
    assert decision is not None
    assert (decision.granted, decision.kind) == (frozenset(), AnswerKind.TIMEOUT)
    assert not consent.is_open


def test_answer_without_a_question_is_nothing() -> None:
    assert Consent().answer(frozenset(BOTH), 5.0) is None


def test_what_is_allowed_is_not_asked_again() -> None:
    consent = asked()
    consent.answer(frozenset(BOTH), 1.0)
    assert not consent.ask(BOTH, 2.0)
    assert not consent.is_open


def test_a_growing_question_is_deaf_again() -> None:
    consent = Consent()
    consent.ask((Grant.VIEW,), 0.0)
    assert consent.ask((Grant.CONTROL,), 2.0)
    assert consent.asks == BOTH
    assert consent.answer(frozenset(BOTH), 2.1) is None


def test_refusing_more_keeps_what_was_allowed() -> None:
    consent = Consent()
    consent.ask((Grant.VIEW,), 0.0)
    consent.answer(frozenset({Grant.VIEW}), 1.0)
    consent.ask((Grant.CONTROL,), 2.0)
    decision = consent.answer(frozenset(), 3.0)
    assert decision is not None and decision.granted == {Grant.VIEW}


def test_switches_take_back_at_once_and_give_again() -> None:
    consent = asked()
    consent.answer(frozenset(BOTH), 1.0)
    taken = consent.change(frozenset({Grant.VIEW}))
    assert taken is not None and taken.granted == {Grant.VIEW}
    assert consent.change(frozenset({Grant.VIEW})) is None
    given = consent.change(frozenset(BOTH))
    assert given is not None and given.granted == frozenset(BOTH)


def test_switches_cannot_allow_what_was_never_asked() -> None:
    consent = Consent()
    consent.ask((Grant.VIEW,), 0.0)
    consent.answer(frozenset({Grant.VIEW}), 1.0)
    assert consent.change(frozenset(BOTH)) is None
