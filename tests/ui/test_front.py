"""The program as its pages see it: which page is in front, and who is meant by a command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import Unreachable
from ezp2p.session.checkup import Check, Checkup, Outcome
from ezp2p.session.events import Started, Watcher
from ezp2p.session.visit import Target
from ezp2p.ui.checkup import CheckupHalf
from ezp2p.ui.counselor import CounselorHalf
from ezp2p.ui.customer import CustomerHalf
from ezp2p.ui.front import Front
from ezp2p.wire import bridge
from ezp2p.wire.bridge import Page
from ezp2p.wire.channel import Channel
from ezp2p.wire.code import AccessCode
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import CheckName, CheckState, ErrorKey, Hindrance, Role
from ezp2p.wire.messages.input import ReleaseAll
from tests.support.meeting import DeskEars, Ears
from tests.support.stage import FakeKeyring, FakeMemory, FakeServer

CODE = str(AccessCode("417", "90538"))


@dataclass
class FakeSurroundings:
    """Remembers what the front asked of the program around it."""

    version: str = "1.2.3"
    languages: list[str] = field(default_factory=lambda: ["en", "ko"])
    language: str = "en"
    has_window: bool = False
    asked: list[object] = field(default_factory=list)

    def speak(self, language: str) -> None:
        self.language = language

    def full_screen(self, on: bool) -> None:
        self.asked.append(("full-screen", on))

    def use_proxy(self, address: str, password: str) -> None:
        self.asked.append(("proxy", address, password))

    def open_file(self, path: str) -> None:
        self.asked.append(("open", path))

    def quit(self) -> None:
        self.asked.append("quit")


class NoVisit:
    """A visit that goes nowhere until it is cancelled."""

    session = None

    async def run(self, target: Target) -> None:
        await asyncio.Event().wait()


class Checkups:
    """Makes check-ups of one question that is answered when a test says so; remembers of what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Role]] = []
        self.pins: list[str | None] = []
        self.answered = asyncio.Event()

    def make(self, server: ServerAddress | None, role: Role) -> Checkup:
        self.asked.append((server.page if server else "", role))
        self.pins.append(server.pin if server else None)

        async def ask() -> Outcome:
            await self.answered.wait()
            raise Unreachable(Hindrance.PORT_SILENT, host="h", port=443)

        return Checkup([Check(CheckName.PORT, ask)], SystemClock())


class Standing:
    """A front with both halves, and what is around them."""

    def __init__(self, first_page: Page = Page.START) -> None:
        self.around, self.memory, self.server = FakeSurroundings(), FakeMemory(), FakeServer()
        self.front = Front(surroundings=self.around, memory=self.memory, first_page=first_page)

        def make_visit(watcher: Watcher) -> NoVisit:
            return NoVisit()

        self.customer = CustomerHalf(
            make_visit=make_visit,  # type: ignore[arg-type]
            clock=SystemClock(),
            memory=self.memory,
            stage=self.front,
            also=Ears(),
        )
        self.counselor = CounselorHalf(
            reception=object(),  # type: ignore[arg-type]
            keyring=FakeKeyring(is_there=False),
            clock=SystemClock(),
            memory=self.memory,
            stage=self.front,
            also=DeskEars(),
        )
        self.checkups = Checkups()
        self.checkup = CheckupHalf(
            make_checkup=self.checkups.make,
            diagnose=lambda findings, server, at: f"{len(findings)} findings",
            clock=SystemClock(),
            stage=self.front,
        )
        self.front.take_halves(self.customer, self.counselor, self.checkup)
        self.front.take_server(self.server)  # type: ignore[arg-type]

    def page(self) -> Page:
        return self.front.state().page

    def do(self, *commands: bridge.PageSays) -> None:
        for command in commands:
            self.front.do(command)


@asynccontextmanager
async def standing(first_page: Page = Page.START) -> AsyncIterator[Standing]:
    here = Standing(first_page)
    try:
        yield here
    finally:
        await here.front.close()


async def test_start_page_leads_to_either_half_and_back() -> None:
    async with standing() as here:
        assert here.page() is Page.START
        for page in (Page.CODE, Page.START, Page.LOGIN, Page.START):
            here.do(bridge.GoTo(page=page))
            assert here.page() is page


async def test_page_of_a_visit_is_not_left_behind() -> None:
    async with standing(Page.CODE) as here:
        here.do(bridge.ChooseServer(address="help.company.kr"), bridge.EnterCode(code=CODE))
        assert here.page() is Page.JOINING and here.front.state().busy
        for page in (Page.START, Page.LOGIN, Page.WAITING, Page.VIEWER, Page.CODE):
            here.do(bridge.GoTo(page=page))
            assert here.page() is Page.JOINING
        here.do(bridge.CancelJoining())
        assert here.page() is Page.CODE


async def test_problem_and_server_are_those_of_the_half_in_front() -> None:
    async with standing(Page.CODE) as here:
        here.do(bridge.ChooseServer(address="help.company.kr"), bridge.EnterCode(code="1"))
        state = here.front.state()
        assert state.problem is not None and state.problem.key == ErrorKey.CODE_MISTYPED
        assert state.server.address == "help.company.kr"
        assert state.recent_servers == ["help.company.kr"]
        here.do(bridge.GoTo(page=Page.LOGIN))
        state = here.front.state()
        assert state.problem is None and state.server.address == ""


async def finished(here: Standing) -> bridge.CheckupView:
    """The check-up's view when it is over."""
    here.checkups.answered.set()
    await here.server.until(lambda: not here.front.state().busy)
    view = here.front.state().checkup
    assert view is not None
    return view


async def test_checkup_is_of_the_server_in_use_and_leads_back_to_where_one_was() -> None:
    async with standing(Page.CODE) as here:
        here.do(bridge.ChooseServer(address="help.company.kr"), bridge.GoTo(page=Page.CHECKUP))
        state = here.front.state()
        assert (state.page, state.busy) == (Page.CHECKUP, True)
        view = await finished(here)
        assert here.checkups.asked == [("https://help.company.kr/main", Role.CUSTOMER)]
        assert (view.address, view.back) == ("help.company.kr", Page.CODE)
        assert view.state is CheckState.BAD
        assert view.conclusion is not None and view.conclusion.key == Hindrance.PORT_SILENT
        assert view.conclusion.fields == {"host": "h", "port": "443"}
        assert (view.checks[0].name, view.report) == (CheckName.PORT, "1 findings")
        here.do(bridge.GoTo(page=view.back))
        assert here.page() is Page.CODE
        assert here.front.state().checkup is None


async def test_checkup_from_the_login_looks_at_what_a_counselor_needs() -> None:
    async with standing(Page.LOGIN) as here:
        here.memory.kept["operator_server"] = "https://desk.company.kr/main"
        here.do(bridge.GoTo(page=Page.CHECKUP))
        assert (await finished(here)).back is Page.LOGIN
        assert here.checkups.asked == [("https://desk.company.kr/main", Role.COUNSELOR)]


async def test_checkup_without_a_server_takes_the_address_that_is_typed() -> None:
    async with standing() as here:
        here.do(bridge.GoTo(page=Page.CHECKUP))
        assert (await finished(here)).back is Page.START
        here.do(bridge.CheckUp(address="http://help.company.kr"))
        problem = here.front.state().problem
        assert problem is not None and problem.key == ErrorKey.SERVER_INSECURE
        for address in ("help.company.kr", " "):
            here.do(bridge.CheckUp(address=address))
            assert here.front.state().problem is None
            await finished(here)
        asked = [server for server, _ in here.checkups.asked]
        assert asked == ["", "https://help.company.kr/main", ""]


async def test_second_checkup_waits_for_the_end_of_the_first_which_can_be_stopped() -> None:
    async with standing() as here:
        here.do(bridge.GoTo(page=Page.CHECKUP), bridge.CheckUp(address="help.company.kr"))
        here.do(bridge.StopCheckup())
        view = await finished(here)
        assert (view.conclusion, view.report) == (None, "")
        assert len(here.checkups.asked) <= 1


async def test_pin_of_a_link_s_server_is_kept_for_its_checkup() -> None:
    pin = "A" * 43
    async with standing(Page.CODE) as here:
        here.customer.server = ServerAddress("https://help.company.kr", pin=pin)
        here.do(bridge.GoTo(page=Page.CHECKUP))
        await finished(here)
        here.do(bridge.CheckUp(address="help.company.kr"))
        await finished(here)
        assert here.checkups.pins == [pin, pin]


async def test_checkup_stands_in_nobody_s_way() -> None:
    async with standing(Page.CODE) as here:
        here.do(bridge.ChooseServer(address="help.company.kr"), bridge.EnterCode(code=CODE))
        here.do(bridge.GoTo(page=Page.CHECKUP))
        assert here.page() is Page.JOINING
        here.do(bridge.CheckUp(address="help.company.kr"))
        assert here.checkups.asked == []
        here.do(bridge.CancelJoining())
        await here.server.until(lambda: not here.customer.busy)
        here.do(bridge.GoTo(page=Page.CHECKUP))
        assert here.page() is Page.CHECKUP
        here.do(bridge.EnterCode(code=CODE))  # by a link that another program hands over
        assert here.page() is Page.JOINING


async def test_checkup_makes_room_for_a_customer_who_has_come() -> None:
    async with standing(Page.LOGIN) as here:
        here.do(bridge.GoTo(page=Page.CHECKUP))
        assert here.page() is Page.CHECKUP
        here.counselor.session_happened(object(), Started("Park"))  # type: ignore[arg-type]
        assert here.page() is Page.VIEWER
        here.do(bridge.GoTo(page=Page.CHECKUP))
        assert here.page() is Page.VIEWER


async def test_all_changes_of_a_turn_are_shown_once() -> None:
    async with standing() as here:
        here.do(bridge.GoTo(page=Page.CODE), bridge.GoTo(page=Page.START))
        here.front.changed()
        assert here.server.told == []
        await asyncio.sleep(0)
        assert [type(event) for event in here.server.told] == [bridge.StateChanged]


async def test_only_pages_settings_can_be_set() -> None:
    async with standing() as here:
        here.do(
            bridge.ChangeSetting(name="theme", value="dark"),
            bridge.ChangeSetting(name="language", value="ko"),
            bridge.ChangeSetting(name="language", value="tlh"),
            bridge.ChangeSetting(name="operator_server", value="https://evil.example"),
        )
        assert here.memory.kept == {"theme": "dark", "language": "ko"}
        assert here.front.state().settings == {"theme": "dark"}
        assert here.around.language == "ko"


async def test_proxy_is_set_by_its_own_command_and_shown_without_a_password() -> None:
    async with standing() as here:
        here.do(
            bridge.ChangeSetting(name="relay-ports", value="443,80"),
            bridge.ChangeSetting(name="proxy", value="http://evil.example:1"),
            bridge.UseProxy(address="socks5://kim@p:1080", password="secret"),
        )
        assert here.around.asked == [("proxy", "socks5://kim@p:1080", "secret")]
        assert here.memory.kept == {"relay-ports": "443,80"}
        here.memory.put("proxy", "socks5://kim@p:1080")
        assert here.front.state().settings["proxy"] == "socks5://kim@p:1080"


async def test_setting_that_cannot_be_kept_is_told() -> None:
    async with standing() as here:
        here.memory.writable = False
        here.do(bridge.ChangeSetting(name="theme", value="dark"))
        assert here.server.told == [bridge.Notified(key=ErrorKey.DATA_UNWRITABLE)]


async def test_commands_for_nobody_do_nothing() -> None:
    async with standing() as here:
        here.do(
            bridge.AnswerConsent(granted=[]),
            bridge.ChangeGrants(granted=[]),
            bridge.EndSession(),
            bridge.EndSession(session=7),
            bridge.Say(text="anybody?"),
            bridge.Say(session=7, text="anybody?"),
            bridge.AskForGrants(session=7, grants=[]),
            bridge.SetViewOnly(session=7, on=True),
            bridge.CloseTab(session=7),
            bridge.AddSlot(),
            bridge.RemoveSlot(slot=1),
            bridge.RenewSlot(slot=1),
            bridge.LogOut(),
            bridge.OpenRecord(),
        )
        here.front.page_said(Channel.INPUT, 7, CODECS[Channel.INPUT].encode(ReleaseAll()))
        assert here.page() is Page.START and here.around.asked == []
        assert list(here.front.chat_lines()) == []


async def test_window_is_asked_for() -> None:
    async with standing() as here:
        here.do(bridge.FullScreen(on=True), bridge.Quit())
        assert here.around.asked == [("full-screen", True), "quit"]
