"""A session as the counselor's program lives it: it asks, shows a picture, carries input.

The picture goes to the viewer as it came (events.Pictured); the viewer's own words (input, what
was shown) come in by `page_said`. What the customer allows is asked for and followed, never
assumed: the customer's end drops whatever was not granted.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from ezp2p.base.clock import Clock
from ezp2p.channels.cursor.counselor import CounselorCursor
from ezp2p.channels.input.counselor import CounselorInput, Marked
from ezp2p.channels.screen.counselor import CounselorScreen
from ezp2p.link.link import Link
from ezp2p.session import control, events
from ezp2p.session.phase import Phase
from ezp2p.session.side import Side
from ezp2p.session.tools import Diary
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.keys import Grant
from ezp2p.wire.messages import cursor as cursor_words
from ezp2p.wire.messages import screen as screen_words
from ezp2p.wire.messages.session import Hello

log = logging.getLogger(__name__)

QUALITY_EVERY_S = 1.0
ASKED_AT_START = (Grant.VIEW, Grant.CONTROL)


class CounselorSession(Side):
    """One session at the counselor's."""

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
        self.asking = False
        self.view_only = False
        self.driver = screen_words.ScreenDriver.AUTO
        self.quality: events.QualityTaken | None = None
        self._granted: frozenset[Grant] = frozenset()
        self._round_trip_s = 0.0
        self._control = control.CounselorControl(hello)
        self._screen = CounselorScreen()
        self._cursor = CounselorCursor()
        self._input = CounselorInput()
        super().__init__(
            link=link,
            session_end=self._control,
            ends={
                Channel.INPUT: self._input,
                Channel.CURSOR: self._cursor,
                Channel.SCREEN: self._screen,
            },
            words=words,
            diary=diary,
            clock=clock,
            watcher=watcher,
        )

    @property
    def granted(self) -> frozenset[Grant]:
        """What the customer allows right now, as far as we have heard."""
        return self._granted

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

    def page_said(self, channel: Channel, message: msgspec.Struct) -> None:
        """Take what the viewer says on the screen or input channel."""
        if self.reason is not None:
            return
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

    # --- what the channels tell

    def _happened(self, channel: Channel, event: object) -> None:
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
            case control.GrantsAnnounced(granted=granted):
                self._take_grants(granted)
            case control.RoundTripMeasured(seconds=seconds):
                self._round_trip_s = seconds

    def _greeted(self, hello: Hello) -> None:
        self.customer = hello.name or self.customer
        self._diary.write("started", customer=self.customer)
        self._open(self.customer)
        self._control.start_echo(self._clock.now())
        self.ask_grants(ASKED_AT_START)

    def _take_grants(self, granted: frozenset[Grant]) -> None:
        self.asking = False
        self._granted = granted
        self._diary.write("granted", granted=sorted(granted))
        self._apply()
        self._watcher.happened(events.GrantsSet(granted))

    # --- one thing each

    def _repeat_pointer(self) -> None:
        for message in (self._cursor.shape, self._cursor.place):
            if message is not None:
                data = CODECS[Channel.CURSOR].encode(message)
                self._watcher.happened(events.Pictured(Channel.CURSOR, data))

    def _apply(self) -> None:
        self._input.allow(
            self.phase is Phase.OPEN and Grant.CONTROL in self.granted and not self.view_only
        )
        super()._apply()

    def _withdraw(self) -> None:
        self._granted = frozenset()
        self.asking = False

    async def _beside(self) -> None:
        """Measure the quality that people read."""
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
