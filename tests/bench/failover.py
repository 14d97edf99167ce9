"""How long a picture stands still when the path below it changes, over many changes.

    upgrade      it came by the relay, and a direct way has been found
    direct dies  the wire is cut without a word, the relay is there
    relay dies   there are two relays and no direct way; the one in use falls silent

A frame of 4 kB leaves 60 times a second; the stall is the longest time between two arrivals.
Both ends, wire and relays run in this process, some pairs at a time.

    python -m tests.bench --only failover
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Awaitable, Callable

from ezp2p.link.events import ChannelMessage, LinkClosed, LinkReady, PathChanged
from ezp2p.link.link import Link
from ezp2p.link.socket import open_socket
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import EndReason, PathKind
from tests.bench.report import Result, check
from tests.link.pair import Terms, loopback
from tests.support.relay import Relay
from tests.support.wire import Wire

ROUNDS = 50
AT_ONCE = 4
FRAME_S = 1 / 60
FRAME = os.urandom(4000)
SETTLE_S = 1.0
WATCH_S = 3.0
TIMEOUT_S = 20.0

# TARGETS.md, Joining [2]
DIRECT_DIES_S = 0.5
RELAY_DIES_S = 1.0


class Watched:
    """One end's link: which paths it takes, and when frames arrive."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.arrivals: list[float] = []
        self.kind: PathKind | None = None
        self.address: object = None
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self.ready = False

    async def until_ready(self) -> None:
        """Wait until the link stands."""
        await self.until(lambda: self.ready)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something has happened that makes this true."""
        async with asyncio.timeout(TIMEOUT_S):
            while not true():
                self._news.clear()
                await self._news.wait()

    def longest_gap_s(self, since: float) -> float:
        """Return the longest time between two arrivals, one of which was after `since`."""
        times = [at for at in self.arrivals if at >= since - 0.1]
        return max(b - a for a, b in itertools.pairwise(times))

    async def close(self) -> None:
        """End it."""
        await self.link.close(EndReason.PROGRAM_CLOSED)
        await self._reading

    async def _read(self) -> None:
        while True:
            for event in await self.link.next_events():
                match event:
                    case ChannelMessage(channel=Channel.SCREEN):
                        self.arrivals.append(time.perf_counter())
                    case PathChanged(kind=kind, address=address):
                        self.kind, self.address = kind, address
                    case LinkReady():
                        self.ready = True
                    case LinkClosed():
                        return
                self._news.set()


class Town:
    """Two programs, two relays, and a wire between them."""

    def __init__(
        self, wire: Wire, relays: list[Relay], customer: Watched, counselor: Watched
    ) -> None:
        self.wire = wire
        self.relays = relays
        self.customer = customer
        self.counselor = counselor
        self.painting: asyncio.Task[None] | None = None

    @classmethod
    async def build(cls) -> Town:
        """Lay everything; nothing is used yet."""
        terms = Terms()
        here, there = open_socket(), open_socket()
        return cls(
            await Wire.lay(here.port, there.port),
            [await Relay.start(), await Relay.start()],
            Watched(terms.customer(here)),
            Watched(terms.counselor(there)),
        )

    async def by_relays(self, count: int) -> None:
        """Give both ends so many relays, and begin to send frames once the link stands."""
        for relay in self.relays[:count]:
            for watched, role in ((self.customer, "customer"), (self.counselor, "counselor")):
                await watched.link.add_relay("127.0.0.1", relay.port, f"{role}|s".encode())
        for watched in (self.customer, self.counselor):
            await watched.until_ready()
        self.painting = asyncio.create_task(self._paint())
        await asyncio.sleep(SETTLE_S)

    async def by_wire(self) -> float:
        """Let them find the wire; return when that was."""
        began = time.perf_counter()
        to_counselor, to_customer = self.wire.ports
        self.customer.link.add_candidates([loopback(to_counselor)])
        self.counselor.link.add_candidates([loopback(to_customer)])
        await self.customer.until(lambda: self.customer.kind is PathKind.DIRECT_LAN)
        await asyncio.sleep(SETTLE_S)
        return began

    async def close(self) -> None:
        """Take everything away."""
        if self.painting is not None:
            self.painting.cancel()
        await asyncio.gather(self.customer.close(), self.counselor.close())
        self.wire.stop()
        for relay in self.relays:
            relay.stop()

    async def _paint(self) -> None:
        due = time.perf_counter()
        while True:
            self.customer.link.send(Channel.SCREEN, FRAME)
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def _direct(town: Town) -> dict[str, float]:
    await town.by_relays(1)
    usual_s = town.counselor.longest_gap_s(town.counselor.arrivals[0])
    upgrade_s = town.counselor.longest_gap_s(await town.by_wire())
    cut_at = time.perf_counter()
    town.wire.cut = True
    await asyncio.sleep(WATCH_S)
    return {
        "upgrade": upgrade_s,
        "usual": usual_s,
        "direct dies": town.counselor.longest_gap_s(cut_at),
    }


async def _relayed(town: Town) -> dict[str, float]:
    await town.by_relays(2)
    in_use = next(r for r in town.relays if str(town.customer.address).endswith(f":{r.port}"))
    cut_at = time.perf_counter()
    in_use.silent = True
    await asyncio.sleep(WATCH_S)
    return {"relay dies": town.counselor.longest_gap_s(cut_at)}


def run(rounds: int = ROUNDS) -> Result:
    """Measure."""
    stalls = asyncio.run(_measure(rounds))
    figures = {
        name: {"p50 ms": _ms(statistics.median(all_)), "p99 ms": _ms(_p99(all_))}
        for name, all_ in stalls.items()
    }
    more_s = statistics.median(stalls["upgrade"]) - statistics.median(stalls["usual"])
    return {
        "figures": figures,
        "checks": {
            "upgrade, more than usual, frames": check(more_s / FRAME_S, "<=", 1.0),
            "direct path dies, stall p99, s": check(
                _p99(stalls["direct dies"]), "<=", DIRECT_DIES_S
            ),
            "relay dies, stall p99, s": check(_p99(stalls["relay dies"]), "<=", RELAY_DIES_S),
        },
    }


async def _measure(rounds: int) -> dict[str, list[float]]:
    stalls: dict[str, list[float]] = {}
    lanes = asyncio.Semaphore(AT_ONCE)

    async def once(play: Callable[[Town], Awaitable[dict[str, float]]]) -> None:
        async with lanes:
            town = await Town.build()
            try:
                for name, stall_s in (await play(town)).items():
                    stalls.setdefault(name, []).append(stall_s)
            finally:
                await town.close()

    await asyncio.gather(*(once(play) for play in (_direct, _relayed) for _ in range(rounds)))
    return stalls


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, round(0.99 * len(values)))]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
