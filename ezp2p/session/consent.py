"""The customer's permission, and who may take it back.

    QUIET --asked--> ASKING --answered | expired--> QUIET

Only the customer grants. A dialog is deaf for its first half second, so that a click or a key
already on its way cannot answer it; no answer within a minute is a no. Taking back needs no
dialog and no delay.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ezp2p.wire.keys import Grant

CONSENT_LIFE_S = 60.0
DEAF_S = 0.5


class AnswerKind(IntEnum):
    """How a change came about; the number travels in GrantsChanged."""

    CHANGED = 0
    YES = 1
    NO = 2
    TIMEOUT = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """What is allowed from now on, and why it changed."""

    granted: frozenset[Grant]
    kind: AnswerKind


class Consent:
    """What was asked, what is allowed."""

    def __init__(self) -> None:
        self.granted: frozenset[Grant] = frozenset()
        self.asks: tuple[Grant, ...] = ()
        self.open_since: float | None = None
        self.ever_asked: frozenset[Grant] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether a dialog waits for the customer."""
        return self.open_since is not None

    @property
    def expires_at(self) -> float | None:
        """When silence becomes a no, or None while nothing is asked."""
        return None if self.open_since is None else self.open_since + CONSENT_LIFE_S

    def ask(self, grants: tuple[Grant, ...], now: float) -> bool:
        """Note that the counselor asks; return whether a dialog must open (or grow).

        What is allowed already is not asked again. A request that comes while the dialog is
        open joins it, and the dialog is deaf again: what it says has changed.
        """
        wanted = tuple(g for g in grants if g not in self.granted and g not in self.asks)
        if not wanted:
            return False
        self.asks += wanted
        self.ever_asked |= set(wanted)
        self.open_since = now
        return True

    def answer(self, granted: frozenset[Grant], now: float) -> Decision | None:
        """Take the customer's answer; None if nothing is asked or the dialog is still deaf.

        Only what was asked counts. Refusing is never deaf.
        """
        if self.open_since is None:
            return None
        if granted & set(self.asks) and now - self.open_since < DEAF_S:
            return None
        return self.answer_beforehand(granted)

    def answer_beforehand(self, granted: frozenset[Grant]) -> Decision | None:
        """Take what this machine's owner had agreed to before anybody asked; as `answer`.

        No dialog is shown, so that none needs to be deaf.
        """
        if self.open_since is None:
            return None
        allowed = granted & set(self.asks)
        return self._close(allowed, AnswerKind.YES if allowed else AnswerKind.NO)

    def expire(self, now: float) -> Decision | None:
        """Turn silence into a no once the time is over."""
        if self.expires_at is None or now < self.expires_at:
            return None
        return self._close(frozenset(), AnswerKind.TIMEOUT)

    def change(self, granted: frozenset[Grant]) -> Decision | None:
        """Set the switches; what the counselor never asked for cannot be switched on.

        None if nothing changes.
        """
        allowed = granted & self.ever_asked
        if allowed == self.granted:
            return None
        self.granted = allowed
        return Decision(allowed, AnswerKind.CHANGED)

    def revoke_all(self) -> None:
        """Nothing is allowed, nothing is asked."""
        self.granted = frozenset()
        self.asks = ()
        self.open_since = None

    def _close(self, allowed: frozenset[Grant], kind: AnswerKind) -> Decision:
        self.asks = ()
        self.open_since = None
        self.granted |= allowed
        return Decision(self.granted, kind)
