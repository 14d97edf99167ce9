"""The counselor's proof that it holds the session's key: the first frame on stream 0.

    HMAC-SHA256(proof key, "counselor" | SHA-256 of the certificate | nonce | session id)

aioquic has no client certificates and no exporter; the nonce is the customer's and fresh, the
certificate is the one this very connection was pinned to, so the proof fits nowhere else.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from ezp2p.link.certificate import fingerprint
from ezp2p.wire.keys import Role


@dataclass(frozen=True, slots=True, repr=False)
class ProofTerms:
    """What both ends know and the proof is about."""

    key: bytes
    nonce: bytes
    session_id: bytes

    def mac(self, certificate_der: bytes) -> bytes:
        """Return the proof for a connection with this certificate, 32 bytes."""
        said = Role.COUNSELOR.encode() + fingerprint(certificate_der) + self.nonce + self.session_id
        return hmac.digest(self.key, said, "sha256")

    def fits(self, mac: bytes, certificate_der: bytes) -> bool:
        """Whether `mac` is the proof; takes equally long for every wrong one."""
        return hmac.compare_digest(mac, self.mac(certificate_der))
