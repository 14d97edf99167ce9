"""The customer's certificate: made for one session, pinned by the counselor, then forgotten.

Its dates reach from 2000 to 2099 because people's clocks are wrong, and its name is always the
same, because what is trusted is the certificate itself, which came sealed by the session's key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ezp2p.base.errors import PeerError
from ezp2p.wire.keys import ErrorKey

CERTIFICATE_NAME = "customer.ezp2p.invalid"
_NOT_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_AFTER = datetime(2099, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """A certificate and its private key (P-256)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    der: bytes

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate, 32 bytes."""
        return fingerprint(self.der)


def make_identity() -> Identity:
    """Return a fresh self-signed identity."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CERTIFICATE_NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(CERTIFICATE_NAME)]), False)
        .sign(key, SHA256())
    )
    return Identity(certificate, key, certificate.public_bytes(Encoding.DER))


def fingerprint(der: bytes) -> bytes:
    """Return the SHA-256 of a DER certificate, 32 bytes."""
    return hashlib.sha256(der).digest()


def pem_of(der: bytes) -> bytes:
    """Return a peer's certificate as PEM; raises PeerError(peer.untrusted) if it is none."""
    try:
        return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    except ValueError as error:
        raise PeerError(ErrorKey.PEER_UNTRUSTED, why=str(error)) from None
