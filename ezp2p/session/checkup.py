"""A check-up: many single questions about this machine and its network, asked in the right order.

What a question needs is asked before it; what needs nothing of each other is asked at the same
time. Whatever is missing for want of something else is skipped, so that the first thing that is
wrong is the one to put right. The questions about the network stand in session/network.py, those
about the machine belong to whoever has its desktop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError
from ezp2p.wire.keys import CheckName, CheckState, ErrorKey, Hindrance

log = logging.getLogger(__name__)

TIMEOUT_S = 20.0

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """How a check is or came out: a sentence by key ("" where there is nothing to say), and facts
    for whoever knows networks."""

    name: CheckName
    state: CheckState
    key: str = ""
    fields: Fields = field(default_factory=dict)
    facts: Fields = field(default_factory=dict)
    took_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to come."""
        return self.state not in (CheckState.WAITING, CheckState.RUNNING)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a question that did not fail came to."""

    state: CheckState = CheckState.GOOD
    key: str = ""
    fields: Fields = field(default_factory=dict)
    facts: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A question. `ask` returns an Outcome, or raises EzError for what is bad."""

    name: CheckName
    ask: Callable[[], Awaitable[Outcome]]
    needs: tuple[CheckName, ...] = ()
    timeout_s: float = TIMEOUT_S


def first_wrong(findings: Iterable[Finding]) -> Finding | None:
    """Return the first of what is bad, else of what is worse; None if all is well."""
    known = list(findings)
    for state in (CheckState.BAD, CheckState.WORSE):
        for finding in known:
            if finding.state is state:
                return finding
    return None


def conclusion(findings: Iterable[Finding]) -> tuple[str, Fields]:
    """Return the one sentence that counts, by key: the first thing that is wrong and what to do."""
    known = list(findings)
    wrong = first_wrong(known)
    if wrong is not None:
        return wrong.key, wrong.fields
    asked_server = any(finding.name is CheckName.SERVER for finding in known)
    return "doctor.well" if asked_server else "doctor.well-alone", {}


class Checkup:
    """One round of checks, which stand in the order in which people read them."""

    def __init__(self, checks: Sequence[Check], clock: Clock) -> None:
        """A check may only need some that stand before it."""
        self._checks = checks
        self._clock = clock
        self._findings = {c.name: Finding(c.name, CheckState.WAITING) for c in checks}

    @property
    def findings(self) -> list[Finding]:
        """How far each check is."""
        return list(self._findings.values())

    async def run(self, tell: Callable[[Finding], None]) -> list[Finding]:
        """Ask everything once; `tell` hears of each check when it begins and when it is over.

        Being cancelled ends all that is under way.
        """
        over = {check.name: asyncio.Event() for check in self._checks}

        def found(finding: Finding) -> None:
            self._findings[finding.name] = finding
            tell(finding)

        async def follow(check: Check) -> None:
            for need in check.needs:
                await over[need].wait()
            try:
                if any(self._is_missing(need) for need in check.needs):
                    found(Finding(check.name, CheckState.SKIPPED))
                else:
                    found(Finding(check.name, CheckState.RUNNING))
                    found(await self._ask(check))
            finally:
                over[check.name].set()

        async with asyncio.TaskGroup() as group:
            for check in self._checks:
                group.create_task(follow(check))
        return self.findings

    def _is_missing(self, need: CheckName) -> bool:
        return self._findings[need].state in (CheckState.BAD, CheckState.SKIPPED)

    async def _ask(self, check: Check) -> Finding:
        began = self._clock.now()
        try:
            async with asyncio.timeout(check.timeout_s):
                outcome = await check.ask()
        except EzError as error:
            fields = {name: str(value) for name, value in error.fields.items()}
            why = {"why": fields.pop("why")} if "why" in fields else {}
            finding = Finding(check.name, CheckState.BAD, error.key, fields, why)
        except TimeoutError:
            seconds = {"seconds": f"{check.timeout_s:.0f}"}
            finding = Finding(check.name, CheckState.BAD, Hindrance.LATE, seconds)
        except Exception as error:
            # The border: a question that we ask wrongly must not hide the others' answers.
            log.exception("the check %s failed", check.name)
            why = {"why": repr(error)}
            finding = Finding(check.name, CheckState.BAD, ErrorKey.INTERNAL, {}, why)
        else:
            finding = Finding(check.name, outcome.state, outcome.key, outcome.fields, outcome.facts)
        return replace(finding, took_s=self._clock.now() - began)


def in_thread(act: Callable[[], object]) -> Callable[[], Awaitable[Outcome]]:
    """Return the question whether `act` works: it may take a while, and raises EzError if not."""

    async def ask() -> Outcome:
        await asyncio.to_thread(act)
        return Outcome()

    return ask
