"""The words people compare."""

from __future__ import annotations

from ezp2p.session.words import WORDS, fingerprint_words


def test_both_ends_read_the_same_words() -> None:
    assert fingerprint_words(b"a" * 32, b"s" * 16, "en") == fingerprint_words(
        b"a" * 32, b"s" * 16, "en"
    )


def test_another_certificate_or_session_has_other_words() -> None:
    ours = fingerprint_words(b"a" * 32, b"s" * 16, "en")
    assert len(ours) == WORDS
    assert fingerprint_words(b"b" * 32, b"s" * 16, "en") != ours
    assert fingerprint_words(b"a" * 32, b"t" * 16, "en") != ours


def test_korean_words_are_whole_syllables() -> None:
    words = fingerprint_words(b"a" * 32, b"s" * 16, "ko")
    assert all("가" <= letter <= "힣" for word in words for letter in word)
