"""A session as the customer's program lives it: it shares a screen and keeps its owner in charge.

    the link opens -> hello -> the counselor asks -> consent -> screen and input on
    anything may take it back: a switch, the end button, the end-now key, a lost notice window

What is in force is decided in one place, `_apply`; every other method only changes facts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, Unavailable
from ezp2p.base.texts import Texts
from ezp2p.channels.cursor.customer import CustomerCursor
from ezp2p.channels.input.customer import CustomerInput, PointerPlaced
from ezp2p.channels.input.worker import InputWorker
from ezp2p.channels.screen import capturing
from ezp2p.channels.screen.customer import CustomerScreen
from ezp2p.channels.screen.worker import ScreenWorker
from ezp2p.link.link import Link
from ezp2p.session import control, events
from ezp2p.session.consent import AnswerKind, Consent, Decision
from ezp2p.session.guard import Guard
from ezp2p.session.phase import Phase
from ezp2p.session.side import Side, surely
from ezp2p.session.tools import Desktop, Diary, Names
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import EndReason, Grant
from ezp2p.wire.messages.session import Hello

log = logging.getLogger(__name__)

TICK_S = 0.5
FALL_S = 2.0  # how long a display may take to give the strip back before nobody waits any more
_END_BY_ANSWER = {AnswerKind.NO: EndReason.REFUSED, AnswerKind.TIMEOUT: EndReason.CONSENT_TIMEOUT}


class CustomerSession(Side):
    """One session at the customer's."""

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
        self.consent = Consent()
        self.opened = asyncio.Event()
        self._agreed_beforehand = agreed_beforehand
        self._stopped_by_hand = False
        self._raising_guard = False
        self._unannounced: Decision | None = None
        self._loop = asyncio.get_running_loop()
        self._guard = Guard(
            desktop=desktop, texts=texts, names=names, diary=diary, ended=self.end_now
        )
        self._control = control.CustomerControl(hello)
        self._screen = CustomerScreen()
        self._cursor = CustomerCursor()
        self._screen_worker = ScreenWorker(desktop.open_screen, self._from_screen, clock)
        self._input_worker = InputWorker(desktop.open_input, self._from_input, self._input_failed)
        self._input = CustomerInput(self._input_worker)
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
            return await super().run()
        finally:
            await surely(self._give_back())

    # --- what the person at this machine does

    def answer(self, granted: frozenset[Grant]) -> None:
        """Answer the consent dialog; nothing granted means no."""
        self._decided(self.consent.answer(granted, self._clock.now()))

    def change_grants(self, granted: frozenset[Grant]) -> None:
        """Set the switches."""
        if self.reason is None:
            self._decided(self.consent.change(granted))

    def end_now(self) -> None:
        """End it from any thread: input stops before anything else is even tried.

        What was captured and waits for the event loop is not sent any more either.
        """
        self._stopped_by_hand = True
        self._input_worker.stop_now()
        self._soon(self.end, EndReason.CUSTOMER_ENDED)

    # --- what the channels tell

    def channel_happened(self, channel: Channel, event: object) -> None:
        """Follow the channels; the screen's commands count after the end, too: one is to stop."""
        if isinstance(event, capturing.Command):
            self._screen_worker.obey(event)
        else:
            super().channel_happened(channel, event)

    def _happened(self, channel: Channel, event: object) -> None:
        match event:
            case control.GrantsAsked(grants=grants):
                self._asked(grants)
            case PointerPlaced(x=x, y=y):
                self._cursor.injected(x, y)

    def _greeted(self, hello: Hello) -> None:
        self.opened.set()
        self._diary.write("started", counselor=self.names.counselor)
        self._open(hello.name)

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
            self._decided(self.consent.answer_beforehand(self._agreed_beforehand))

    def _decided(self, decision: Decision | None) -> None:
        """Put a decision in force; one that takes something back is so at once."""
        if decision is None:
            return
        self._diary.write("consent", granted=sorted(decision.granted), answer=decision.kind.name)
        self._unannounced = decision
        self._apply()
        if not decision.granted or self._guard.is_raised:
            self._announce()
        elif self._guard.is_lost:
            self.end(EndReason.NOTICE_LOST)
        elif not self._raising_guard:
            self._raising_guard = True
            self._group.create_task(self._raise_guard())

    async def _raise_guard(self) -> None:
        """Nothing is seen before the strip says so."""
        try:
            await asyncio.to_thread(self._guard.rise, self.granted, self.since)
        except EzError as error:
            log.warning("the notice window cannot be shown: %s", error)
            self.end(EndReason.NOTICE_LOST)
        else:
            self._guard.say(self.granted, self.since)
            self._announce()
        finally:
            self._raising_guard = False

    def _announce(self) -> None:
        """Tell everybody the last decision, unless that has been done or nobody is left."""
        decision, self._unannounced = self._unannounced, None
        if decision is None or self.reason is not None:
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
        in_charge = self._guard.is_raised and not self._stopped_by_hand
        seen = in_charge and self.phase is Phase.OPEN and Grant.VIEW in self.granted
        controlled = seen and Grant.CONTROL in self.granted and not self.consent.is_open
        self._input.allow(controlled)
        self._screen.allow(seen, self._clock.now())
        self._cursor.allow(seen)
        super()._apply()

    def _withdraw(self) -> None:
        self.consent.revoke_all()

    async def _beside(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._decided(self.consent.expire(self._clock.now()))
            if self.granted and self.phase is Phase.OPEN and not self._guard_stands():
                self.end(EndReason.NOTICE_LOST)

    def _guard_stands(self) -> bool:
        # While it is being raised nothing is in force yet.
        return self._guard.is_raised or self._raising_guard

    async def _close_when_wanted(self) -> None:
        """Take the strip away while the last words are on their way."""
        await self._end_wanted.wait()
        await asyncio.gather(self._let_guard_fall(), super()._close_when_wanted())

    async def _give_back(self) -> None:
        """Wait for the threads, as long as a hung display may hold them."""
        await asyncio.gather(
            asyncio.to_thread(self._input_worker.stop),
            asyncio.to_thread(self._screen_worker.stop),
            self._let_guard_fall(),
        )

    async def _let_guard_fall(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FALL_S):
                await asyncio.to_thread(self._guard.fall)

    # --- what other threads deliver

    def _soon(self, call: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # a hung thread may outlive the loop
            self._loop.call_soon_threadsafe(call, *arguments)

    def _from_screen(self, captured: capturing.Captured) -> None:
        self._soon(self._take_captured, captured)

    def _take_captured(self, captured: capturing.Captured) -> None:
        if self._stopped_by_hand:
            return
        if isinstance(captured, capturing.CursorTaken):
            self._cursor.captured(captured.message)
        else:
            if isinstance(captured, capturing.LayoutTaken):
                self._input.fit(captured.width, captured.height)
            self._screen.captured(captured, self._clock.now())
        self._conversation.flush()

    def _from_input(self, mark: int) -> None:
        self._soon(self._take_mark, mark)

    def _take_mark(self, mark: int) -> None:
        self._input.marked(mark)
        self._conversation.flush()

    def _input_failed(self, error: Unavailable) -> None:
        self._soon(self._note_input_failed, error)

    def _note_input_failed(self, error: Unavailable) -> None:
        """The counselor goes on seeing; it is tried again when control is granted anew."""
        log.warning("input cannot be injected: %s", error)
        self._diary.write("input-unavailable", key=error.key, why=str(error))
