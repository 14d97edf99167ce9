"""The order of a check-up's questions, and what it makes of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import Unavailable, Unreachable
from ezp2p.session.checkup import (
    Check,
    Checkup,
    Finding,
    Outcome,
    conclusion,
    first_wrong,
    in_thread,
)
from ezp2p.wire.keys import CheckName, CheckState, ErrorKey, Hindrance

A, B, C, D = CheckName.NETWORK, CheckName.NAME, CheckName.PORT, CheckName.SERVER
GOOD, BAD, SKIPPED, WORSE = (
    CheckState.GOOD,
    CheckState.BAD,
    CheckState.SKIPPED,
    CheckState.WORSE,
)
PATIENCE_S = 10

Ask = Callable[[], Awaitable[Outcome]]


async def well() -> Outcome:
    return Outcome()


async def limited() -> Outcome:
    return Outcome(WORSE, Hindrance.UDP_SILENT, {"host": "h"}, {"answered": "0/2"})


async def ill() -> Outcome:
    raise Unreachable(Hindrance.PORT_SILENT, host="h", port=443, why="nobody knows")


async def never() -> Outcome:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def examine(*checks: Check) -> dict[CheckName, Finding]:
    async with asyncio.timeout(PATIENCE_S):
        findings = await Checkup(checks, SystemClock()).run(lambda _: None)
    assert [f.name for f in findings] == [c.name for c in checks]
    return {finding.name: finding for finding in findings}


async def test_what_needs_something_missing_is_skipped_and_the_rest_is_not() -> None:
    found = await examine(
        Check(A, well), Check(B, ill, (A,)), Check(C, well, (B,)), Check(D, well, (A,))
    )
    assert [f.state for f in found.values()] == [GOOD, BAD, SKIPPED, GOOD]


async def test_skipping_goes_on_down_the_line_but_a_limit_stops_nothing() -> None:
    found = await examine(
        Check(A, limited), Check(B, ill, (A,)), Check(C, well, (B,)), Check(D, well, (C,))
    )
    assert [f.state for f in found.values()] == [WORSE, BAD, SKIPPED, SKIPPED]


async def test_questions_that_need_nothing_of_each_other_are_asked_together() -> None:
    meeting = asyncio.Barrier(3)

    async def meet() -> Outcome:
        await meeting.wait()
        return Outcome()

    found = await examine(Check(A, meet), Check(B, meet), Check(C, meet))
    assert {f.state for f in found.values()} == {GOOD}


async def test_finding_says_why_by_key_and_fields_and_keeps_the_reason_as_a_fact() -> None:
    found = (await examine(Check(A, ill)))[A]
    assert (found.key, found.fields) == (Hindrance.PORT_SILENT, {"host": "h", "port": "443"})
    assert found.facts == {"why": "nobody knows"}
    assert found.took_s >= 0


async def test_question_without_an_answer_is_given_up() -> None:
    found = (await examine(Check(A, never, timeout_s=0.01)))[A]
    assert (found.state, found.key, found.fields) == (BAD, Hindrance.LATE, {"seconds": "0"})


async def test_mistake_of_ours_hides_no_other_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> Outcome:
        raise ZeroDivisionError("oops")

    found = await examine(Check(A, broken), Check(B, well))
    assert (found[A].state, found[A].key) == (BAD, ErrorKey.INTERNAL)
    assert found[B].state is GOOD
    assert "oops" in caplog.text


async def test_each_beginning_and_end_is_told() -> None:
    told: list[tuple[CheckName, CheckState]] = []
    checkup = Checkup([Check(A, ill), Check(B, well, (A,))], SystemClock())
    assert {f.state for f in checkup.findings} == {CheckState.WAITING}
    await checkup.run(lambda f: told.append((f.name, f.state)))
    assert told == [(A, CheckState.RUNNING), (A, BAD), (B, SKIPPED)]


async def test_cancelling_ends_what_is_under_way() -> None:
    gone = asyncio.Event()

    async def wait() -> Outcome:
        try:
            return await never()
        finally:
            gone.set()

    began = asyncio.Event()
    checkup = Checkup([Check(A, wait), Check(B, well, (A,))], SystemClock())
    running = asyncio.create_task(checkup.run(lambda _: began.set()))
    await began.wait()
    running.cancel()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert gone.is_set()


async def test_work_in_a_thread_is_well_unless_it_raises() -> None:
    def fail() -> None:
        raise Unavailable(ErrorKey.DATA_UNWRITABLE)

    found = await examine(
        Check(CheckName.DATA, in_thread(fail)), Check(CheckName.SCREEN, in_thread(lambda: 1))
    )
    assert found[CheckName.DATA].key == ErrorKey.DATA_UNWRITABLE
    assert found[CheckName.SCREEN].state is GOOD


def test_first_of_what_is_bad_counts_before_what_is_only_worse() -> None:
    worse = Finding(A, WORSE, Hindrance.CLOCK_OFF, {"minutes": "9"})
    bad, later = Finding(B, BAD, Hindrance.OFFLINE), Finding(C, BAD, Hindrance.LATE)
    well = Finding(D, GOOD)
    assert first_wrong([worse, well, bad, later]) is bad
    assert conclusion([worse, well]) == (Hindrance.CLOCK_OFF, {"minutes": "9"})
    assert first_wrong([well]) is None
    assert conclusion([well]) == ("doctor.well", {})
    assert conclusion([Finding(A, GOOD)]) == ("doctor.well-alone", {})
