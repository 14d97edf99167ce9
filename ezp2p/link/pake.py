"""How two people who share five digits come to share a key that nobody else has.

SPAKE2 (RFC 9382's construction) in the group of magic-wormhole, so that a page can do it too.
The customer is side A, the counselor side B. Whoever passes the messages on may play one side
and gets one guess at the digits; it learns nothing else, and never the key.

    customer   X  ->             X = x G + w M         w: the secret and its kind, hashed
               <-  Y  counselor  Y = y G + w N
    both       K = x y G         SHA-256 over w, the two identities, X, Y and K

From K come the session's keys (link/keys.py), bound to everything both ends must mean the same
by: site, slot, kind, both versions, X and Y. A tag proves the key and the certificate.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from ezp2p.base.errors import PeerError
from ezp2p.link.certificate import fingerprint
from ezp2p.link.keys import SessionKeys, derive_keys
from ezp2p.wire.joining import JOINING_VERSION, SecretKind
from ezp2p.wire.keys import ErrorKey, Role

LABEL = b"ezp2p/1"
SHARE_BYTES = 33  # the side, "A" or "B", and a point

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What the two people meet over; an end that means another one gets another key."""

    site: str
    slot: str
    kind: SecretKind
    secret: str

    def __repr__(self) -> str:
        return f"Meeting({self.site}/{self.slot}, {self.kind})"

    @property
    def password(self) -> bytes:
        """The secret with its kind: digits never equal a link's secret."""
        return lengthened(self.kind.encode(), self.secret.encode())

    def identity(self, role: Role) -> bytes:
        """Who `role` claims to be, as SPAKE2 binds it."""
        return lengthened(LABEL, role.encode(), self.site.encode(), self.slot.encode())


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Agreement:
    """The keys, and everything they are bound to. Only a right tag shows that both ends agree."""

    keys: SessionKeys
    transcript: bytes

    def tag(self, role: Role, certificate: bytes) -> bytes:
        """Return what `role` proves its key by, 32 bytes, over the customer's certificate (DER)."""
        key = self.keys.confirm_customer
        if role is Role.COUNSELOR:
            key = self.keys.confirm_counselor
        said = lengthened(LABEL, role.encode(), self.transcript, fingerprint(certificate))
        return hmac.digest(key, said, "sha256")

    def check(self, tag: bytes, role: Role, certificate: bytes) -> None:
        """Raise PeerError(peer.untrusted) unless `tag` is the one `role` would have made."""
        if not hmac.compare_digest(tag, self.tag(role, certificate)):
            raise PeerError(ErrorKey.PEER_UNTRUSTED, why="confirmation")


class Pake:
    """One end of one exchange. `share` is what the other end needs, 33 bytes; used once."""

    def __init__(self, role: Role, meeting: Meeting, random: RandomBytes) -> None:
        spake2 = _spake2()
        side = spake2.SPAKE2_A if role is Role.CUSTOMER else spake2.SPAKE2_B
        self._role = role
        self._meeting = meeting
        self._side = side(
            meeting.password,
            idA=meeting.identity(Role.CUSTOMER),
            idB=meeting.identity(Role.COUNSELOR),
            params=spake2.parameters.ed25519.ParamsEd25519,
            entropy_f=random,
        )
        self.share: bytes = self._side.start()

    def agree(self, their_share: bytes, *, their_version: int) -> Agreement:
        """Return the keys; the same as theirs if they hold the same secret and mean the same.

        Raises PeerError(peer.protocol) for a share that is no point of the group, of the wrong
        side, or our own sent back.
        """
        shared = self._finish(their_share)
        ours, theirs = (JOINING_VERSION, self.share), (their_version, their_share)
        customer, counselor = (ours, theirs) if self._role is Role.CUSTOMER else (theirs, ours)
        transcript = lengthened(
            LABEL,
            self._meeting.site.encode(),
            self._meeting.slot.encode(),
            self._meeting.kind.encode(),
            str(customer[0]).encode(),
            str(counselor[0]).encode(),
            customer[1],
            counselor[1],
        )
        keys = derive_keys(shared, hashlib.sha256(transcript).digest())
        return Agreement(keys=keys, transcript=transcript)

    def _finish(self, their_share: bytes) -> bytes:
        if len(their_share) != SHARE_BYTES:
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="share length")
        spake2 = _spake2()
        point = their_share[1:]
        try:
            # The group accepts other spellings of a point, among them of the neutral element,
            # which it refuses in its proper one.
            if spake2.ed25519_basic.bytes_to_element(point).to_bytes() != point:
                raise ValueError("not canonical")
            shared: bytes = self._side.finish(their_share)
        except (ValueError, spake2.SPAKEError, spake2.ed25519_basic.NotOnCurve) as error:
            raise PeerError(ErrorKey.PEER_PROTOCOL, why=f"share: {error!r}") from None
        return shared


def warm_up() -> threading.Thread:
    """Load the group in a thread of its own, so that it is there when a code has been typed."""
    thread = threading.Thread(target=_spake2, name="warm-up of spake2", daemon=True)
    thread.start()
    return thread


def lengthened(*parts: bytes) -> bytes:
    """Return the parts joined, each after its length in 4 bytes: no two lists look the same."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@cache
def _spake2() -> ModuleType:
    # Imported here, not above: it computes its group's constants, up to 2.8 s on a cold start,
    # which must not delay the window. See warm_up().
    import spake2
    import spake2.ed25519_basic
    import spake2.parameters.ed25519

    loaded: ModuleType = spake2
    return loaded
