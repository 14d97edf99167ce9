"""The keys of one session: one HKDF label per use, from what SPAKE2 gave both ends."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SessionKeys:
    """32 bytes each; the same on both ends. Never shown, logged or sent."""

    confirm_customer: bytes
    confirm_counselor: bytes
    seal_customer: bytes
    seal_counselor: bytes
    ping: bytes
    proof: bytes
    resume: bytes


def derive_keys(shared: bytes, transcript: bytes) -> SessionKeys:
    """Return the session's keys from SPAKE2's output, bound to the SHA-256 of the transcript."""
    return SessionKeys(
        **{
            name: HKDF(SHA256(), KEY_BYTES, transcript, b"ezp2p/1 " + name.encode()).derive(shared)
            for name in SessionKeys.__slots__
        }
    )
