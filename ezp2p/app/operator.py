"""`ezp2p operator`: give help. Waits for customers, shows their screens."""

from __future__ import annotations

from typing import Any

from ezp2p.app.report import Reporter
from ezp2p.app.seat import Seat
from ezp2p.base.errors import UsageError
from ezp2p.ui.front import Front
from ezp2p.wire.bridge import Page
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import MAX_SLOTS


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Log in and wait."""
    if not 1 <= options["slots"] <= MAX_SLOTS:
        raise UsageError(ErrorKey.USAGE, why=f"--slots {options['slots']}")
    if options["ui"] == "none":
        options = {**options, "headless": True}
    complete = bool(options["server"] and options["login"] and options["password"])
    if options["headless"] and not complete:
        raise UsageError(ErrorKey.USAGE, why="--server, --login and EZP2P_PASSWORD are needed")

    def begin(front: Front) -> None:
        if complete:
            front.counselor.log_in(
                options["server"], options["login"], options["password"], remember=False
            )
        else:
            front.counselor.resume()

    return Seat(options, reporter, first_page=Page.LOGIN, begin=begin).run()
