"""How the two programs of a broken session tell each other where they are now (bodies of Pass).

    customer                        counselor
    Hail(nonce)              <->    Hail(nonce)              at once, from both
    Letter(Candidates)       <->    Letter(Candidates)       any number

Both hold the session's resume key; with both nonces it gives each direction a sealing key of its
own for this meeting. What does not open was written by somebody else, and is dropped.
"""

from __future__ import annotations

from ezp2p.wire.codec import Codec
from ezp2p.wire.joining import Box
from ezp2p.wire.messages.fields import U53, Hash, Message


class Hail(Message, frozen=True, tag=1):
    """32 random bytes, new for each meeting, so that no letter of an earlier one opens."""

    nonce: Hash


class Letter(Message, frozen=True, tag=2):
    """AES-256-GCM under this direction's key; holds a message as in joining (Candidates)."""

    number: U53
    box: Box


ReunionMessage = Hail | Letter

REUNION = Codec(ReunionMessage, limit_bytes=10 * 1024)
