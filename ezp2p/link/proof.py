"""The counselor's proof that it holds the session's key, before and after the handshake.

    knock  first connection id:  salt (8) | HMAC-SHA256(proof key, "knock" | salt | session id)[:12]
    proof  first frame of stream 0:
           HMAC-SHA256(proof key, "counselor" | SHA-256 of the certificate | nonce | session id)

The knock stands in the first packet of the handshake, so that a stranger's costs us one HMAC and
no state; it can be copied by whoever sees it, so it is not what lets anybody in.

aioquic has no client certificates and no exporter; the nonce is the customer's and fresh, the
certificate is the one this very connection was pinned to, so the proof fits nowhere else.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from ezp2p.link.certificate import fingerprint
from ezp2p.wire.keys import Role

SALT_BYTES = 8  # RFC 9000, 7.2: a first connection id has at least 8 unpredictable bytes
KNOCK_BYTES = 20  # and at most so many


@dataclass(frozen=True, slots=True, repr=False)
class ProofTerms:
    """What both ends know and the proof is about."""

    key: bytes
    nonce: bytes
    session_id: bytes

    def knock(self, salt: bytes) -> bytes:
        """Return the connection id of a first packet, from SALT_BYTES fresh random bytes."""
        said = b"knock" + salt + self.session_id
        return salt + hmac.digest(self.key, said, "sha256")[: KNOCK_BYTES - SALT_BYTES]

    def knocked(self, connection_id: bytes) -> bool:
        """Whether the first packet with this connection id is the counselor's, or a copy."""
        return hmac.compare_digest(connection_id, self.knock(connection_id[:SALT_BYTES]))

    def mac(self, certificate_der: bytes) -> bytes:
        """Return the proof for a connection with this certificate, 32 bytes."""
        said = Role.COUNSELOR.encode() + fingerprint(certificate_der) + self.nonce + self.session_id
        return hmac.digest(self.key, said, "sha256")

    def fits(self, mac: bytes, certificate_der: bytes) -> bool:
        """Whether `mac` is the proof; takes equally long for every wrong one."""
        return hmac.compare_digest(mac, self.mac(certificate_der))
