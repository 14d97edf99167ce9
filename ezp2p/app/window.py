"""`ezp2p` alone: the window with its two choices, get help and give help."""

from __future__ import annotations

from typing import Any

from ezp2p.app.report import Reporter
from ezp2p.app.seat import Seat
from ezp2p.ui.front import Front
from ezp2p.wire.bridge import Page


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Open the start page."""

    def begin(front: Front) -> None:
        if options["server"]:
            front.customer.choose_server(options["server"])

    return Seat(options, reporter, first_page=Page.START, begin=begin).run()
