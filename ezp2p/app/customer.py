"""`ezp2p customer`: get help, in the window, in a browser, or by a script."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from ezp2p.app.compose import make_company, open_settings, warm_up
from ezp2p.app.loop import run as run_loop
from ezp2p.app.report import Reporter
from ezp2p.app.reporting import SessionReporter
from ezp2p.app.seat import Seat
from ezp2p.base.errors import UsageError
from ezp2p.session.visit import Target, Visit, target_of
from ezp2p.ui.front import Front
from ezp2p.wire.bridge import Page
from ezp2p.wire.code import parse_code
from ezp2p.wire.invitation import parse_invitation, parse_server
from ezp2p.wire.keys import EndReason, ErrorKey
from ezp2p.wire.messages.screen import ScreenDriver

# How the session ended, as an exit code; everything else is done (0).
_EXIT = {
    EndReason.LINK_LOST: 4,
    EndReason.NOTICE_LOST: 1,
    EndReason.PROTOCOL: 1,
    EndReason.VERSION: 1,
}


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Join a waiting counselor."""
    text = options["target"] or os.environ.get("EZP2P_CODE") or ""
    if options["headless"]:
        return run_loop(_visit(options, reporter, text))

    def begin(front: Front) -> None:
        if options["server"]:
            front.customer.choose_server(options["server"])
        if "://" in text and "#" not in text:
            front.customer.choose_server(text)  # the button of a company's page
        elif text:
            front.customer.enter(text)

    return Seat(options, reporter, first_page=Page.CODE, begin=begin).run()


async def _visit(options: dict[str, Any], reporter: Reporter, text: str) -> int:
    """Live one visit without a window of the main program."""
    if not options["grant"]:
        raise UsageError(ErrorKey.USAGE, why="--headless needs --grant view[,control]")
    warm_up()
    target = _target(text, options["server"], insecure_http=options["insecure_http"])
    driver = ScreenDriver(options["screen_driver"] or ScreenDriver.AUTO)
    company = make_company(reporter.texts, options, open_settings(), driver)
    # Before a try at the code is spent: is there a screen at all?
    (await asyncio.to_thread(company.desktop.open_screen, driver)).close()
    allowed = ", ".join(sorted(options["grant"]))
    print(reporter.texts.text("cli.headless", {"grants": allowed}), file=sys.stderr, flush=True)
    watcher = SessionReporter(reporter)
    visit = Visit(company, watcher, options["grant"])
    try:
        reason = await visit.run(target)
    except asyncio.CancelledError:
        reason = EndReason.PROGRAM_CLOSED
    session = visit.session
    if session is not None:
        reporter.event(
            "session-ended",
            reporter.texts.text(f"end.{reason}"),
            reason=reason,
            path=watcher.path,
            frames_shown=session.frames_shown,
            latency_ms=round(session.latency_s * 1000, 1),
            record=session.record,
        )
    return _EXIT.get(reason, 0)


def _target(text: str, server: str | None, *, insecure_http: bool) -> Target:
    if not text:
        raise UsageError(ErrorKey.USAGE, why="a code or a link is needed")
    if "://" in text:
        return target_of(parse_invitation(text), None)
    code = parse_code(text)
    if not server:
        raise UsageError(ErrorKey.SERVER_UNKNOWN)
    return target_of(code, parse_server(server, insecure_http=insecure_http))
