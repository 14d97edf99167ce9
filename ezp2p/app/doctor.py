"""`ezp2p doctor`: every step a session needs, each with a tick or one plain sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ezp2p.app.compose import SystemDesktop, outbound_of
from ezp2p.app.loop import run as run_loop
from ezp2p.app.report import Reporter
from ezp2p.base.errors import EzError
from ezp2p.desktop.hotkeys import watch_end_key
from ezp2p.link.signalling import Signalling
from ezp2p.link.socket import open_socket
from ezp2p.store.place import data_folder
from ezp2p.store.settings import Settings
from ezp2p.ui.window import check_window
from ezp2p.wire.invitation import parse_server
from ezp2p.wire.messages.screen import ScreenDriver

Check = Callable[[], Awaitable[None] | None]


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Check everything; 0 if all is well, 1 if something is not."""
    return run_loop(_examine(options, reporter))


async def _examine(options: dict[str, Any], reporter: Reporter) -> int:
    failures = 0
    for name, check in _checks(options).items():
        label = reporter.texts.text(f"doctor.{name}")
        try:
            result = await asyncio.to_thread(check)
            if result is not None:
                await result
        except EzError as error:
            failures += 1
            why = reporter.texts.text(error.key, error.fields)
            reporter.event("check", f"✗ {label}: {why}", name=name, ok=False, key=error.key)
        else:
            reporter.event("check", f"✓ {label}", name=name, ok=True)
    return 1 if failures else 0


def _checks(options: dict[str, Any]) -> dict[str, Check]:
    desktop = SystemDesktop()
    checks: dict[str, Check] = {
        "data": lambda: Settings(data_folder()).check(),
        "screen": lambda: desktop.open_screen(ScreenDriver.AUTO).close(),
        "input": lambda: desktop.open_input().close(),
        "end-key": lambda: watch_end_key(lambda: None).close(),
        "window": check_window,
        "udp": _open_socket,
    }
    if options["server"]:
        checks["server"] = lambda: _call(options)
    return checks


async def _open_socket() -> None:
    open_socket().close()


async def _call(options: dict[str, Any]) -> None:
    insecure: bool = options["insecure_http"]
    server = parse_server(options["server"], insecure_http=insecure)
    line = await Signalling.connect(server, outbound=outbound_of(options))
    await line.close()
