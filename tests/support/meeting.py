"""Two people's programs in one process: a real rendezvous and real links, pretended desktops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import ezp2p.ui
from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import Unavailable
from ezp2p.base.texts import Texts
from ezp2p.desktop.hotkeys import Hotkey
from ezp2p.desktop.input import InputSink
from ezp2p.desktop.input.fake import FakeInput
from ezp2p.desktop.notice import Notice, NoticeText
from ezp2p.desktop.screen import ScreenSource
from ezp2p.desktop.screen.fake import FakeScreen
from ezp2p.link.link import PATIENCE_S as LINK_PATIENCE_S
from ezp2p.session import events
from ezp2p.session.counselor import CounselorSession
from ezp2p.session.desk import Desk
from ezp2p.session.slots import Slot
from ezp2p.session.tries import TriesBook
from ezp2p.session.visit import Company, Target, Visit, target_of
from ezp2p.wire.code import parse_code
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import ErrorKey, Grant
from ezp2p.wire.messages.screen import ScreenDriver
from ezp2p.wire.messages.session import PROTOCOL_VERSION, Hello
from tests.support.rendezvous import RunningRendezvous, running_rendezvous

T = TypeVar("T")
PATIENCE_S = 20.0
LOCALE = Path(ezp2p.ui.__file__).parent / "locale"


@dataclass
class FakeNotice:
    """A strip that remembers what it said; `shown` can be taken away by a test."""

    texts: list[NoticeText]
    shown: bool = True

    def update(self, text: NoticeText) -> None:
        self.texts.append(text)

    def is_shown(self) -> bool:
        return self.shown

    def close(self) -> None:
        self.shown = False


class FakeHotkey:
    """A key nobody presses."""

    def close(self) -> None:
        """Nothing to stop."""


def _open_gate() -> threading.Event:
    gate = threading.Event()
    gate.set()
    return gate


@dataclass
class FakeDesktop:
    """A customer's machine in memory."""

    screen: FakeScreen = field(default_factory=lambda: FakeScreen(64, 48))
    hand: FakeInput = field(default_factory=FakeInput)
    notices: list[FakeNotice] = field(default_factory=list)
    screens_opened: int = 0
    can_show_notice: bool = True
    may_show_notice: threading.Event = field(default_factory=_open_gate)  # a slow display waits
    end_key: Exception | None = None  # why the key cannot be watched
    end: Callable[[], None] = lambda: None

    def open_screen(self, driver: ScreenDriver) -> ScreenSource:
        self.screens_opened += 1
        return self.screen

    def open_input(self) -> InputSink:
        return self.hand

    def show_notice(self, text: NoticeText, ended: Callable[[], None]) -> Notice:
        if not self.can_show_notice:
            raise Unavailable(ErrorKey.NOTICE_UNAVAILABLE)
        self.may_show_notice.wait(PATIENCE_S)
        self.notices.append(FakeNotice([text]))
        self.end = ended
        return self.notices[-1]

    def watch_end_key(self, pressed: Callable[[], None]) -> Hotkey:
        if self.end_key is not None:
            raise self.end_key
        return FakeHotkey()


class MemoryDiary:
    """A session's log in memory."""

    def __init__(self) -> None:
        self.path = ""
        self.lines: list[tuple[str, dict[str, object]]] = []

    def write(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))


class Ears:
    """Hears a session's events and waits for the ones a test names."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self._news = asyncio.Condition()
        self._wakers: set[asyncio.Task[None]] = set()

    def happened(self, event: object) -> None:
        self.heard.append(event)
        waker = asyncio.ensure_future(self._wake())
        self._wakers.add(waker)
        waker.add_done_callback(self._wakers.discard)

    async def wait_for(self, kind: type[T], fits: Callable[[T], bool] = lambda _: True) -> T:
        """Return the first event of this kind that fits, also one heard before."""

        def found() -> T | None:
            return next((e for e in self.heard if isinstance(e, kind) and fits(e)), None)

        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: found() is not None)
        event = found()
        assert event is not None
        return event

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()


class DeskEars:
    """Watches a desk."""

    def __init__(self) -> None:
        self.changed: asyncio.Queue[None] = asyncio.Queue()
        self.slots: asyncio.Queue[Slot] = asyncio.Queue()
        self.failures: list[tuple[ErrorKey, int]] = []
        self.sessions: asyncio.Queue[CounselorSession] = asyncio.Queue()
        self.ears = Ears()

    def desk_changed(self) -> None:
        self.changed.put_nowait(None)

    def slot_waiting(self, slot: Slot) -> None:
        self.slots.put_nowait(slot)

    def call_failed(self, slot: Slot, key: ErrorKey, tries_left: int) -> None:
        self.failures.append((key, tries_left))

    def session_happened(self, session: CounselorSession, event: events.SessionEvent) -> None:
        if isinstance(event, events.Started):
            self.sessions.put_nowait(session)
        self.ears.happened(event)


@dataclass
class Meeting:
    """A rendezvous, a counselor who waits there, and a customer who may come."""

    rendezvous: RunningRendezvous
    desk: Desk
    desk_ears: DeskEars
    desk_task: asyncio.Task[None]
    token: str
    desktop: FakeDesktop = field(default_factory=FakeDesktop)
    diary: MemoryDiary = field(default_factory=MemoryDiary)
    tries: TriesBook = field(default_factory=TriesBook)
    patience_s: float = LINK_PATIENCE_S

    @property
    def server(self) -> ServerAddress:
        """Where both meet."""
        return ServerAddress(self.rendezvous.url, self.rendezvous.site)

    def visit(self, ears: events.Watcher, grants: frozenset[Grant] | None = None) -> Visit:
        """Return a customer's visit; with `grants` it agrees by itself."""
        company = Company(
            desktop=self.desktop,
            texts=Texts(LOCALE, "en"),
            clock=SystemClock(),
            hello=hello("CUSTOMER-PC"),
            tries=self.tries,
            open_diary=lambda: self.diary,
            patience_s=self.patience_s,
        )
        return Visit(company, ears, grants)

    async def next_slot(self) -> Slot:
        """Return the slot that has just got a code."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.desk_ears.slots.get()

    async def next_session(self) -> CounselorSession:
        """Return the counselor's side of the session that has just begun."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.desk_ears.sessions.get()


def hello(name: str) -> Hello:
    return Hello(PROTOCOL_VERSION, "ezp2p test", "test", name)


@asynccontextmanager
async def meeting(
    first_slots: int = 1, *, patience_s: float = LINK_PATIENCE_S, **options: object
) -> AsyncIterator[Meeting]:
    """Open a rendezvous and a desk with its slots; close both at the end."""
    async with running_rendezvous(**options) as rendezvous:  # type: ignore[arg-type]
        answer = await rendezvous.login()
        ears = DeskEars()
        desk = Desk(
            server=ServerAddress(rendezvous.url, rendezvous.site),
            token=answer.token,
            hello=hello("counselor"),
            language="en",
            open_diary=MemoryDiary,
            clock=SystemClock(),
            watcher=ears,
            patience_s=patience_s,
        )
        task = asyncio.create_task(desk.run(first_slots))
        try:
            yield Meeting(rendezvous, desk, ears, task, answer.token, patience_s=patience_s)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def customers_visit(
    code: str,
    server: ServerAddress,
    desktop: FakeDesktop,
    ears: Ears,
    grants: frozenset[Grant] | None,
) -> tuple[Visit, Target]:
    """Return a visit with this code to somebody else's desk, and where it goes."""
    company = Company(
        desktop=desktop,
        texts=Texts(LOCALE, "en"),
        clock=SystemClock(),
        hello=hello("CUSTOMER-PC"),
        tries=TriesBook(),
        open_diary=MemoryDiary,
    )
    return Visit(company, ears, grants), target_of(parse_code(code), server)


async def in_thread(act: Callable[[], None]) -> None:
    """Do something from a thread that is not the loop's, as a hotkey would."""
    thread = threading.Thread(target=act)
    thread.start()
    await asyncio.to_thread(thread.join)
