"""The customer that tests/bench/joining.py times: a program at rest that is given a link.

Everything is loaded, as it is in a window where somebody has just typed the code. It prints
"ready", reads a link from its input, and prints the seconds until each step was reached.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress

from ezp2p.app.compose import make_company, open_settings
from ezp2p.app.loop import run
from ezp2p.app.options import resolve
from ezp2p.app.places import LOCALE
from ezp2p.base.texts import Texts
from ezp2p.desktop.loading import load
from ezp2p.link.pake import warm_up
from ezp2p.session import events
from ezp2p.session.visit import Visit, target_of
from ezp2p.wire.invitation import parse_invitation
from ezp2p.wire.keys import Grant
from ezp2p.wire.messages.screen import ScreenDriver

LOOK_EVERY_S = 0.001
STEPS = {
    events.PathTaken: "path",
    events.Started: "link",
    events.ConsentOpened: "asked",
    events.GrantsSet: "granted",
}


class Steps:
    """Notes when each step was first reached."""

    def __init__(self) -> None:
        self.reached: dict[str, float] = {}
        self._began = time.perf_counter()

    def happened(self, event: events.SessionEvent) -> None:
        """Note it."""
        name = STEPS.get(type(event))
        if name is not None:
            self.reach(name)

    def reach(self, name: str) -> None:
        """Note it."""
        self.reached.setdefault(name, time.perf_counter() - self._began)


async def visit_once() -> dict[str, float]:
    """Return the seconds until each step; the last is the first picture on the other's page."""
    warm_up().join()
    load()
    company = make_company(
        Texts(LOCALE, "en"), resolve("customer", {}), open_settings(), ScreenDriver.AUTO
    )
    print("ready", flush=True)
    target = target_of(parse_invitation(await asyncio.to_thread(sys.stdin.readline)), None)
    steps = Steps()
    visit = Visit(company, steps, frozenset({Grant.VIEW, Grant.CONTROL}))
    visiting = asyncio.create_task(visit.run(target))
    while visit.session is None or not visit.session.frames_shown:
        if visiting.done():
            visiting.result()
            raise RuntimeError("the session ended before there was a picture")
        await asyncio.sleep(LOOK_EVERY_S)
    steps.reach("picture")
    visiting.cancel()
    with suppress(asyncio.CancelledError):
        await visiting
    return steps.reached


if __name__ == "__main__":
    print(json.dumps(run(visit_once())))
