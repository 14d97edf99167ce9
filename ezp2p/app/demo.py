"""`ezp2p demo`: rendezvous, customer and counselor on this one machine, to look at.

Each is the program itself with its own command line, told apart only by what it was asked to
do; so what the demo shows is what a company would have. DEMO_SECONDS ends it by itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any, TextIO

from ezp2p.app.part import END_TIMEOUT_S, Part, started
from ezp2p.app.report import Reporter
from ezp2p.app.stage import IN_MEMORY, can_share, can_view, display_in_memory
from ezp2p.base.errors import EzError, UsageError
from ezp2p.wire.keys import ErrorKey

COMPANY = "ezp2p demo"


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Play until DEMO_SECONDS are over or somebody presses Ctrl+C; then say how it was."""
    seconds = _seconds(os.environ.get("DEMO_SECONDS") or "0")
    # The parts must not outlive us: let SIGTERM end us the way Ctrl+C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ezp2p-demo-")))
        log = stack.enter_context((folder / "log").open("w+", encoding="utf-8"))
        try:
            summary = _play(options, reporter, seconds, stack, folder, log)
        except EzError:
            log.seek(0)
            sys.stderr.write(log.read())
            raise
        reporter.event("summary", reporter.texts.text("cli.demo-summary", summary), **summary)
    return 0


def _play(
    options: dict[str, Any],
    reporter: Reporter,
    seconds: float,
    stack: ExitStack,
    folder: Path,
    log: TextIO,
) -> dict[str, Any]:
    """Start the three parts, let them play, and return what the customer's part measured."""

    def start(arguments: list[str], environment: dict[str, str]) -> Part:
        return stack.enter_context(started(arguments, environment, log))

    shared, viewing = _displays(stack)
    place = ["--host", "127.0.0.1", "--port", "0", "--data", str(folder)]
    server = start(["serve", *place, "--company", COMPANY], {})
    listening = server.wait_for("listening")
    ui = options["ui"] or "window"
    operator = start(
        [
            *("operator", "--server", listening["page"]),
            *("--login", listening["admin_login"], "--ui", ui),
        ],
        {"EZP2P_PASSWORD": listening["admin_password"], **viewing},
    )
    viewer = operator.wait_for("ui")["url"]
    waiting = operator.wait_for("waiting")
    customer = start(
        ["customer", "--headless", "--grant", "view,control"],
        {"EZP2P_CODE": waiting["link"], **shared},
    )
    customer.wait_for("session-started")
    display = shared.get("DISPLAY", "")
    sentence = reporter.texts.text("cli.demo", {"url": viewer, "display": display})
    reporter.event("demo", sentence, url=viewer, display=display)
    _let_play(seconds, customer)
    customer.process.terminate()
    over = customer.wait_for("session-ended", END_TIMEOUT_S)
    return {name: over.get(name) for name in ("path", "frames_shown", "latency_ms")}


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(ErrorKey.USAGE, why=f"DEMO_SECONDS={text}") from None


def _let_play(seconds: float, customer: Part) -> None:
    with suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
        customer.process.wait(seconds or None)


def _displays(stack: ExitStack) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables of the display that is shared, and of the viewer's window."""
    own = {"DISPLAY": os.environ.get("DISPLAY", "")}
    if can_share():
        return own, own
    shared = stack.enter_context(display_in_memory(with_program=True))
    viewing = own if can_view() else _in_memory(stack.enter_context(_second_display()))
    return _in_memory(shared), viewing


def _second_display() -> AbstractContextManager[str]:
    return display_in_memory(with_program=False)


def _in_memory(display: str) -> dict[str, str]:
    return {**IN_MEMORY, "DISPLAY": display}
