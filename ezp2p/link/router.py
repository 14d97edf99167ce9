"""The router's port, kept open beside a session: the only thread that talks to the router.

RouterWorker     one thread for the whole program; the router's calls block for seconds
keep_open        one session's port: opened, renewed, given back when it is cancelled
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress

from ezp2p.base.clock import Clock
from ezp2p.link.link import Link
from ezp2p.nat.route import Address
from ezp2p.nat.upnp import LOOK_AGAIN_S, NoRouter, Opening, PortLease, Router, RouterRefused
from ezp2p.wire.keys import PathKind

log = logging.getLogger(__name__)

# Two programs in one network have met by then, and no port need be opened to the world.
LAN_FIRST_S = 1.0


class RouterWorker:
    """Asks a router in a thread of its own, one thing after the other.

    Nobody waits for a router to take a port back; Python's end waits for the thread.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="router")

    def open(self, opening: Opening) -> Future[Address]:
        """Have a port opened or renewed; the answer raises RouterRefused."""
        return self._thread.submit(
            self._router.open, opening.inner_port, opening.outer_port, opening.lease_s
        )

    def give_back(self, opened: Future[Address]) -> Future[None]:
        """Have closed what `open` has opened, or is opening this very moment."""
        return self._thread.submit(self._close, opened)

    def _close(self, opened: Future[Address]) -> None:
        with suppress(RouterRefused, CancelledError):
            self._router.close(opened.result(timeout=0).port)


async def keep_open(link: Link, worker: RouterWorker, clock: Clock) -> None:
    """Have the link's port open at the router until cancelled; the link learns where.

    Not for a link within one network: nobody outside needs to come in there.
    """
    lease = PortLease(link.port, secrets.randbelow, clock.now() + LAN_FIRST_S)
    moves = link.reach.moves
    asked: Future[Address] | None = None
    try:
        while True:
            wait_s = max(0.0, lease.wake_at - clock.now())
            await asyncio.sleep(min(wait_s, LOOK_AGAIN_S))
            if link.reach.moves != moves:
                # Another network, another router; the old one forgets us.
                moves = link.reach.moves
                lease = PortLease(link.port, secrets.randbelow, clock.now())
            opening = lease.due(clock.now())
            if opening is None:
                continue
            if link.path is PathKind.DIRECT_LAN and lease.address is None:
                lease.postpone(clock.now())
                continue
            asked = worker.open(opening)
            await _follow(asked, lease, clock)
            if link.reach.opened != lease.address:
                link.reach.router_opened(lease.address)
                link.look_again()
    finally:
        if asked is not None:
            worker.give_back(asked)


async def _follow(asked: Future[Address], lease: PortLease, clock: Clock) -> None:
    """Tell the lease what the router says."""
    try:
        address = await asyncio.wrap_future(asked)
    except NoRouter as refused:
        log.info("the router opens nothing: %s", refused)
        lease.missed(clock.now())
    except RouterRefused as refused:
        log.info("the router opens not this port: %s", refused)
        lease.refused(clock.now())
    else:
        lease.opened(address, clock.now())
