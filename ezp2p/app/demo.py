"""`ezp2p demo`: rendezvous, customer and counselor on this one machine, to look at.

Each is the program itself with its own command line, told apart only by what it was asked to
do; so what the demo shows is what a company would have. DEMO_SECONDS ends it by itself.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from ezp2p.app.report import Reporter
from ezp2p.app.stage import IN_MEMORY, can_share, can_view, display_in_memory
from ezp2p.base.errors import EzError, UsageError
from ezp2p.base.executable import command
from ezp2p.wire.keys import ErrorKey

STEP_TIMEOUT_S = 60.0
END_TIMEOUT_S = 10.0
COMPANY = "ezp2p demo"


class Part:
    """One started program that prints a JSON object a line."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: TextIO) -> None:
        """Start it; what it says beside its events goes into `log`."""
        self.name = arguments[0]
        self.process = subprocess.Popen(
            command(*arguments, "--json"),
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, kind: str, timeout_s: float = STEP_TIMEOUT_S) -> dict[str, Any]:
        """Return the next event of this kind; raises EzError with the part's own error."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                event = None
            if event is None:
                raise EzError(ErrorKey.INTERNAL, why=f"{self.name}: no {kind}")
            if event["event"] == "error" and kind != "error":
                fields = {name: value for name, value in event.items() if name != "key"}
                raise EzError(event["key"], **{**fields, "why": self.name})
            if event["event"] == kind:
                return event

    def end(self) -> None:
        """Ask it to stop, and see that it does."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END_TIMEOUT_S)
            return
        self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with suppress(ValueError):
                self._events.put(json.loads(line))
        self._events.put(None)


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
        return stack.enter_context(_part(arguments, environment, log))

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


@contextmanager
def _part(arguments: list[str], environment: dict[str, str], log: TextIO) -> Iterator[Part]:
    part = Part(arguments, environment, log)
    try:
        yield part
    finally:
        part.end()
