"""The counselor's half of the program: the login, the waiting slots, a tab for each session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Protocol

import msgspec

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError
from ezp2p.session import events
from ezp2p.session.counselor import CounselorSession
from ezp2p.session.desk import Desk, DeskWatcher
from ezp2p.session.slots import Slot
from ezp2p.ui.desk import chat_line, quality, session_view, slot_view
from ezp2p.ui.stage import Memory, Stage, problem_of
from ezp2p.wire.bridge import ChatSaid, CounselorView, Notified, Page, ProblemView
from ezp2p.wire.invitation import ServerAddress, parse_server
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import MAX_SLOTS, LoginAnswer

log = logging.getLogger(__name__)

# What went wrong with a call, where the counselor can do something about it.
_TOLD = frozenset(
    {
        ErrorKey.CODE_WRONG,
        ErrorKey.CODE_BURNT,
        ErrorKey.PEER_GONE,
        ErrorKey.PEER_VERSION,
        ErrorKey.PEER_UNTRUSTED,
    }
)


class Keyring(Protocol):
    """The system's keyring."""

    @property
    def is_there(self) -> bool:
        """Whether this system has one we may use."""
        ...

    def recall(self, account: str) -> str | None:
        """Return what is kept for this account; may block."""
        ...

    def remember(self, account: str, secret: str) -> None:
        """Keep it; raises Unavailable; may block."""
        ...

    def forget(self, account: str) -> None:
        """Keep it no longer; may block."""
        ...


class Reception(Protocol):
    """How a counselor gets to a desk: by the network in the program, at once in tests."""

    async def log_in(self, server: ServerAddress, login: str, password: str) -> LoginAnswer:
        """Return the token; raises EzError."""
        ...

    def make_desk(self, server: ServerAddress, answer: LoginAnswer, watcher: DeskWatcher) -> Desk:
        """Return the desk of this login."""
        ...


class CounselorHalf:
    """Follows one login after the other; watches the desk for the pages."""

    def __init__(
        self,
        *,
        reception: Reception,
        keyring: Keyring,
        clock: Clock,
        memory: Memory,
        stage: Stage,
        also: DeskWatcher,
        first_slots: int = 1,
        insecure_http: bool = False,
    ) -> None:
        """`also` hears everything about the desk, too."""
        self.page = Page.LOGIN
        self.problem: ProblemView | None = None
        self.error: EzError | None = None  # the same, for whoever started us headless
        self.server: ServerAddress | None = None
        self.company = ""
        self.desk: Desk | None = None
        self._reception = reception
        self._keyring = keyring
        self._clock = clock
        self._memory = memory
        self._stage = stage
        self._also = also
        self._first_slots = first_slots
        self._insecure_http = insecure_http
        self._answer: LoginAnswer | None = None
        self._running: asyncio.Task[None] | None = None
        self._forgetting: asyncio.Task[None] | None = None

    @property
    def known_server(self) -> ServerAddress | None:
        """The server in use, else the one of the last login."""
        remembered = str(self._memory.get("operator_server") or "")
        if self.server is not None or not remembered:
            return self.server
        try:
            return parse_server(remembered, insecure_http=self._insecure_http)
        except EzError:
            return None  # it was allowed once and is no longer: plain http

    @property
    def shown_problem(self) -> ProblemView | None:
        """What the pages say: why the login failed, or why no new customers can call."""
        if self.desk is not None and self.desk.problem is not None:
            return problem_of(self.desk.problem)
        return self.problem

    @property
    def busy(self) -> bool:
        """Whether a login is under way."""
        return self._running is not None and self.desk is None

    def view(self) -> CounselorView:
        """Return what the counselor's pages show."""
        answer = self._answer
        desk = self.desk
        return CounselorView(
            login=answer.login if answer else str(self._memory.get("login", "")),
            name=answer.name if answer else "",
            remember=bool(self._memory.get("remember", False)),
            can_remember=self._keyring.is_there,
            slots=[slot_view(slot, self._clock) for _, slot in sorted(desk.slots.places.items())]
            if desk
            else [],
            max_slots=MAX_SLOTS,
            sessions=[session_view(session) for session in desk.sessions.values()] if desk else [],
        )

    def chat_lines(self) -> Iterable[ChatSaid]:
        """Yield all lines of all sessions in the tabs."""
        for session in self.desk.sessions.values() if self.desk else ():
            for said in session.chat_lines:
                yield chat_line(session, said)

    # --- what the counselor asks for

    def log_in(self, address: str, login: str, password: str, *, remember: bool) -> None:
        """Log in and open the desk."""
        if self._running is not None:
            return
        try:
            self.server = parse_server(address, insecure_http=self._insecure_http)
        except EzError as error:
            self._failed(error)
            return
        self.error = self.problem = None
        server = self.server
        self._start(server, partial(self._log_in, server, login, password, remember=remember))

    def resume(self) -> None:
        """Open the desk by the login the keyring keeps, if the counselor wanted that."""
        address, login = self._memory.get("operator_server"), self._memory.get("login")
        if self._running is not None or not (self._memory.get("remember") and address and login):
            return
        try:
            server = parse_server(str(address), insecure_http=self._insecure_http)
        except EzError as error:
            self._failed(error)
            return
        self.server = server
        self._start(server, partial(self._recall, server, str(login)))

    def log_out(self) -> None:
        """End all sessions, stop waiting, forget the login."""
        server, answer = self.server, self._answer
        if self.desk is not None:
            self.desk.end_all()
        if self._running is not None:
            self._running.cancel()
        self._put("remember", False)
        if server is not None and answer is not None and self._keyring.is_there:
            self._forgetting = asyncio.create_task(self._forget(_account(server, answer.login)))

    def session(self, number: int) -> CounselorSession | None:
        """Return the session with this number."""
        return self.desk.sessions.get(number) if self.desk else None

    def close_tab(self, number: int) -> None:
        """Take an ended session out of the tabs; the last one leads back to the slots."""
        if self.desk is not None:
            self.desk.close_tab(number)
            if not self.desk.sessions:
                self.page = Page.WAITING

    def go_to(self, page: Page) -> None:
        """Show the slots or the viewers, as far as there are some."""
        if self.desk is not None and (page is Page.WAITING or self.desk.sessions):
            self.page = page

    async def finished(self) -> None:
        """Wait until the desk is closed or the login has failed; `error` tells why."""
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    async def close(self) -> None:
        """End whatever is under way and wait for it."""
        if self._running is not None:
            self._running.cancel()
        under_way = [task for task in (self._running, self._forgetting) if task is not None]
        await asyncio.gather(*under_way, return_exceptions=True)

    # --- the desk

    def desk_changed(self) -> None:
        """Show it."""
        self._also.desk_changed()
        self._stage.changed()

    def slot_waiting(self, slot: Slot) -> None:
        """Pass it on: scripts want the code."""
        self._also.slot_waiting(slot)

    def call_failed(self, slot: Slot, key: ErrorKey, tries_left: int) -> None:
        """Tell the counselor what happened on the phone's other end."""
        fields = {"slot": str(slot.place), "n": str(tries_left)}
        told = f"call.{key}" if key in _TOLD else "call.failed"
        self._stage.tell(Notified(key=told, fields=fields))
        self._also.call_failed(slot, key, tries_left)

    def session_happened(self, session: CounselorSession, event: events.SessionEvent) -> None:
        """Show it where it belongs."""
        match event:
            case events.Pictured(channel=channel, data=data):
                self._stage.show(channel, session.number, data)
                return
            case events.QualityTaken():
                self._stage.tell(quality(session, event))
                return
            case events.Said():
                self._stage.tell(chat_line(session, event))
            case events.Started():
                self.page = Page.VIEWER
        self._also.session_happened(session, event)
        self._stage.changed()

    # --- one thing each

    def _start(
        self, server: ServerAddress, log_in: Callable[[], Awaitable[LoginAnswer | None]]
    ) -> None:
        self._running = asyncio.create_task(self._work(server, log_in))
        # Not at the end of _work: a task that is cancelled before its first step never gets there.
        self._running.add_done_callback(self._stopped)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        self.desk = self._answer = self._running = None
        self.page = Page.LOGIN
        self._stage.changed()

    async def _work(
        self, server: ServerAddress, log_in: Callable[[], Awaitable[LoginAnswer | None]]
    ) -> None:
        try:
            self._answer = await log_in()
            if self._answer is not None:
                self.company = self._answer.company
                self.desk = self._reception.make_desk(server, self._answer, self)
                self.page = Page.WAITING
                self._stage.changed()
                await self.desk.run(self._first_slots)
        except EzError as error:
            self._failed(error)
        except Exception as error:
            # The border: a counselor must be able to log in again whatever failed.
            log.exception("the desk failed")
            self._failed(EzError(ErrorKey.INTERNAL, why=repr(error)))

    async def _log_in(
        self, server: ServerAddress, login: str, password: str, *, remember: bool
    ) -> LoginAnswer:
        answer = await self._reception.log_in(server, login, password)
        self._put("login", login)
        self._put("operator_server", server.page)
        self._put("remember", remember)
        if remember and self._keyring.is_there:
            kept = msgspec.json.encode(answer).decode()
            try:
                await asyncio.to_thread(self._keyring.remember, _account(server, login), kept)
            except EzError as error:
                self._stage.tell(Notified(key=error.key))
        return answer

    async def _forget(self, account: str) -> None:
        try:
            await asyncio.to_thread(self._keyring.forget, account)
        except EzError as error:
            self._stage.tell(Notified(key=error.key))

    async def _recall(self, server: ServerAddress, login: str) -> LoginAnswer | None:
        kept = await asyncio.to_thread(self._keyring.recall, _account(server, login))
        try:
            return msgspec.json.decode(kept, type=LoginAnswer) if kept else None
        except msgspec.DecodeError:
            return None  # kept by another version: log in again

    def _failed(self, error: EzError) -> None:
        self.error = error
        self.problem = problem_of(error)

    def _put(self, name: str, value: Any) -> None:
        try:
            self._memory.put(name, value)
        except EzError as error:
            self._stage.tell(Notified(key=error.key))


def _account(server: ServerAddress, login: str) -> str:
    return f"{login}@{server.page}"
