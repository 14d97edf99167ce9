"""`ezp2p doctor`: every step a session needs, and one plain sentence about the first that fails.

The same check-up stands on a page of the window; ui/checkup.py.
"""

from __future__ import annotations

from typing import Any

from ezp2p.app.compose import CLOCK, SystemDesktop, make_ways, open_settings, outbound_of
from ezp2p.app.loop import run as run_loop
from ezp2p.app.report import Reporter
from ezp2p.desktop.hotkeys import watch_end_key
from ezp2p.link.lookout import Ways
from ezp2p.link.outbound import Outbound
from ezp2p.session.checkup import Check, Checkup, Finding, conclusion, first_wrong, in_thread
from ezp2p.session.network import NetworkQuestions, no_questions
from ezp2p.ui.window import check_window
from ezp2p.wire.invitation import ServerAddress, parse_server
from ezp2p.wire.keys import CheckName, CheckState
from ezp2p.wire.messages.screen import ScreenDriver

_SIGNS = {
    CheckState.GOOD: "✓",
    CheckState.WORSE: "!",
    CheckState.BAD: "✗",
    CheckState.SKIPPED: "-",
}


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Check everything; 0 if help is possible, 1 if something is in its way."""
    return run_loop(_examine(options, reporter))


def make_checkup(
    server: ServerAddress | None, outbound: Outbound, ways: Ways, own: list[Check]
) -> Checkup:
    """Return a check-up of the way to the server, if one is known, and of this machine."""
    if server is None:
        network = no_questions()
    else:
        network = NetworkQuestions(server, outbound, ways, CLOCK).checks()
    return Checkup([*network, *own], CLOCK)


def customers_checks() -> list[Check]:
    """Return what a machine must be able to do so that its screen can be shown."""
    desktop = SystemDesktop()
    return [
        *counselors_checks(),
        Check(CheckName.SCREEN, in_thread(lambda: desktop.open_screen(ScreenDriver.AUTO).close())),
        Check(CheckName.INPUT, in_thread(lambda: desktop.open_input().close())),
        Check(CheckName.END_KEY, in_thread(lambda: watch_end_key(lambda: None).close())),
    ]


def counselors_checks() -> list[Check]:
    """Return what any machine must be able to do."""
    return [Check(CheckName.DATA, in_thread(lambda: open_settings().check()))]


async def _examine(options: dict[str, Any], reporter: Reporter) -> int:
    given, outbound = options["server"], outbound_of(options)
    server = parse_server(given, insecure_http=outbound.insecure_http) if given else None
    window = Check(CheckName.WINDOW, in_thread(check_window))
    ways = make_ways(options, open_settings())
    checkup = make_checkup(server, outbound, ways, [*customers_checks(), window])
    told: set[CheckName] = set()

    def tell(_news: Finding) -> None:
        # In the table's order, each as soon as all before it are over.
        for finding in checkup.findings:
            if not finding.is_over:
                return
            if finding.name not in told:
                told.add(finding.name)
                _report(finding, reporter)

    findings = await checkup.run(tell)
    wrong = first_wrong(findings)
    key, fields = conclusion(findings)
    ok = wrong is None or wrong.state is CheckState.WORSE
    sentence = reporter.texts.text(key, fields)
    first = wrong.name if wrong else None
    reporter.event("checked", f"\n{sentence}", ok=ok, first=first, key=key, sentence=sentence)
    return 0 if ok else 1


def _report(finding: Finding, reporter: Reporter) -> None:
    text = reporter.texts.text
    line = f"{_SIGNS[finding.state]} {text(f'check.{finding.name}')}"
    if finding.key:
        line += f": {text(finding.key, finding.fields)}"
    reporter.event(
        "check",
        line,
        name=finding.name,
        ok=None if finding.state is CheckState.SKIPPED else finding.state is not CheckState.BAD,
        state=finding.state,
        key=finding.key,
        fields=finding.fields,
        facts=finding.facts,
        ms=round(finding.took_s * 1000),
    )
