"""Either end of the chat: lines in order, counted, none lost, none before anything is allowed.

    say() --> paced --> ChatLine --> checked --> ChatSaid, once chat is open here

The grant travels on another stream than the first line and may be overtaken by it, so a line
that comes before chat is open is kept, not shown, until it is. We write slower than we accept,
and nothing at all while the link is broken, so that what has gathered is no flood when it arrives.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.channels.chat.pace import Pace
from ezp2p.channels.chat.text import pieces, showable
from ezp2p.channels.end import End
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.chat import ChatLine

LINE_LENGTH = 4000  # characters of a ChatLine

WRITTEN_AT_ONCE, WRITTEN_PER_S = 20, 1.0
ACCEPTED_AT_ONCE, ACCEPTED_PER_S = 100, 5.0
HELD_LINES = 20  # before chat is open here


@dataclass(frozen=True, slots=True)
class ChatSaid:
    """A line to show: ours or theirs, the number among its writer's lines, the text."""

    mine: bool
    number: int
    text: str


class ChatEnd(End[ChatSaid]):
    """One person's end; the session calls `allow` when the customer has granted something."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed = False
        self._held_back = False
        self._said = 0
        self._heard = 0
        self._unsent: deque[ChatLine] = deque()
        self._held: deque[ChatSaid] = deque()
        self._writing = Pace(at_once=WRITTEN_AT_ONCE, per_s=WRITTEN_PER_S)
        self._accepting = Pace(at_once=ACCEPTED_AT_ONCE, per_s=ACCEPTED_PER_S)

    def allow(self, allowed: bool) -> None:
        """Open or close the chat; what was held is shown, what waited to be sent is."""
        self._allowed = allowed
        while allowed and self._held:
            self._tell(self._held.popleft())

    def hold_back(self, held_back: bool, now: float) -> None:
        """Keep what is written from now on, or send what was kept."""
        self._held_back = held_back
        self.wake(now)

    def say(self, text: str, now: float) -> None:
        """Write `text`, in several lines if it is too long for one.

        Nothing is written before chat is open, nor if there is nothing but white space.
        """
        if not self._allowed:
            return
        for piece in pieces(showable(text).rstrip(), LINE_LENGTH):
            self._said += 1
            self._unsent.append(ChatLine(self._said, piece))
            self._tell(ChatSaid(mine=True, number=self._said, text=piece))
        self.wake(now)

    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Take a line; raises PeerError for a wrong number and for a flood."""
        if not isinstance(message, ChatLine):
            raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(message).__name__)
        if message.number != self._heard + 1:
            why = f"chat line {message.number} after {self._heard}"
            raise PeerError(ErrorKey.PEER_PROTOCOL, why=why)
        if not self._accepting.take(now):
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="too many chat lines")
        self._heard = message.number
        self._show(ChatSaid(mine=False, number=message.number, text=showable(message.text)))

    def wake(self, now: float) -> None:
        """Send as many of the waiting lines as the pace allows."""
        if self._held_back:
            self.wake_at = None
            return
        while self._unsent and self._writing.take(now):
            self._send(self._unsent.popleft())
        self.wake_at = now + self._writing.wait_s(now) if self._unsent else None

    def _show(self, said: ChatSaid) -> None:
        if self._allowed:
            self._tell(said)
        elif len(self._held) < HELD_LINES:
            self._held.append(said)
        else:
            raise PeerError(ErrorKey.PEER_PROTOCOL, why="chat before it was allowed")
