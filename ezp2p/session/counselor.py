"""A session as the counselor's program lives it: it asks, shows a picture, carries input.

The picture goes to the viewer as it came (events.Pictured); the viewer's own words (input, what
was shown) come in by `page_said`. What the customer allows is asked for and followed, never
assumed: the customer's end drops whatever was not granted.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from ezp2p.base.clock import Clock
from ezp2p.base.errors import PeerError
from ezp2p.channels.chat.end import ChatEnd, ChatSaid
from ezp2p.channels.cursor.counselor import CounselorCursor
from ezp2p.channels.end import End
from ezp2p.channels.input.counselor import CounselorInput, Marked
from ezp2p.channels.screen.counselor import CounselorScreen
from ezp2p.link import events as link_events
from ezp2p.link.link import Link
from ezp2p.session import control, events
from ezp2p.session.conversation import Conversation
from ezp2p.session.ending import reason_of
from ezp2p.session.phase import Phase, Turn, turn
from ezp2p.session.tools import Diary
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.keys import EndReason, Grant
from ezp2p.wire.messages import cursor as cursor_words
from ezp2p.wire.messages import screen as screen_words
from ezp2p.wire.messages.session import Hello

log = logging.getLogger(__name__)

QUALITY_EVERY_S = 1.0
ASKED_AT_START = (Grant.VIEW, Grant.CONTROL)


class CounselorSession:
    """One session at the counselor's; facts for whoever shows it are its public attributes."""

    def __init__(
        self,
        *,
        number: int,
        slot: int,
        link: Link,
        hello: Hello,
        caller: str,
        words: list[str],
        diary: Diary,
        clock: Clock,
        watcher: events.Watcher,
    ) -> None:
        """`number` tells this program's sessions apart; `caller` names the customer at first."""
        self.number = number
        self.slot = slot
        self.customer = caller
        self.words = words
        self.phase = Phase.CONNECTING
        self.granted: frozenset[Grant] = frozenset()
        self.asking = False
        self.view_only = False
        self.driver = screen_words.ScreenDriver.AUTO
        self.path: events.PathTaken | None = None
        self.quality: events.QualityTaken | None = None
        self.since = clock.wall()
        self.broken_since: float | None = None
        self.chat_lines: list[events.Said] = []
        self.reason: EndReason | None = None
        self._link = link
        self._diary = diary
        self._clock = clock
        self._watcher = watcher
        self._round_trip_s = 0.0
        self._end_wanted = asyncio.Event()
        self._control = control.CounselorControl(hello)
        self._screen = CounselorScreen()
        self._cursor = CounselorCursor()
        self._input = CounselorInput()
        self._chat = ChatEnd()
        ends: dict[Channel, End[Any]] = {
            Channel.SESSION: self._control,
            Channel.INPUT: self._input,
            Channel.CURSOR: self._cursor,
            Channel.SCREEN: self._screen,
            Channel.CHAT: self._chat,
        }
        self._conversation = Conversation(link, ends, self, clock)

    async def run(self) -> EndReason:
        """Live the session to its end."""
        try:
            async with asyncio.TaskGroup() as group:
                closing = group.create_task(self._close_when_wanted())
                measuring = group.create_task(self._measure())
                closed = await self._conversation.run()
                self._over(reason_of(closed))
                measuring.cancel()
                if not self._end_wanted.is_set():
                    closing.cancel()
        finally:
            self._over(EndReason.PROGRAM_CLOSED)
            await self._link.close(self.reason or EndReason.PROGRAM_CLOSED)
        assert self.reason is not None
        return self.reason

    # --- what the counselor does

    def ask_grants(self, grants: tuple[Grant, ...]) -> None:
        """Ask the customer for more."""
        if self.phase is Phase.OPEN and set(grants) - self.granted:
            self.asking = True
            self._control.ask_grants(grants)
            self._conversation.flush()

    def set_view_only(self, on: bool) -> None:
        """Lock or unlock our own mouse and keyboard."""
        self.view_only = on
        self._apply()

    def say(self, text: str) -> None:
        """Write a chat line."""
        self._chat.say(text, self._clock.now())
        self._conversation.flush()

    def end(self, reason: EndReason) -> None:
        """End the session and tell the customer."""
        if self.reason is not None:
            return
        self._over(reason)
        self._control.say_end(reason)
        self._conversation.flush()
        self._end_wanted.set()

    def page_said(self, channel: Channel, message: msgspec.Struct) -> None:
        """Take what the viewer says on the screen or input channel."""
        now = self._clock.now()
        match message:
            case screen_words.ShowScreen(codecs=codecs):
                self._screen.show(codecs)
                self._repeat_pointer()
            case screen_words.FrameShown():
                self._screen.frame_shown(message, now)
            case screen_words.RefreshScreen():
                self._screen.refresh()
            case screen_words.UseDriver(driver=driver):
                self.driver = driver
                self._screen.use_driver(driver)
            case _ if channel is Channel.INPUT:
                self._input.page_said(message, now)
            case _:
                log.warning("the page said %s", type(message).__name__)
        self._conversation.flush()

    # --- what the link and the channels tell

    def link_happened(self, event: link_events.LinkEvent) -> None:
        """Follow the link."""
        match event:
            case link_events.LinkReady():
                self._turn(Turn.READY)
            case link_events.PathChanged(kind=kind, address=address, rtt_s=rtt_s):
                self.path = events.PathTaken(kind, str(address), rtt_s)
                self._diary.write("path", kind=kind)
                self._watcher.happened(self.path)
            case link_events.LinkSilent():
                self.broken_since = self._clock.wall()
                self._turn(Turn.SILENT)
                self._watcher.happened(events.Broken())
            case link_events.LinkBack():
                self.broken_since = None
                self._turn(Turn.BACK)
                self._watcher.happened(events.Mended())

    def channel_happened(self, channel: Channel, event: object) -> None:
        """Follow the channels."""
        match event:
            case (
                screen_words.Frame()
                | screen_words.ScreenLayout()
                | screen_words.ScreenUnavailable()
                | cursor_words.CursorShape()
                | cursor_words.CursorMoved()
            ):
                self._watcher.happened(events.Pictured(channel, CODECS[channel].encode(event)))
            case Marked(number=number):
                self._watcher.happened(events.InputDone(number))
            case control.Greeted(hello=hello):
                self._greeted(hello)
            case control.VersionRefused():
                self.end(EndReason.VERSION)
            case control.GrantsAnnounced(granted=granted):
                self._granted(granted)
            case control.RoundTripMeasured(seconds=seconds):
                self._round_trip_s = seconds
            case control.Ended(reason=reason):
                self._over(reason)
                self._end_wanted.set()
            case ChatSaid():
                self._said(event)

    def broken_rules(self, error: PeerError) -> None:
        """End with a peer that does not keep to the protocol."""
        self._diary.write("protocol", why=str(error))
        self.end(EndReason.PROTOCOL)

    # --- one thing each

    def _greeted(self, hello: Hello) -> None:
        self.customer = hello.name or self.customer
        self._turn(Turn.GREETED)
        self._diary.write("started", customer=self.customer)
        self._watcher.happened(events.Started(self.customer))
        self._control.start_echo(self._clock.now())
        self.ask_grants(ASKED_AT_START)

    def _granted(self, granted: frozenset[Grant]) -> None:
        self.asking = False
        self.granted = granted
        self._diary.write("granted", granted=sorted(granted))
        self._apply()
        self._watcher.happened(events.GrantsSet(granted))

    def _said(self, said: ChatSaid) -> None:
        line = events.Said(said.mine, said.number, said.text, self._clock.wall())
        self.chat_lines.append(line)
        self._diary.write("chat", mine=said.mine, text=said.text)
        self._watcher.happened(line)

    def _repeat_pointer(self) -> None:
        for message in (self._cursor.shape, self._cursor.place):
            if message is not None:
                data = CODECS[Channel.CURSOR].encode(message)
                self._watcher.happened(events.Pictured(Channel.CURSOR, data))

    def _apply(self) -> None:
        self._input.allow(
            self.phase is Phase.OPEN and Grant.CONTROL in self.granted and not self.view_only
        )
        self._chat.allow(self.phase is not Phase.OVER and bool(self.granted))
        self._conversation.flush()

    def _turn(self, by: Turn) -> None:
        self.phase = turn(self.phase, by)
        self._apply()

    def _over(self, reason: EndReason) -> None:
        if self.reason is not None:
            return
        self.reason = reason
        self.granted = frozenset()
        self._turn(Turn.OVER)
        self._diary.write("ended", reason=reason)
        self._watcher.happened(events.Over(reason))

    async def _measure(self) -> None:
        before = self._link.counts.bytes_received
        while True:
            await asyncio.sleep(QUALITY_EVERY_S)
            after = self._link.counts.bytes_received
            figures = self._screen.statistics(self._clock.now())
            self.quality = events.QualityTaken(
                round_trip_s=self._round_trip_s,
                frames_per_s=figures.frames_per_s,
                rate_bps=(after - before) * 8 / QUALITY_EVERY_S,
            )
            before = after
            if self.phase is Phase.OPEN:
                self._watcher.happened(self.quality)

    async def _close_when_wanted(self) -> None:
        await self._end_wanted.wait()
        await self._link.close(self.reason or EndReason.PROGRAM_CLOSED)
