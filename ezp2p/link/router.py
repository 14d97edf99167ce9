"""The router's port, kept open beside a session: the only thread that talks to the router.

RouterWorker     one thread for the whole program; the router's calls block for seconds
keep_open        one session's port: opened, renewed, given back when it is cancelled
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from ezp2p.base.clock import Clock
from ezp2p.link.link import Link
from ezp2p.nat.route import Address
from ezp2p.nat.upnp import LOOK_AGAIN_S, Opening, PortLease, Router, RouterRefused
from ezp2p.wire.keys import PathKind

log = logging.getLogger(__name__)

GIVE_BACK_S = 3.0  # a router that is slower forgets the port after an hour
# Two programs in one network have met by then, and no port need be opened to the world.
LAN_FIRST_S = 1.0


class RouterWorker:
    """Asks a router in a thread of its own."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="router")

    async def open(self, opening: Opening) -> Address:
        """Have a port opened or renewed; raises RouterRefused."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread,
            self._router.open,
            opening.inner_port,
            opening.outer_port,
            opening.lease_s,
        )

    async def close(self, outer_port: int) -> None:
        """Give a port back; raises RouterRefused."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._router.close, outer_port)


async def keep_open(link: Link, worker: RouterWorker, clock: Clock) -> None:
    """Have the link's port open at the router until cancelled; the link learns where.

    Not for a link within one network: nobody outside needs to come in there.
    """
    lease = PortLease(link.port, secrets.randbelow, clock.now() + LAN_FIRST_S)
    moves = link.reach.moves
    asking: asyncio.Future[Address] | None = None
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
            asking = asyncio.ensure_future(worker.open(opening))
            try:
                address = await asyncio.shield(asking)
            except RouterRefused as refused:
                log.info("the router opens nothing: %s", refused)
                lease.refused(clock.now())
            else:
                lease.opened(address, clock.now())
            asking = None
            if link.reach.opened != lease.address:
                link.reach.router_opened(lease.address)
                link.look_again()
    finally:
        await _give_back(worker, lease, asking)


async def _give_back(
    worker: RouterWorker, lease: PortLease, asking: asyncio.Future[Address] | None
) -> None:
    """Close what is open, and what is being opened this very moment."""
    with suppress(RouterRefused, TimeoutError):
        async with asyncio.timeout(GIVE_BACK_S):
            address = lease.address if asking is None else await asking
            if address is not None:
                await worker.close(address.port)
