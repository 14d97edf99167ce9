"""The customer's half of the program, with a real counselor at a real rendezvous."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ezp2p.base.clock import SystemClock
from ezp2p.session.consent import DEAF_S
from ezp2p.ui.customer import RECENT_SERVERS, CustomerHalf
from ezp2p.wire.bridge import ChatSaid, Page
from ezp2p.wire.code import AccessCode
from ezp2p.wire.keys import EndReason, ErrorKey, Grant
from tests.support.meeting import Ears, Meeting, meeting
from tests.support.stage import FakeMemory, FakeStage

CODE = str(AccessCode("417", "90538"))
MISTYPED = CODE[:-1] + str((int(CODE[-1]) + 1) % 10)


@dataclass
class Customer:
    """The half, and what is around it."""

    half: CustomerHalf
    stage: FakeStage
    memory: FakeMemory
    ears: Ears
    met: Meeting | None = None

    def problem(self) -> str:
        return self.half.problem.key if self.half.problem else ""


def customer(met: Meeting | None = None, memory: FakeMemory | None = None) -> Customer:
    stage, memory, ears = FakeStage(), memory or FakeMemory(), Ears()

    def make_visit(watcher: object) -> object:
        assert met is not None, "no visit was expected"
        return met.visit(watcher)  # type: ignore[arg-type]

    half = CustomerHalf(
        make_visit=make_visit,  # type: ignore[arg-type]
        clock=SystemClock(),
        memory=memory,
        stage=stage,
        also=ears,
    )
    return Customer(half, stage, memory, ears, met)


@asynccontextmanager
async def asked() -> AsyncIterator[tuple[Customer, Meeting]]:
    """A customer who is being asked for her consent."""
    async with meeting() as met:
        slot = await met.next_slot()
        who = customer(met)
        who.half.choose_server(met.rendezvous.url)
        who.half.enter(str(slot.code))
        assert who.half.page is Page.JOINING and who.half.busy
        await who.stage.until(lambda: who.half.page is Page.CONSENT)
        try:
            yield who, met
        finally:
            await who.half.close()


async def test_code_leads_through_consent_and_session_to_the_end() -> None:
    async with asked() as (who, met):
        half = who.half
        view = half.view()
        assert set(view.asks) == {Grant.VIEW, Grant.CONTROL} and view.granted == []
        assert view.counselor and len(view.words) == 4
        assert abs((view.allow_from_ms - view.consent_until_ms) / 1000 + 59.5) < 0.01
        half.answer([Grant.VIEW])
        assert half.view().granted == []  # still deaf
        await asyncio.sleep(DEAF_S)  # of real time
        half.answer([Grant.VIEW])
        await who.stage.until(lambda: half.page is Page.SESSION)
        assert half.view().granted == [Grant.VIEW]
        half.say("hello")
        await who.stage.until(lambda: any(isinstance(e, ChatSaid) for e in who.stage.told))
        assert [line.text for line in half.chat_lines()] == ["hello"]
        half.start_again()
        assert half.page is Page.SESSION  # a session is not left by a click
        half.end()
        await who.stage.until(lambda: half.page is Page.ENDED)
        assert half.view().end_reason == EndReason.CUSTOMER_ENDED
        assert not half.busy and list(half.chat_lines()) == []
        assert half.recent_servers == [met.rendezvous.url + "/main"]
        half.start_again()
        assert (half.page, half.view().end_reason) == (Page.CODE, "")


async def test_refusal_ends_it_and_nothing_was_seen() -> None:
    async with asked() as (who, met):
        who.half.answer([])
        await who.stage.until(lambda: who.half.page is Page.ENDED)
        assert who.half.view().end_reason == EndReason.REFUSED
        assert met.desktop.screens_opened == 0


async def test_visit_cancelled_before_its_first_step_can_be_begun_again() -> None:
    who = customer()
    who.half.choose_server("https://help.company.kr")
    for _ in range(2):
        who.half.enter(CODE)
        assert who.half.busy
        who.half.cancel()
        assert who.half.page is Page.CODE
        await who.stage.until(lambda: not who.half.busy)
    assert who.problem() == ""


async def test_server_that_is_not_there_is_a_sentence_on_the_code_page() -> None:
    async with meeting() as met:
        who = customer(met)
        code = str((await met.next_slot()).code)
        await met.rendezvous.rendezvous.close()
        who.half.choose_server(met.rendezvous.url)
        who.half.enter(code)
        await who.stage.until(lambda: not who.half.busy)
        assert (who.half.page, who.problem()) == (Page.CODE, ErrorKey.SERVER_UNREACHABLE)


async def test_mistyped_code_and_missing_server_are_told_at_once() -> None:
    who = customer()
    who.half.enter(MISTYPED)
    assert who.problem() == ErrorKey.CODE_MISTYPED
    who.half.enter(CODE)
    assert who.problem() == ErrorKey.SERVER_UNKNOWN
    who.half.choose_server("not an address")
    assert who.problem() == ErrorKey.LINK_MALFORMED
    assert not who.half.busy


async def test_code_alone_goes_to_the_server_used_last() -> None:
    who = customer(memory=FakeMemory({"servers": ["https://help.company.kr/main"]}))
    who.half.enter(CODE)
    assert who.half.page is Page.JOINING
    await who.half.close()


async def test_few_servers_are_remembered_the_last_one_first() -> None:
    who = customer()
    for number in range(RECENT_SERVERS + 2):
        who.half.choose_server(f"https://help{number}.company.kr")
    who.half.choose_server("https://help4.company.kr")
    recent = who.half.recent_servers
    assert recent[0] == "https://help4.company.kr/main"
    assert len(recent) == len(set(recent)) == RECENT_SERVERS


async def test_full_disk_is_told_and_the_server_used_all_the_same() -> None:
    who = customer(memory=FakeMemory(writable=False))
    who.half.choose_server("https://help.company.kr")
    assert who.problem() == ErrorKey.DATA_UNWRITABLE
    assert who.half.server is not None


async def test_answers_without_a_session_do_nothing() -> None:
    half = customer().half
    half.answer([Grant.VIEW])
    half.change([Grant.VIEW])
    half.say("anybody?")
    half.end()
    half.cancel()
    assert half.page is Page.CODE
