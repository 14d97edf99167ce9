"""The customer's half of the program: the code, the consent, the session, the thanks after it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError
from ezp2p.session import events
from ezp2p.session.consent import DEAF_S
from ezp2p.session.visit import Target, Visit, target_of
from ezp2p.ui.moment import page_ms, wall_ms
from ezp2p.ui.stage import Memory, Stage, problem_of
from ezp2p.wire.bridge import ChatSaid, CustomerView, Page, ProblemView
from ezp2p.wire.code import parse_code
from ezp2p.wire.invitation import ServerAddress, parse_invitation, parse_server
from ezp2p.wire.keys import EndReason, ErrorKey, Grant

log = logging.getLogger(__name__)

RECENT_SERVERS = 5
CUSTOMER_SESSION = 0  # in binary frames and chat events


@dataclass(frozen=True, slots=True)
class Finished:
    """What the last page says."""

    reason: EndReason
    company: str
    counselor: str
    record: str


class CustomerHalf:
    """Follows one visit after the other; watches the session for the pages."""

    def __init__(
        self,
        *,
        make_visit: Callable[[events.Watcher], Visit],
        clock: Clock,
        memory: Memory,
        stage: Stage,
        also: events.Watcher,
        insecure_http: bool = False,
    ) -> None:
        """`also` hears every event of the session, too."""
        self.page = Page.CODE
        self.problem: ProblemView | None = None
        self.server: ServerAddress | None = None
        self._make_visit = make_visit
        self._clock = clock
        self._memory = memory
        self._stage = stage
        self._also = also
        self._insecure_http = insecure_http
        self._visit: Visit | None = None
        self._running: asyncio.Task[None] | None = None
        self._finished: Finished | None = None

    @property
    def recent_servers(self) -> list[str]:
        """Addresses used before, the last one first."""
        return [str(address) for address in self._memory.get("servers", [])]

    @property
    def known_server(self) -> ServerAddress | None:
        """The server in use, else the one used last."""
        try:
            return self.server or self._last_server()
        except EzError:
            return None  # it was allowed once and is no longer: plain http

    @property
    def shown_problem(self) -> ProblemView | None:
        """What the pages say."""
        return self.problem

    @property
    def busy(self) -> bool:
        """Whether a visit is under way."""
        return self._running is not None

    def view(self) -> CustomerView:
        """Return what the customer's pages show."""
        session = self._visit.session if self._visit else None
        if session is None:
            done = self._finished
            if done is None or self.page is not Page.ENDED:
                return CustomerView()
            return CustomerView(
                company=done.company,
                counselor=done.counselor,
                end_reason=done.reason,
                record=done.record,
            )
        consent = session.consent
        opened = consent.open_since
        return CustomerView(
            company=session.names.company,
            counselor=session.names.counselor,
            asks=list(consent.asks),
            granted=sorted(session.granted),
            grantable=sorted(consent.ever_asked),
            words=session.words,
            consent_until_ms=page_ms(consent.expires_at, self._clock),
            allow_from_ms=page_ms(None if opened is None else opened + DEAF_S, self._clock),
            since_ms=wall_ms(session.since),
            path=session.path.kind if session.path else "",
            gives_up_ms=wall_ms(session.gives_up_at),
        )

    def chat_lines(self) -> Iterable[ChatSaid]:
        """Yield all lines of the running session."""
        session = self._visit.session if self._visit else None
        return [self._line(said) for said in session.chat_lines] if session else []

    # --- what the person asks for

    def start_again(self) -> None:
        """Go to the code page, unless a session is running."""
        if not self.busy:
            self.page, self.problem, self._finished = Page.CODE, None, None

    def choose_server(self, address: str) -> None:
        """Use the company's server at this address; "" forgets the one in use."""
        self.problem = None
        if not address.strip():
            self.server = None
            return
        try:
            self.server = parse_server(address, insecure_http=self._insecure_http)
        except EzError as error:
            self.problem = problem_of(error)
        else:
            self._remember(self.server)

    def enter(self, text: str) -> None:
        """Begin a visit with a code or a link as typed."""
        if self.busy:
            return
        try:
            what = parse_invitation(text) if "://" in text else parse_code(text)
            target = target_of(what, self.server or self._last_server())
        except EzError as error:
            self.page, self.problem = Page.CODE, problem_of(error)
            return
        self.page, self.problem = Page.JOINING, None
        self._running = asyncio.create_task(self._run(target))
        # Not at the end of _run: a task that is cancelled before its first step never gets there.
        self._running.add_done_callback(self._stopped)

    def cancel(self) -> None:
        """Stop calling."""
        if self._running is not None and self.page is Page.JOINING:
            self.page = Page.CODE
            self._running.cancel()

    def answer(self, granted: Iterable[Grant]) -> None:
        """Answer the consent dialog."""
        if self._visit and self._visit.session:
            self._visit.session.answer(frozenset(granted))

    def change(self, granted: Iterable[Grant]) -> None:
        """Set the switches."""
        if self._visit and self._visit.session:
            self._visit.session.change_grants(frozenset(granted))

    def say(self, text: str) -> None:
        """Write a chat line."""
        if self._visit and self._visit.session:
            self._visit.session.say(text)

    def end(self) -> None:
        """End the session."""
        if self._visit and self._visit.session:
            self._visit.session.end(EndReason.CUSTOMER_ENDED)

    async def close(self) -> None:
        """End whatever is under way and wait for it."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    # --- what happens

    def happened(self, event: events.SessionEvent) -> None:
        """Follow the session."""
        match event:
            case events.ConsentOpened():
                self.page = Page.CONSENT
            case events.GrantsSet():
                self.page = Page.SESSION
            case events.Said():
                self._stage.tell(self._line(event))
        self._also.happened(event)
        self._stage.changed()

    async def _run(self, target: Target) -> None:
        self._visit = self._make_visit(self)
        try:
            reason = await self._visit.run(target)
            session = self._visit.session
            assert session is not None  # a visit that returns has had one
            self._remember(target.server)
            self._finished = Finished(
                reason, session.names.company, session.names.counselor, session.record
            )
            self.page = Page.ENDED
        except EzError as error:
            self.page, self.problem = Page.CODE, problem_of(error)
        except asyncio.CancelledError:
            self.page = Page.CODE
        except Exception:
            # The border: whatever failed, the customer gets a sentence and her screen is shut.
            log.exception("the visit failed")
            self.page, self.problem = Page.CODE, ProblemView(key=ErrorKey.INTERNAL)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        self._visit = self._running = None
        self._stage.changed()

    def _last_server(self) -> ServerAddress | None:
        """Return the server that the page shows, because it was used last."""
        recent = self.recent_servers
        return parse_server(recent[0], insecure_http=self._insecure_http) if recent else None

    def _remember(self, server: ServerAddress) -> None:
        self.server = server
        address = server.page
        recent = [address, *(other for other in self.recent_servers if other != address)]
        try:
            self._memory.put("servers", recent[:RECENT_SERVERS])
        except EzError as error:
            self.problem = problem_of(error)

    @staticmethod
    def _line(said: events.Said) -> ChatSaid:
        return ChatSaid(
            session=CUSTOMER_SESSION,
            number=said.number,
            mine=said.mine,
            who="",
            text=said.text,
            at_ms=wall_ms(said.at),
        )
