"""How often one end lets its secret be guessed at: three times, whatever the other end claims.

Each end counts for itself, because a rendezvous that lies would not. A try is spent when the
message leaves that tells a guesser whether it was right, not when an answer comes back.
"""

from __future__ import annotations

from ezp2p.base.errors import EzError
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.joining import CODE_TRIES
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import SLOT_LIFE_S, SLOT_REST_S

# After this long a slot's number belongs to somebody else, with another secret.
_FORGET_S = SLOT_LIFE_S + SLOT_REST_S


class Tries:
    """What is left for one slot; outlives the calls at it."""

    def __init__(self) -> None:
        self.left = CODE_TRIES

    def spend(self) -> None:
        """Count one; raises EzError(code.burnt) if none is left, and then nothing may be sent."""
        if self.left <= 0:
            raise EzError(ErrorKey.CODE_BURNT)
        self.left -= 1


class TriesBook:
    """The customer's memory of the slots it has called, so that a new call is no new chance."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, str, str], tuple[float, Tries]] = {}

    def at(self, server: ServerAddress, slot: str, now: float) -> Tries:
        """Return the tries at this slot; slots not called for 20 minutes are forgotten."""
        self._pages = {key: page for key, page in self._pages.items() if now - page[0] < _FORGET_S}
        key = (server.url, server.site, slot)
        _, tries = self._pages.get(key, (now, Tries()))
        self._pages[key] = (now, tries)
        return tries
