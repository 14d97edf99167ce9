"""The program as its pages see it: one state, one way to ask for something.

Two halves stand behind it, the customer's and the counselor's, and the check-up; this file only
knows which page is in front and who is meant by a command.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from ezp2p.base.errors import EzError
from ezp2p.session.counselor import CounselorSession
from ezp2p.ui.checkup import CheckupHalf
from ezp2p.ui.counselor import CounselorHalf
from ezp2p.ui.customer import CUSTOMER_SESSION, CustomerHalf
from ezp2p.ui.server import PageServer
from ezp2p.ui.stage import Memory, problem_of, typed
from ezp2p.wire import bridge
from ezp2p.wire.bridge import BridgeSays, ChatSaid, Notified, Page, PageSays, State, StateChanged
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import EndReason, Role

log = logging.getLogger(__name__)

_COUNSELORS_PAGES = frozenset({Page.LOGIN, Page.WAITING, Page.VIEWER})
# What pages may remember; the rest of the settings is the program's own.
UPNP_SETTING = "upnp"  # whether the router may be asked for a port; yes, unless said otherwise
FORWARDED_SETTING = "forwarded-port"  # the UDP port that a person forwards to this machine
PORTS_SETTING = "relay-ports"  # "443,80": the relay's TCP ports to try; empty for all
_PAGE_SETTINGS = (
    *("theme", "zoom", "hide-bar", "sound", "hotkeys"),
    *(UPNP_SETTING, FORWARDED_SETTING, PORTS_SETTING),
)
PROXY_SETTING = "proxy"  # without its password; shown to pages, set by UseProxy alone


class Surroundings(Protocol):
    """What the front asks of the program around it."""

    @property
    def version(self) -> str:
        """The program's version."""
        ...

    @property
    def languages(self) -> list[str]:
        """The languages there are."""
        ...

    @property
    def language(self) -> str:
        """The language in use."""
        ...

    def speak(self, language: str) -> None:
        """Use this language from now on."""
        ...

    def full_screen(self, on: bool) -> None:
        """Our own window covers the whole screen, or no longer."""
        ...

    def use_proxy(self, address: str, password: str) -> None:
        """Reach servers so from now on; raises UsageError(proxy.malformed)."""
        ...

    def open_file(self, path: str) -> None:
        """Show a file of this machine with the system's program for it."""
        ...

    def quit(self) -> None:
        """Leave the program."""
        ...

    @property
    def has_window(self) -> bool:
        """Whether the pages are in our own window."""
        ...


class Front:
    """Stands between the pages and the two halves; a Program for PageServer, a Stage for them."""

    def __init__(self, *, surroundings: Surroundings, memory: Memory, first_page: Page) -> None:
        """Call `take_halves` and `take_server` before anything else."""
        self._around = surroundings
        self._memory = memory
        self._page = first_page
        self._customer: CustomerHalf | None = None
        self._counselor: CounselorHalf | None = None
        self._checkup: CheckupHalf | None = None
        self._left = Page.START  # the page from which somebody went to the check-up
        self._server: PageServer | None = None
        self._change_pending = False

    def take_halves(
        self, customer: CustomerHalf, counselor: CounselorHalf, checkup: CheckupHalf
    ) -> None:
        """The halves are made after the front, because they need it."""
        self._customer, self._counselor, self._checkup = customer, counselor, checkup

    def take_server(self, server: PageServer) -> None:
        """Where the pages are served; without one, nobody looks."""
        self._server = server

    @property
    def customer(self) -> CustomerHalf:
        """The customer's half."""
        assert self._customer is not None
        return self._customer

    @property
    def counselor(self) -> CounselorHalf:
        """The counselor's half."""
        assert self._counselor is not None
        return self._counselor

    @property
    def checkup(self) -> CheckupHalf:
        """The check-up."""
        assert self._checkup is not None
        return self._checkup

    # --- Program: what the pages ask

    def state(self) -> State:
        """Return what the pages show now."""
        page = self._front_page()
        checking = page is Page.CHECKUP
        counseling = (self._left if checking else page) in _COUNSELORS_PAGES
        half = self.counselor if counseling else self.customer
        server = half.server
        return State(
            page=page,
            version=self._around.version,
            language=self._around.language,
            languages=self._around.languages,
            window=self._around.has_window,
            busy=self.checkup.running if checking else half.busy,
            problem=self.checkup.problem if checking else half.shown_problem,
            server=bridge.ServerView(
                address=typed(server.page) if server else self._remembered_address(counseling),
                company=self.counselor.company if counseling else "",
                online=bool(self.counselor.desk and self.counselor.desk.online),
            ),
            recent_servers=[typed(address) for address in self.customer.recent_servers],
            settings=self._settings(),
            customer=self.customer.view(),
            counselor=self.counselor.view(),
            checkup=self.checkup.view(self._way_back()) if checking else None,
        )

    def chat_lines(self) -> Iterable[ChatSaid]:
        """Return all lines of the living sessions."""
        return [*self.customer.chat_lines(), *self.counselor.chat_lines()]

    def do(self, command: PageSays) -> None:
        """Carry out what a person asked for."""
        try:
            self._do(command)
        except EzError as error:
            self.tell(Notified(key=error.key, fields=problem_of(error).fields))
        self.changed()

    def page_said(self, channel: Channel, session: int, data: bytes) -> None:
        """Hand a viewer's message to its session."""
        target = self.counselor.session(session)
        message = CODECS[channel].decode(data)
        if target is not None and message is not None:
            target.page_said(channel, message)

    # --- Stage: what the halves show

    def changed(self) -> None:
        """Show the state to all pages, once for all changes of this turn of the loop."""
        self._leave_checkup_for_people()
        if not self._change_pending:
            self._change_pending = True
            asyncio.get_running_loop().call_soon(self._show_state)

    def tell(self, event: BridgeSays) -> None:
        """Tell the pages."""
        if self._server is not None:
            self._server.tell(event)

    def show(self, channel: Channel, session: int, data: bytes) -> None:
        """Hand a message to the viewers."""
        if self._server is not None:
            self._server.show(channel, session, data)

    async def close(self) -> None:
        """End sessions and waiting."""
        await asyncio.gather(self.customer.close(), self.counselor.close(), self.checkup.close())

    # --- one thing each

    def _show_state(self) -> None:
        self._change_pending = False
        if self._server is not None:
            self.tell(StateChanged(state=self.state()))

    def _front_page(self) -> Page:
        if self._page in (Page.START, Page.CHECKUP):
            return self._page
        return self.counselor.page if self._page is Page.LOGIN else self.customer.page

    def _settings(self) -> dict[str, str | bool | int]:
        names = (*_PAGE_SETTINGS, PROXY_SETTING)
        kept = ((name, self._memory.get(name)) for name in names)
        return {name: value for name, value in kept if value is not None}

    def _remembered_address(self, counseling: bool) -> str:
        if counseling:
            return typed(str(self._memory.get("operator_server", "")))
        recent = self.customer.recent_servers
        return typed(recent[0]) if recent else ""

    def _do(self, command: PageSays) -> None:
        match command:
            case bridge.GoTo(page=page):
                self._go_to(page)
            case bridge.ChangeSetting(name=name, value=value):
                self._set(name, value)
            case bridge.UseProxy(address=address, password=password):
                self._around.use_proxy(address, password)
            case bridge.FullScreen(on=on):
                self._around.full_screen(on)
            case bridge.OpenRecord():
                record = self.customer.view().record
                if record:
                    self._around.open_file(record)
            case bridge.CheckUp(address=address):
                if self._page is Page.CHECKUP:
                    self.checkup.start_at(address, self._known_server(), self._role())
            case bridge.StopCheckup():
                self.checkup.stop()
            case bridge.Quit():
                self._around.quit()
            case bridge.EndSession(session=number) if number != CUSTOMER_SESSION:
                self._with(number, lambda s: s.end(EndReason.COUNSELOR_ENDED))
            case bridge.Say(session=number, text=text) if number != CUSTOMER_SESSION:
                self._with(number, lambda s: s.say(text))
            case _:
                self._do_customers(command)
                self._do_counselors(command)

    def _do_customers(self, command: PageSays) -> None:
        half = self.customer
        match command:
            case bridge.ChooseServer(address=address):
                half.choose_server(address)
            case bridge.EnterCode(code=code):
                half.enter(code)
            case bridge.CancelJoining():
                half.cancel()
            case bridge.AnswerConsent(granted=granted):
                half.answer(granted)
            case bridge.ChangeGrants(granted=granted):
                half.change(granted)
            case bridge.EndSession():
                half.end()
            case bridge.Say(text=text):
                half.say(text)

    def _do_counselors(self, command: PageSays) -> None:
        half = self.counselor
        match command:
            case bridge.LogIn(address=address, login=login, password=password, remember=keep):
                half.log_in(address, login, password, remember=keep)
            case bridge.LogOut():
                half.log_out()
            case bridge.AddSlot() if half.desk:
                half.desk.add_slot()
            case bridge.RemoveSlot(slot=place) if half.desk:
                half.desk.remove_slot(place)
            case bridge.RenewSlot(slot=place) if half.desk:
                half.desk.renew_slot(place)
            case bridge.AskForGrants(session=number, grants=grants):
                self._with(number, lambda s: s.ask_grants(tuple(grants)))
            case bridge.SetViewOnly(session=number, on=on):
                self._with(number, lambda s: s.set_view_only(on))
            case bridge.CloseTab(session=number):
                half.close_tab(number)

    def _with(self, number: int, act: Callable[[CounselorSession], None]) -> None:
        session = self.counselor.session(number)
        if session is not None:
            act(session)

    def _go_to(self, page: Page) -> None:
        match page:
            case Page.START:
                if not self.customer.busy and self.counselor.desk is None:
                    self._page = Page.START
            # A page that a session needs is never left behind: a consent dialog stands there.
            case Page.CODE if self.counselor.desk is None:
                self._page = Page.CODE
                self.customer.start_again()
            case Page.LOGIN if not self.customer.busy:
                self._page = Page.LOGIN
                self.counselor.resume()
            case Page.WAITING | Page.VIEWER:
                if self._page is Page.CHECKUP and self.counselor.desk is not None:
                    self._page = Page.LOGIN
                self.counselor.go_to(page)
            case Page.CHECKUP if not self.customer.busy:
                front = self._front_page()
                if front not in (Page.CHECKUP, Page.VIEWER):
                    self._left, self._page = front, Page.CHECKUP
                    self.checkup.start(self._known_server(), self._role())
        if self._page is not Page.CHECKUP:
            self.checkup.stop()

    # --- the check-up, and back from it

    def _known_server(self) -> ServerAddress | None:
        """Return the server that somebody who comes from that page means."""
        if self._left in _COUNSELORS_PAGES:
            return self.counselor.known_server
        return self.customer.known_server or self.counselor.known_server

    def _role(self) -> Role:
        return Role.COUNSELOR if self._left in _COUNSELORS_PAGES else Role.CUSTOMER

    def _way_back(self) -> Page:
        match self._left:
            case Page.WAITING if self.counselor.desk is None:
                return Page.LOGIN  # logged out meanwhile
            case Page.CODE | Page.LOGIN | Page.WAITING:
                return self._left
        return Page.START

    def _leave_checkup_for_people(self) -> None:
        """A consent dialog, or a customer who has come, is not to be overlooked."""
        if self._page is not Page.CHECKUP:
            return
        if self.customer.busy:
            self._page = Page.CODE
        elif self._left in _COUNSELORS_PAGES and self.counselor.page is Page.VIEWER:
            self._page = Page.LOGIN
        else:
            return
        self.checkup.stop()

    def _set(self, name: str, value: str | bool | int) -> None:
        if name == "language":
            if str(value) in self._around.languages:
                self._around.speak(str(value))
                self._memory.put(name, str(value))
        elif name in _PAGE_SETTINGS:
            self._memory.put(name, value)
