"""The check-up on its page: one round after the other, of whichever server a person names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError
from ezp2p.session.checkup import Checkup, Finding, conclusion, first_wrong
from ezp2p.ui.stage import Stage, problem_of, typed
from ezp2p.wire.bridge import CheckupView, CheckView, Page, ProblemView
from ezp2p.wire.invitation import ServerAddress, parse_server
from ezp2p.wire.keys import CheckState, ErrorKey, Role

log = logging.getLogger(__name__)

# May take a moment, since a keyring is asked: it runs beside the loop.
MakeCheckup = Callable[[ServerAddress | None, Role], Checkup]
# What was found, of which server, when (seconds since 1970).
Diagnose = Callable[[Sequence[Finding], ServerAddress | None, float], str]


class CheckupHalf:
    """What stands behind the page of the check-up."""

    def __init__(
        self,
        *,
        make_checkup: MakeCheckup,
        diagnose: Diagnose,
        clock: Clock,
        stage: Stage,
        insecure_http: bool = False,
    ) -> None:
        self.problem: ProblemView | None = None
        self._make_checkup = make_checkup
        self._diagnose = diagnose
        self._clock = clock
        self._stage = stage
        self._insecure_http = insecure_http
        self._server: ServerAddress | None = None
        self._checkup: Checkup | None = None
        self._running: asyncio.Task[None] | None = None
        self._ended_at = 0.0

    @property
    def running(self) -> bool:
        """Whether a round is under way."""
        return self._running is not None

    def start(self, server: ServerAddress | None, role: Role) -> None:
        """Begin a round, unless one is under way; without a server of this machine alone."""
        if self._running is not None:
            return
        self.problem, self._server, self._checkup = None, server, None
        self._running = asyncio.create_task(self._run(server, role))
        self._running.add_done_callback(self._stopped)

    def start_at(self, address: str, known: ServerAddress | None, role: Role) -> None:
        """Begin a round at an address as typed; the known server's stands for all we know of it."""
        if known is not None and address.strip() == typed(known.page):
            self.start(known, role)
            return
        try:
            server = (
                parse_server(address, insecure_http=self._insecure_http)
                if address.strip()
                else None
            )
        except EzError as error:
            self.problem = problem_of(error)
        else:
            self.start(server, role)

    def stop(self) -> None:
        """Leave the rest undone."""
        if self._running is not None:
            self._running.cancel()

    async def close(self) -> None:
        """End the round and wait for it."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def view(self, back: Page) -> CheckupView:
        """Return what the page shows; `back` is where its arrow leads."""
        address = typed(self._server.page) if self._server else ""
        findings = self._checkup.findings if self._checkup else []
        if self._running is not None or not findings or not all(f.is_over for f in findings):
            state = CheckState.RUNNING if self._running else CheckState.WAITING
            checks = [check_view(finding) for finding in findings]
            return CheckupView(
                address=address, back=back, running=self.running, checks=checks, state=state
            )
        wrong = first_wrong(findings)
        key, fields = conclusion(findings)
        return CheckupView(
            address=address,
            back=back,
            checks=[check_view(finding) for finding in findings],
            state=wrong.state if wrong else CheckState.GOOD,
            conclusion=ProblemView(key=key, fields=dict(fields)),
            report=self._diagnose(findings, self._server, self._ended_at),
        )

    async def _run(self, server: ServerAddress | None, role: Role) -> None:
        try:
            self._checkup = await asyncio.to_thread(self._make_checkup, server, role)
            await self._checkup.run(lambda _: self._stage.changed())
            self._ended_at = self._clock.wall()
        except EzError as error:
            self.problem = problem_of(error)
        except Exception:
            # The border: a person who looks for a fault must not find nothing at all.
            log.exception("the check-up failed")
            self.problem = ProblemView(key=ErrorKey.INTERNAL)

    def _stopped(self, _task: asyncio.Task[None]) -> None:
        self._running = None
        self._stage.changed()


def check_view(finding: Finding) -> CheckView:
    """Return a finding as the page shows it."""
    return CheckView(
        name=finding.name, state=finding.state, key=finding.key, fields=dict(finding.fields)
    )
