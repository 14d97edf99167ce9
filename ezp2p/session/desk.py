"""A counselor's desk: one line to the rendezvous, up to five waiting slots, the sessions.

    line --SlotOpened, SlotClosed--> slots --codes and links--> whoever shows them
    line --CallArrived, Pass, HangUp--> a Call for each caller --met--> a CounselorSession
    line --Reunited, Pass, HangUp--> the way back of a session whose customer is out of reach

The line may break and come back: sessions go on without it, waiting slots get new codes.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from random import Random
from typing import Protocol

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, PeerError, Unreachable
from ezp2p.link.certificate import fingerprint
from ezp2p.link.link import PATIENCE_S
from ezp2p.link.lookout import Ways
from ezp2p.link.outbound import DIRECT, Outbound
from ezp2p.link.signalling import Backoff, Signalling, connect_again
from ezp2p.session.call import Call, Met, RelayAccess
from ezp2p.session.counselor import CounselorSession
from ezp2p.session.events import Broken, Mended, Over, SessionEvent, Started
from ezp2p.session.joining import CounselorJoining, SlotSecrets
from ezp2p.session.slots import Slot, Slots
from ezp2p.session.tabs import Tabs
from ezp2p.session.tools import Diary
from ezp2p.session.words import fingerprint_words
from ezp2p.wire.bridge import SlotState
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import EndReason, ErrorKey
from ezp2p.wire.messages.session import Hello
from ezp2p.wire.signalling import (
    CallArrived,
    CallEnd,
    CounselorSays,
    HangUp,
    Pass,
    Problem,
    RendezvousSays,
    Reunited,
    SlotClosed,
    SlotOpened,
)

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 600.0  # a server that asks for more is asked again by a person


class DeskWatcher(Protocol):
    """Somebody who shows the desk."""

    def desk_changed(self) -> None:
        """The line or a slot has changed."""
        ...

    def slot_waiting(self, slot: Slot) -> None:
        """This slot has a new code."""
        ...

    def call_failed(self, slot: Slot, key: ErrorKey, tries_left: int) -> None:
        """Somebody called at this slot and did not get through."""
        ...

    def session_happened(self, session: CounselorSession, event: SessionEvent) -> None:
        """Something happened in a session."""
        ...


class _Ear:
    """Tells a session's events together with the session."""

    def __init__(self, desk: Desk, call: Call, met: Met) -> None:
        self._desk = desk
        self._call = call
        self._met = met
        self.session: CounselorSession | None = None

    def happened(self, event: SessionEvent) -> None:
        match event:
            case Started():
                self._desk.talking(self._call)
            case Broken():
                self._desk.seek(self._met)
            case Mended() | Over():
                self._desk.stop_seeking(self._met)
        if self.session is not None:
            self._desk.watcher.session_happened(self.session, event)


class Desk:
    """Everything a logged-in counselor has; facts for whoever shows it are public."""

    def __init__(
        self,
        *,
        server: ServerAddress,
        token: str,
        hello: Hello,
        language: str,
        open_diary: Callable[[], Diary],
        clock: Clock,
        watcher: DeskWatcher,
        outbound: Outbound = DIRECT,
        ways: Callable[[], Ways] = Ways,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """A customer out of reach for `patience_s` is given up."""
        self.slots = Slots(server)
        self._tabs: Tabs[CounselorSession] = Tabs()
        self.online = False
        self.problem: EzError | None = None
        self.watcher = watcher
        self._server = server
        self._token = token
        self._hello = hello
        self._language = language
        self._open_diary = open_diary
        self._clock = clock
        self._ways = ways
        self._outbound = outbound
        self._patience_s = patience_s
        self._sought: list[Met] = []
        self._calls: dict[str, tuple[Call, Slot]] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._living: set[asyncio.Task[None]] = set()
        self._outbox: asyncio.Queue[CounselorSays] = asyncio.Queue()
        self._group = asyncio.TaskGroup()

    @property
    def sessions(self) -> dict[int, CounselorSession]:
        """The sessions in the tabs, by number."""
        return self._tabs.sessions

    async def run(self, first_slots: int) -> None:
        """Wait for customers until cancelled.

        Raises EzError for what waiting cannot cure: login.expired, server.version, and at the
        first try everything Signalling.connect raises.
        """
        for _ in range(first_slots):
            self.slots.add()
        line = await Signalling.connect(self._server, self._token, self._outbound)
        backoff = Backoff(Random())
        try:
            async with self._group:
                try:
                    while True:
                        await self._follow(line)
                        await line.close()
                        line = await connect_again(
                            self._server, self._token, backoff, self._outbound
                        )
                except EzError as error:
                    # No more customers; but those who are being helped notice nothing.
                    self.problem = error
                    self.watcher.desk_changed()
                    await asyncio.gather(*self._living)
                    raise
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            await line.close()

    # --- what the counselor does

    def add_slot(self) -> None:
        """Wait for one more customer; raises UsageError(slots.full)."""
        self.slots.add()
        self._flush()

    def remove_slot(self, place: int) -> None:
        """Stop waiting there."""
        self.slots.remove(place)
        self._flush()

    def renew_slot(self, place: int) -> None:
        """A new code for this place; a caller who has the old one is hung up on."""
        for call_id, (_, slot) in list(self._calls.items()):
            if slot.place == place and slot.state is SlotState.CALLING:
                self._drop(call_id)
                self._outbox.put_nowait(HangUp(call=call_id, why=CallEnd.GONE))
        self.slots.renew(place)
        self._flush()

    def close_tab(self, number: int) -> None:
        """Forget an ended session."""
        self._tabs.close(number)
        self.watcher.desk_changed()

    def end_all(self) -> None:
        """End every session, because the program closes."""
        for session in self.sessions.values():
            session.end(EndReason.PROGRAM_CLOSED)

    def talking(self, call: Call) -> None:
        """The two programs talk: the rendezvous may forget the call and its number."""
        if call.call_id in self._calls:  # else its line has broken, and the next knows no call
            self._outbox.put_nowait(call.done())

    def seek(self, met: Met) -> None:
        """The customer of this session is out of reach: look for it by the rendezvous."""
        self._sought.append(met)
        met.reunion.lost()
        self._flush()

    def stop_seeking(self, met: Met) -> None:
        """The customer is back, or the session is over."""
        if met in self._sought:
            met.reunion.found()
            self._flush()
            self._sought.remove(met)

    # --- the line

    async def _follow(self, line: Signalling) -> None:
        """Live with one line until it breaks."""
        self.online = True
        for met in self._sought:
            met.reunion.line_opened()
        self._flush()
        sending = asyncio.create_task(self._send(line))
        try:
            while True:
                self._take(await line.receive())
        except (Unreachable, PeerError) as error:
            log.warning("the line to the server broke: %s", error)
        finally:
            self.online = False
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            for call_id in list(self._calls):
                self._drop(call_id)
            self._outbox = asyncio.Queue()
            self.slots.connection_lost()  # the codes are worth nothing any more: show none
            self.watcher.desk_changed()

    async def _send(self, line: Signalling) -> None:
        outbox = self._outbox
        while True:
            try:
                await line.send(await outbox.get())
            except Unreachable:
                await line.close()  # so that the receiving side hears of it, too
                return

    def _take(self, message: RendezvousSays) -> None:
        match message:
            case SlotOpened(number=number, life_s=life_s):
                slot = self.slots.opened(number, life_s, self._clock.now())
                if slot is not None:
                    self.watcher.slot_waiting(slot)
            case SlotClosed(number=number):
                self.slots.closed(number)
            case Problem(key=key, wait_s=wait_s):
                slot = self.slots.refused(key)
                if slot is not None and 0 < wait_s <= LONGEST_WAIT_S:
                    self._group.create_task(self._open_later(slot, wait_s))
            case CallArrived():
                self._called(message)
            case Pass(call=call_id) | HangUp(call=call_id) if call_id in self._calls:
                call, slot = self._calls[call_id]
                call.take(message)
                self._after(call, slot)
            case Reunited() | Pass() | HangUp():
                self._reunite(message)
            case _:
                log.warning("unexpected %s", type(message).__name__)
        self._flush()

    def _reunite(self, message: Reunited | Pass | HangUp) -> None:
        for met in self._sought:
            if met.reunion.concerns(message):
                met.reunion.take(message)
                self._group.create_task(met.follow_reunion())

    async def _open_later(self, slot: Slot, wait_s: float) -> None:
        """The rendezvous has too much to do: ask again when it says, unless somebody did."""
        await asyncio.sleep(wait_s)
        if slot.state is SlotState.OPENING:
            self.slots.renew(slot.place)
            self._flush()

    def _called(self, arrived: CallArrived) -> None:
        known = arrived.call in self._calls
        slot = None if known else self.slots.called(arrived.number, arrived.address)
        if slot is None or slot.code is None or slot.invitation is None:
            self._outbox.put_nowait(HangUp(call=arrived.call, why=CallEnd.GONE))
            return
        joining = CounselorJoining(
            secrets=SlotSecrets(slot.code.secret, slot.invitation.secret),
            site=self._server.site,
            slot=arrived.number,
            tries=slot.tries,
            random=os.urandom,
            now=self._clock.now(),
        )
        call = Call(
            arrived.call,
            joining,
            arrived.relays,
            self._clock,
            patience_s=self._patience_s,
            discovery=arrived.discovery,
            ways=self._ways,
            relay_access=RelayAccess(self._outbound, self._server),
        )
        self._calls[arrived.call] = (call, slot)
        self._group.create_task(call.find_out())
        self._timers[arrived.call] = self._group.create_task(self._watch_time(call, slot))

    async def _watch_time(self, call: Call, slot: Slot) -> None:
        while call.wake_at is not None:
            await asyncio.sleep(max(0.0, call.wake_at - self._clock.now()))
            call.wake()
            self._after(call, slot)
            self._flush()

    def _after(self, call: Call, slot: Slot) -> None:
        """See what has become of a call."""
        for message in call.to_send():
            self._outbox.put_nowait(message)
        if call.failed is not None:
            self._drop(call.call_id)
            self.slots.failed(slot, call.failed.key)
            self.watcher.call_failed(slot, call.failed.key, call.failed.tries_left)
        elif call.met is not None and slot.state is SlotState.CALLING:
            self._begin(call, call.met, slot)

    def _drop(self, call_id: str) -> None:
        call, _ = self._calls.pop(call_id, (None, None))
        if call is not None and call.met is None:
            call.let_go()
        timer = self._timers.pop(call_id, None)
        if timer is not None and timer is not asyncio.current_task():
            timer.cancel()

    # --- sessions

    def _begin(self, call: Call, met: Met, slot: Slot) -> None:
        ear = _Ear(self, call, met)
        agreed = met.agreed
        session = CounselorSession(
            number=self._tabs.next_number(),
            slot=slot.place,
            link=met.link,
            hello=self._hello,
            caller=slot.caller,
            words=fingerprint_words(
                fingerprint(agreed.certificate), agreed.session, self._language
            ),
            diary=self._open_diary(),
            clock=self._clock,
            watcher=ear,
        )
        ear.session = session
        self.sessions[session.number] = session
        self.slots.agreed(slot, session.number)
        living = self._group.create_task(self._live(call, met, session))
        self._living.add(living)
        living.add_done_callback(self._living.discard)

    async def _live(self, call: Call, met: Met, session: CounselorSession) -> None:
        beside = (
            asyncio.create_task(call.use_relays()),
            asyncio.create_task(self._tell_addresses(call, met, session)),
            asyncio.create_task(met.watch_network()),
            asyncio.create_task(call.keep_port_open()),
        )
        try:
            await session.run()
        except* Exception:
            # One session's failure must not take the counselor's other customers with it.
            log.exception("session %d failed", session.number)
        finally:
            self._drop(call.call_id)
            self.slots.over(session.number)
            self._flush()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _tell_addresses(self, call: Call, met: Met, session: CounselorSession) -> None:
        """Tell the customer's program whenever we find that we may be reached elsewhere."""
        while True:
            offers = await met.tell_addresses(session)
            if call.call_id in self._calls:
                call.offer(offers)
                for message in call.to_send():
                    self._outbox.put_nowait(message)
            self._flush()

    def _flush(self) -> None:
        """Queue what the slots want said, and have the desk shown."""
        if self.online:
            while self.slots.outbox:
                self._outbox.put_nowait(self.slots.outbox.popleft())
            for met in self._sought:
                for message in met.reunion.messages_to_send():
                    self._outbox.put_nowait(message)
        self.watcher.desk_changed()
