"""The counselor's half of the program, with a real rendezvous and real customers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import EzError
from ezp2p.link.server import login
from ezp2p.session.desk import Desk, DeskWatcher
from ezp2p.ui.counselor import CounselorHalf
from ezp2p.wire.bridge import Notified, Page, SessionState, SlotState
from ezp2p.wire.code import parse_code
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import EndReason, ErrorKey, Grant
from ezp2p.wire.signalling import LoginAnswer
from tests.support.meeting import DeskEars, Ears, FakeDesktop, MemoryDiary, customers_visit, hello
from tests.support.rendezvous import RunningRendezvous, running_rendezvous
from tests.support.stage import FakeKeyring, FakeMemory, FakeStage

BOTH = frozenset({Grant.VIEW, Grant.CONTROL})


class Reception:
    """The network's, with pretended diaries."""

    async def log_in(self, server: ServerAddress, name: str, password: str) -> LoginAnswer:
        return await login(server, name, password)

    def make_desk(self, server: ServerAddress, answer: LoginAnswer, watcher: DeskWatcher) -> Desk:
        return Desk(
            server=server,
            token=answer.token,
            hello=hello("Kim"),
            language="en",
            open_diary=MemoryDiary,
            clock=SystemClock(),
            watcher=watcher,
        )


@dataclass
class Counselor:
    """The half, and what is around it."""

    stage: FakeStage = field(default_factory=FakeStage)
    memory: FakeMemory = field(default_factory=FakeMemory)
    keyring: FakeKeyring = field(default_factory=FakeKeyring)
    ears: DeskEars = field(default_factory=DeskEars)
    half: CounselorHalf = field(init=False)

    def __post_init__(self) -> None:
        self.half = CounselorHalf(
            reception=Reception(),
            keyring=self.keyring,
            clock=SystemClock(),
            memory=self.memory,
            stage=self.stage,
            also=self.ears,
        )

    def problem(self) -> str:
        return self.half.shown_problem.key if self.half.shown_problem else ""

    async def waits(self) -> str:
        """Wait for the first slot; return its code."""
        await self.stage.until(
            lambda: any(s.state is SlotState.WAITING for s in self.half.view().slots)
        )
        return self.half.view().slots[0].code


@asynccontextmanager
async def logged_in(remember: bool = False) -> AsyncIterator[tuple[Counselor, RunningRendezvous]]:
    async with running_rendezvous() as server:
        who = Counselor()
        who.half.log_in(server.url, "admin", server.admin_password, remember=remember)
        assert who.half.busy
        await who.stage.until(lambda: who.half.page is Page.WAITING)
        try:
            yield who, server
        finally:
            await who.half.close()


async def test_login_leads_to_a_slot_with_code_link_and_qr() -> None:
    async with logged_in() as (who, server):
        code = await who.waits()
        (slot,) = who.half.view().slots
        assert parse_code(code).slot in slot.link and slot.link.startswith(server.url)
        assert slot.qr_svg.startswith("<svg") or "<svg" in slot.qr_svg
        assert slot.until_ms > 0
        assert who.memory.kept["login"] == "admin" and who.keyring.kept == {}


async def test_session_shows_the_viewer_and_its_tab_stays_until_closed() -> None:
    async with logged_in() as (who, server):
        code = await who.waits()
        address = ServerAddress(server.url, server.site)
        visit, target = customers_visit(code, address, FakeDesktop(), Ears(), BOTH)
        visiting = asyncio.create_task(visit.run(target))
        await who.stage.until(lambda: who.half.page is Page.VIEWER)
        await who.stage.until(lambda: who.half.view().sessions[0].granted)
        (tab,) = who.half.view().sessions
        assert (tab.state, tab.customer, tab.slot) == (SessionState.LIVE, "CUSTOMER-PC", 1)
        who.half.close_tab(tab.session)
        assert who.half.session(tab.session) is not None  # it lives
        session = who.half.session(tab.session)
        assert session is not None
        session.say("hello")
        assert [line.text for line in who.half.chat_lines()] == ["hello"]
        session.end(EndReason.COUNSELOR_ENDED)
        assert await visiting is EndReason.COUNSELOR_ENDED
        await who.stage.until(lambda: who.half.view().sessions[0].state is SessionState.ENDED)
        who.half.close_tab(tab.session)
        assert who.half.page is Page.WAITING and who.half.view().sessions == []


async def test_wrong_code_is_told_to_the_counselor() -> None:
    async with logged_in() as (who, server):
        right = parse_code(await who.waits())
        wrong = f"{(int(right.secret) + 1) % 100_000:05d}"
        address = ServerAddress(server.url, server.site)
        visit, target = customers_visit(
            str(type(right)(right.slot, wrong)), address, FakeDesktop(), Ears(), BOTH
        )
        await asyncio.gather(visit.run(target), return_exceptions=True)
        await who.stage.until(lambda: who.stage.told)
        assert who.stage.told[0] == Notified(key="call.code.wrong", fields={"slot": "1", "n": "2"})
        assert who.half.view().slots[0].problem is not None


async def test_log_out_ends_the_sessions_and_forgets_the_login() -> None:
    async with logged_in(remember=True) as (who, server):
        code = await who.waits()
        assert len(who.keyring.kept) == 1
        address = ServerAddress(server.url, server.site)
        visit, target = customers_visit(code, address, FakeDesktop(), Ears(), BOTH)
        visiting = asyncio.create_task(visit.run(target))
        await who.stage.until(lambda: who.half.page is Page.VIEWER)
        who.half.log_out()
        assert await visiting is EndReason.PROGRAM_CLOSED
        await who.stage.until(lambda: who.half.page is Page.LOGIN)
        await who.half.close()
        assert who.keyring.kept == {} and who.memory.kept["remember"] is False
        assert who.half.view().sessions == [] and not who.half.busy


async def test_remembered_login_opens_the_desk_by_itself() -> None:
    async with logged_in(remember=True) as (who, _):
        await who.half.close()
        again = Counselor(memory=who.memory, keyring=who.keyring)
        again.half.resume()
        await again.stage.until(lambda: again.half.page is Page.WAITING)
        await again.half.close()


async def test_wrong_password_is_told_and_can_be_tried_again() -> None:
    async with running_rendezvous() as server:
        who = Counselor()
        who.half.log_in(server.url, "admin", "not the password", remember=True)
        await who.half.finished()
        assert (who.half.page, who.problem()) == (Page.LOGIN, ErrorKey.LOGIN_WRONG)
        assert isinstance(who.half.error, EzError)
        assert who.keyring.kept == {} and "remember" not in who.memory.kept
        who.half.log_in(server.url, "admin", server.admin_password, remember=False)
        assert who.problem() == ""
        await who.waits()
        await who.half.close()


async def test_login_cancelled_before_its_first_step_can_be_begun_again() -> None:
    who = Counselor()
    for _ in range(2):
        who.half.log_in("https://help.company.kr", "kim", "secret", remember=False)
        assert who.half.busy
        who.half.log_out()
        await who.stage.until(lambda: not who.half.busy)
    assert who.half.page is Page.LOGIN


async def test_unreadable_settings_lead_to_the_login_page() -> None:
    settings = {"remember": True, "login": "kim", "operator_server": "ftp://nowhere"}
    who = Counselor(memory=FakeMemory(settings))
    who.half.resume()
    assert not who.half.busy and who.problem() == ErrorKey.LINK_MALFORMED


async def test_login_kept_by_another_version_is_asked_for_again() -> None:
    settings = {"remember": True, "login": "kim", "operator_server": "https://help.company.kr"}
    kept = msgspec.json.encode({"token": 7}).decode()
    keyring = FakeKeyring(kept={"kim@https://help.company.kr/main": kept})
    who = Counselor(memory=FakeMemory(settings), keyring=keyring)
    who.half.resume()
    await who.half.finished()
    assert who.half.page is Page.LOGIN and who.half.error is None
