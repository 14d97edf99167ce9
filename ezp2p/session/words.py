"""Four words that two people can compare on the phone: they stand for this session's certificate.

Each word is 11 bits (BIP-39's lists of 2048 words), so four words are 44 bits of
SHA-256(certificate fingerprint | session id). Whoever would sit in the middle has another
certificate, and so other words.
"""

from __future__ import annotations

import hashlib
import unicodedata

from mnemonic import Mnemonic

WORDS = 4
BITS = 11
_LISTS = {"ko": "korean", "en": "english"}


def fingerprint_words(fingerprint: bytes, session_id: bytes, language: str) -> list[str]:
    """Return the four words in `language` ("ko"; English for any other)."""
    number = int.from_bytes(hashlib.sha256(fingerprint + session_id).digest()[:8], "big")
    words = Mnemonic(_LISTS.get(language, "english")).wordlist
    picks = [number >> (64 - BITS * (i + 1)) & (2**BITS - 1) for i in range(WORDS)]
    return [unicodedata.normalize("NFC", words[pick]) for pick in picks]
