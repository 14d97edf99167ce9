"""One side of a session, as both people's programs live it: link, greeting, chat, end.

    run     carry messages until the link is closed, then give everything back
    _apply  what phase and grants allow now, decided by each side for itself
    _over   once, whoever said so; nothing is told to the watcher after it

Only what the two sides do differently is in customer.py and counselor.py.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from ezp2p.base.clock import Clock
from ezp2p.base.errors import PeerError
from ezp2p.channels.chat.end import ChatEnd, ChatSaid
from ezp2p.channels.end import End
from ezp2p.link import events as link_events
from ezp2p.link.link import SILENT_S, Link
from ezp2p.session import control, events
from ezp2p.session.conversation import Conversation
from ezp2p.session.ending import reason_of
from ezp2p.session.lanes import LaneMessage, Lanes
from ezp2p.session.phase import Phase, Turn, turn
from ezp2p.session.tools import Diary
from ezp2p.wire.channel import Channel
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import EndReason, Grant, PathWhy, PortMapping
from ezp2p.wire.messages.session import Hello

CHAT_LINES_KEPT = 1000  # for a page that is reloaded; the diary has them all


class Side(ABC):
    """What both sides know and do; facts for whoever shows it are its public attributes."""

    def __init__(
        self,
        *,
        link: Link,
        session_end: control.ControlEnd,
        ends: Mapping[Channel, End[Any]],
        words: list[str],
        diary: Diary,
        clock: Clock,
        watcher: events.Watcher,
    ) -> None:
        """`session_end` and `ends` are the side's own ends of the channels; chat is here."""
        self.words = words
        self.phase = Phase.CONNECTING
        self.path: events.PathTaken | None = None
        self.path_why: PathWhy | None = None
        self.since = clock.wall()
        self.broken_since: float | None = None
        self.gives_up_at: float | None = None  # if it stays broken; seconds since 1970
        self.broken = asyncio.Event()
        self.mended = asyncio.Event()
        self.chat_lines: deque[events.Said] = deque(maxlen=CHAT_LINES_KEPT)
        self.reason: EndReason | None = None
        self._link = link
        self._diary = diary
        self._clock = clock
        self._watcher = watcher
        self._end_wanted = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._session_end = session_end
        self.lanes = Lanes(link, self._say_lane, self._group.create_task)
        self._chat = ChatEnd()
        every = {Channel.SESSION: session_end, **ends, Channel.CHAT: self._chat}
        self._conversation = Conversation(link, every, self, clock)

    @property
    @abstractmethod
    def granted(self) -> frozenset[Grant]:
        """What is allowed right now."""

    async def run(self) -> EndReason:
        """Live the session to its end; everything is given back when this returns."""
        try:
            async with self._group:
                self._group.create_task(self._close_when_wanted())
                beside = self._group.create_task(self._beside())
                closed = await self._conversation.run()
                self._over(reason_of(closed))
                self._end_wanted.set()
                beside.cancel()
        finally:
            try:
                self._over(EndReason.PROGRAM_CLOSED)
            finally:
                await surely(self._link.close(self.reason or EndReason.PROGRAM_CLOSED))
        assert self.reason is not None
        return self.reason

    # --- what the person on this side does

    def say(self, text: str) -> None:
        """Write a chat line."""
        self._chat.say(text, self._clock.now())
        self._conversation.flush()

    def tell_addresses(self, offers: Sequence[CandidateOffer], mapping: PortMapping) -> None:
        """Tell the other program where it may reach ours as well; before hello it is told all."""
        if self.phase is not Phase.CONNECTING and self.reason is None:
            self._session_end.tell_addresses(offers, mapping)
            self._conversation.flush()

    def end(self, reason: EndReason) -> None:
        """End it: nothing is seen or injected from here on, then the other side is told."""
        if self.reason is not None:
            return
        self._over(reason)
        self._session_end.say_end(reason)
        self._conversation.flush()
        self._end_wanted.set()

    # --- what the link and the channels tell

    def link_happened(self, event: link_events.LinkEvent) -> None:
        """Follow the link; once the session is over, it may do what it likes."""
        if self.reason is not None:
            return
        match event:
            case link_events.LinkReady():
                self._session_end.expect_hello(self._clock.now())
                # Again, since a rendezvous may have kept back what was said through it.
                reach = self._link.reach
                self._session_end.tell_addresses(reach.everything(), reach.mapping)
                self._turn(Turn.READY)
            case link_events.PathChanged(kind=kind, address=address, rtt_s=rtt_s):
                self.path = events.PathTaken(kind, str(address), rtt_s)
                self._diary.write("path", kind=kind)
                self._watcher.happened(self.path)
            case link_events.PathExplained(why=why):
                self.path_why = why
                self._watcher.happened(events.PathExplained(why))
            case link_events.LinkSilent():
                self.broken_since = self._clock.wall()
                self.gives_up_at = self.broken_since + self._link.patience_s - SILENT_S
                self._turn(Turn.SILENT)
                self.broken.set()
                self.mended.clear()
                self._watcher.happened(events.Broken())
            case link_events.LinkBack():
                self.broken_since = self.gives_up_at = None
                self._turn(Turn.BACK)
                self.mended.set()
                self.broken.clear()
                self._watcher.happened(events.Mended())

    def channel_happened(self, channel: Channel, event: object) -> None:
        """Follow the channels; what the other side says after the end changes nothing."""
        if self.reason is not None:
            return
        match event:
            case control.Greeted(hello=hello):
                self._greeted(hello)
            case control.VersionRefused():
                self.end(EndReason.VERSION)
            case control.HelloMissed():
                self.end(EndReason.PROTOCOL)
            case control.AddressesTold(offers=offers, mapping=mapping):
                self._link.add_candidates(offers, mapping)
            case control.Ended(reason=reason):
                self._over(reason)
                self._end_wanted.set()
            case ChatSaid():
                self._said(event)
            case control.LaneSaid(message=message):
                self.lanes.hear(message)
            case _:
                self._happened(channel, event)

    def broken_rules(self, error: PeerError) -> None:
        """End with a peer that does not keep to the protocol."""
        if self.reason is None:
            self._diary.write("protocol", why=str(error))
            self.end(EndReason.PROTOCOL)

    # --- what each side does in its own way

    @abstractmethod
    async def _beside(self) -> None:
        """Do what this side does every second or so, until cancelled."""

    @abstractmethod
    def _greeted(self, hello: Hello) -> None:
        """The other program has introduced itself; call `_open` when it may begin."""

    @abstractmethod
    def _happened(self, channel: Channel, event: object) -> None:
        """Follow what only this side's channels tell."""

    @abstractmethod
    def _withdraw(self) -> None:
        """Nothing is allowed any more."""

    def _apply(self) -> None:
        """Switch everything to what phase and grants allow together."""
        self._chat.allow(self.phase is not Phase.OVER and bool(self.granted))
        self._chat.hold_back(self.phase is Phase.BROKEN, self._clock.now())
        self._conversation.flush()

    # --- one thing each

    def _open(self, peer: str) -> None:
        self._turn(Turn.GREETED)
        self._watcher.happened(events.Started(peer))

    def _said(self, said: ChatSaid) -> None:
        line = events.Said(said.mine, said.number, said.text, self._clock.wall())
        self.chat_lines.append(line)
        self._diary.write("chat", mine=said.mine, text=said.text)
        self._watcher.happened(line)

    def _turn(self, by: Turn) -> None:
        self.phase = turn(self.phase, by)
        self._apply()

    def _over(self, reason: EndReason) -> None:
        """The session is over, whoever said so; said once."""
        if self.reason is not None:
            return
        self.reason = reason
        self._withdraw()
        self.lanes.close()
        self._turn(Turn.OVER)
        self._diary.write("ended", reason=reason)
        self._watcher.happened(events.Over(reason))

    def _say_lane(self, message: LaneMessage) -> None:
        self._session_end.say_lane(message)
        self._conversation.flush()

    async def _close_when_wanted(self) -> None:
        await self._end_wanted.wait()
        await self._link.close(self.reason or EndReason.PROGRAM_CLOSED)


async def surely(giving_back: Coroutine[Any, Any, Any]) -> None:
    """Await what takes two seconds at most, also when somebody cancels us a second time."""
    task = asyncio.ensure_future(giving_back)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
