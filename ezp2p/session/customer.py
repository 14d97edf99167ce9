"""A session as the customer's program lives it: it shares a screen and keeps its owner in charge.

    the link opens -> hello -> the counselor asks -> consent -> screen and input on
    anything may take it back: a switch, the end button, the end-now key, a lost notice window

What is in force is decided in one place, `_apply`; every other method only changes facts.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, PeerError, Unavailable
from ezp2p.base.texts import Texts
from ezp2p.channels.chat.end import ChatEnd, ChatSaid
from ezp2p.channels.cursor.customer import CustomerCursor
from ezp2p.channels.end import End
from ezp2p.channels.input.customer import CustomerInput, PointerPlaced
from ezp2p.channels.input.worker import InputWorker
from ezp2p.channels.screen import capturing
from ezp2p.channels.screen.customer import CustomerScreen
from ezp2p.channels.screen.worker import ScreenWorker
from ezp2p.link import events as link_events
from ezp2p.link.link import Link
from ezp2p.session import control, events
from ezp2p.session.consent import AnswerKind, Consent, Decision
from ezp2p.session.conversation import Conversation
from ezp2p.session.ending import reason_of
from ezp2p.session.guard import Guard
from ezp2p.session.phase import Phase, Turn, turn
from ezp2p.session.tools import Desktop, Diary, Names
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import EndReason, Grant
from ezp2p.wire.messages.session import Hello

log = logging.getLogger(__name__)

TICK_S = 0.5
_END_BY_ANSWER = {AnswerKind.NO: EndReason.REFUSED, AnswerKind.TIMEOUT: EndReason.CONSENT_TIMEOUT}


class CustomerSession:
    """One session at the customer's; facts for whoever shows it are its public attributes."""

    def __init__(
        self,
        *,
        link: Link,
        hello: Hello,
        names: Names,
        words: list[str],
        desktop: Desktop,
        texts: Texts,
        diary: Diary,
        clock: Clock,
        watcher: events.Watcher,
        agreed_beforehand: frozenset[Grant] | None = None,
    ) -> None:
        """`agreed_beforehand` (a script's `--grant`) answers the consent instead of a person."""
        self.names = names
        self.words = words
        self.phase = Phase.CONNECTING
        self.consent = Consent()
        self.path: events.PathTaken | None = None
        self.since = clock.wall()
        self.broken_since: float | None = None
        self.chat_lines: list[events.Said] = []
        self.opened = asyncio.Event()
        self._link = link
        self._desktop = desktop
        self._diary = diary
        self._clock = clock
        self._watcher = watcher
        self._agreed_beforehand = agreed_beforehand
        self._reason: EndReason | None = None
        self._end_wanted = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._loop = asyncio.get_running_loop()
        self._guard = Guard(
            desktop=desktop, texts=texts, names=names, diary=diary, ended=self.end_now
        )
        self._control = control.CustomerControl(hello)
        self._screen = CustomerScreen()
        self._cursor = CustomerCursor()
        self._chat = ChatEnd()
        self._screen_worker = ScreenWorker(desktop.open_screen, self._from_screen, clock)
        self._input_worker = InputWorker(desktop.open_input, self._from_input, self._input_failed)
        self._input = CustomerInput(self._input_worker)
        ends: dict[Channel, End[Any]] = {
            Channel.SESSION: self._control,
            Channel.INPUT: self._input,
            Channel.CURSOR: self._cursor,
            Channel.SCREEN: self._screen,
            Channel.CHAT: self._chat,
        }
        self._conversation = Conversation(link, ends, self, clock)

    @property
    def granted(self) -> frozenset[Grant]:
        """What is allowed right now."""
        return self.consent.granted

    @property
    def record(self) -> str:
        """The file with this session's log; "" if there is none."""
        return self._diary.path

    @property
    def frames_shown(self) -> int:
        """How many frames the viewer has shown."""
        return self._screen.frames_shown

    @property
    def latency_s(self) -> float:
        """Median time from a frame's leaving until we heard that it was shown; 0 without any."""
        return self._screen.latency_s

    async def run(self) -> EndReason:
        """Live the session to its end; everything is given back when this returns."""
        self._screen_worker.start()
        self._input_worker.start()
        try:
            async with self._group:
                closing = self._group.create_task(self._close_when_wanted())
                ticking = self._group.create_task(self._tick())
                closed = await self._conversation.run()
                self._over(reason_of(closed))
                ticking.cancel()
                if not self._end_wanted.is_set():
                    closing.cancel()
        finally:
            self._over(EndReason.PROGRAM_CLOSED)
            self._guard.fall()
            await self._link.close(self._reason or EndReason.PROGRAM_CLOSED)
            await asyncio.to_thread(self._input_worker.stop)
            await asyncio.to_thread(self._screen_worker.stop)
        assert self._reason is not None
        return self._reason

    # --- what the person at this machine does

    def answer(self, granted: frozenset[Grant]) -> None:
        """Answer the consent dialog; nothing granted means no."""
        decision = self.consent.answer(granted, self._clock.now())
        if decision is not None:
            self._decided(decision)

    def change_grants(self, granted: frozenset[Grant]) -> None:
        """Set the switches."""
        decision = self.consent.change(granted)
        if decision is not None:
            self._decided(decision)

    def say(self, text: str) -> None:
        """Write a chat line."""
        self._chat.say(text, self._clock.now())
        self._conversation.flush()

    def end(self, reason: EndReason) -> None:
        """End it: nothing is seen or injected from here on, then the other side is told."""
        if self._reason is not None:
            return
        self._over(reason)
        self._control.say_end(reason)
        self._conversation.flush()
        self._end_wanted.set()

    def end_now(self) -> None:
        """End it from any thread: input stops before anything else is even tried."""
        self._input_worker.stop_now()
        self._loop.call_soon_threadsafe(self.end, EndReason.CUSTOMER_ENDED)

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
                capturing.StartCapture()
                | capturing.StopCapture()
                | capturing.FreeFrames()
                | capturing.TakeWhole()
            ):
                self._screen_worker.obey(event)
            case control.Greeted():
                self._turn(Turn.GREETED)
                self.opened.set()
                self._diary.write("started", counselor=self.names.counselor)
                self._watcher.happened(events.Started(event.hello.name))
            case control.VersionRefused():
                self.end(EndReason.VERSION)
            case control.GrantsAsked(grants=grants):
                self._asked(grants)
            case control.Ended(reason=reason):
                self._over(reason)
                self._end_wanted.set()
            case PointerPlaced(x=x, y=y):
                self._cursor.injected(x, y)
            case ChatSaid():
                self._said(event)

    def broken_rules(self, error: PeerError) -> None:
        """End with a peer that does not keep to the protocol."""
        self._diary.write("protocol", why=str(error))
        self.end(EndReason.PROTOCOL)

    # --- consent

    def _asked(self, grants: tuple[Grant, ...]) -> None:
        now = self._clock.now()
        if not self.consent.ask(grants, now):
            self._control.announce_grants(self.granted)
            return
        self._diary.write("asked", grants=list(grants))
        self._apply()
        expires_at = self.consent.expires_at
        assert expires_at is not None  # it has just been asked
        self._watcher.happened(events.ConsentOpened(self.consent.asks, expires_at))
        if self._agreed_beforehand is not None:
            decision = self.consent.answer_beforehand(self._agreed_beforehand)
            if decision is not None:
                self._decided(decision)

    def _decided(self, decision: Decision) -> None:
        self._diary.write("consent", granted=sorted(decision.granted), answer=decision.kind.name)
        if decision.granted and not self._guard.is_raised:
            self._group.create_task(self._raise_guard(decision))
        else:
            self._announce(decision)

    async def _raise_guard(self, decision: Decision) -> None:
        """Nothing is seen before the strip says so."""
        try:
            await asyncio.to_thread(self._guard.rise, decision.granted, self.since)
        except EzError as error:
            log.warning("the notice window cannot be shown: %s", error)
            self.end(EndReason.NOTICE_LOST)
        else:
            self._announce(decision)

    def _announce(self, decision: Decision) -> None:
        if self._reason is not None:
            return
        self._control.announce_grants(self.granted, answer=decision.kind)
        self._guard.say(self.granted, self.since)
        self._apply()
        self._watcher.happened(events.GrantsSet(self.granted))
        if not self.granted and decision.kind in _END_BY_ANSWER:
            self.end(_END_BY_ANSWER[decision.kind])

    # --- what is in force

    def _apply(self) -> None:
        """Switch screen, pointer and input to what phase, grants and dialog allow together."""
        now = self._clock.now()
        seen = self.phase is Phase.OPEN and Grant.VIEW in self.granted and self._guard.is_raised
        controlled = seen and Grant.CONTROL in self.granted and not self.consent.is_open
        self._input.allow(controlled)
        self._screen.allow(seen, now)
        self._cursor.allow(seen)
        self._chat.allow(self.phase is not Phase.OVER and bool(self.granted))
        self._conversation.flush()

    def _turn(self, by: Turn) -> None:
        self.phase = turn(self.phase, by)
        self._apply()

    def _over(self, reason: EndReason) -> None:
        """The session is over, whoever said so; said once."""
        if self._reason is not None:
            return
        self._reason = reason
        self.consent.revoke_all()
        self._turn(Turn.OVER)
        self._diary.write("ended", reason=reason)
        self._watcher.happened(events.Over(reason))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            decision = self.consent.expire(self._clock.now())
            if decision is not None:
                self._decided(decision)
            if self.granted and self.phase is Phase.OPEN and not self._guard_stands():
                self.end(EndReason.NOTICE_LOST)

    def _guard_stands(self) -> bool:
        # While it is being raised nothing is in force yet.
        return self._guard.is_raised or self._guard.is_rising

    async def _close_when_wanted(self) -> None:
        await self._end_wanted.wait()
        await self._link.close(self._reason or EndReason.PROGRAM_CLOSED)

    # --- what the worker threads deliver

    def _from_screen(self, captured: capturing.Captured) -> None:
        self._loop.call_soon_threadsafe(self._take_captured, captured)

    def _take_captured(self, captured: capturing.Captured) -> None:
        if isinstance(captured, capturing.CursorTaken):
            self._cursor.captured(captured.message)
        else:
            if isinstance(captured, capturing.LayoutTaken):
                self._input.fit(captured.width, captured.height)
            self._screen.captured(captured, self._clock.now())
        self._conversation.flush()

    def _from_input(self, mark: int) -> None:
        self._loop.call_soon_threadsafe(self._take_mark, mark)

    def _take_mark(self, mark: int) -> None:
        self._input.marked(mark)
        self._conversation.flush()

    def _input_failed(self, error: Unavailable) -> None:
        self._loop.call_soon_threadsafe(self._note_input_failed, error)

    def _note_input_failed(self, error: Unavailable) -> None:
        """The counselor goes on seeing; it is tried again when control is granted anew."""
        log.warning("input cannot be injected: %s", error)
        self._diary.write("input-unavailable", key=error.key, why=str(error))

    def _said(self, said: ChatSaid) -> None:
        line = events.Said(said.mine, said.number, said.text, self._clock.wall())
        self.chat_lines.append(line)
        self._diary.write("chat", mine=said.mine, text=said.text)
        self._watcher.happened(line)
