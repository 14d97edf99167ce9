"""A session's bulk lanes: opened for a channel that has much to carry, where both are on one LAN.

    open() --LaneOffer--> the other end calls    --> both have the lane of this number
           <--LaneMissed-- its firewall forbids that
           --AskLane--> the other end listens and offers; we call

`open` gives None where there is no LAN or no way: the channel then uses its stream. The other end
takes the lane by the number that the channel names in a message of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Protocol

from ezp2p.base.errors import EzError
from ezp2p.link.lane import ACCEPT_TIMEOUT_S, Lane, LaneHost, LaneTerms, LaneTls, call
from ezp2p.wire.messages.session import AskLane, LaneMissed, LaneOffer

log = logging.getLogger(__name__)

LaneMessage = LaneOffer | LaneMissed | AskLane

MAX_UNTAKEN = 8  # opened by the other end, or being opened, that nobody here has asked for yet
ANSWER_TIMEOUT_S = ACCEPT_TIMEOUT_S


class Neighbourhood(Protocol):
    """What a link knows about lanes."""

    @property
    def is_customer(self) -> bool:
        """Whether this is the customer's end."""
        ...

    @property
    def lane_host(self) -> str | None:
        """Where a lane leads, None where it is no use."""
        ...

    def lane_tls(self) -> LaneTls:
        """Return this end's half of TLS."""
        ...


class Lanes:
    """What is open, being opened, and waiting to be taken. Lives on the session's loop."""

    def __init__(
        self,
        link: Neighbourhood,
        say: Callable[[LaneMessage], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """`say` sends to the other end; `spawn` runs something for as long as the session."""
        self._link = link
        self._say = say
        self._spawn = spawn
        self._numbers = count(0 if link.is_customer else 1, 2)  # each end has its own
        self._hosts: dict[int, LaneHost] = {}
        self._asked: dict[int, asyncio.Future[LaneOffer | None]] = {}
        self._arrived: dict[int, asyncio.Future[Lane]] = {}
        self._lanes: list[Lane] = []
        self._opening = 0
        self._closed = False

    async def open(self) -> tuple[int, Lane] | None:
        """Return a new lane and its number, None if the stream must do."""
        if self._closed or self._link.lane_host is None:
            return None
        number = next(self._numbers)
        lane = await self._offer(number) or await self._ask(number)
        return (number, self._keep(lane)) if lane else None

    async def take(self, number: int) -> Lane:
        """Wait for the lane that the other end has opened under this number."""
        lane = await self._arriving(number)
        del self._arrived[number]
        return lane

    def hear(self, message: LaneMessage) -> None:
        """Take what the other end says; nothing it says can do more than waste its time."""
        match message:
            case LaneMissed(number=number):
                host, asked = self._hosts.get(number), self._asked.get(number)
                if host is not None:
                    host.close()
                if asked is not None and not asked.done():
                    asked.set_result(None)
            case LaneOffer(number=number) if number in self._asked:
                if not self._asked[number].done():
                    self._asked[number].set_result(message)
            case LaneOffer() | AskLane():
                self._spawn(self._serve(message))

    def close(self) -> None:
        """The session is over: so is every lane."""
        self._closed = True
        for host in self._hosts.values():
            host.close()
        for lane in self._lanes:
            lane.close()
        for asked in self._asked.values():
            asked.cancel()
        for arriving in self._arrived.values():
            arriving.cancel()

    # --- we open

    async def _offer(self, number: int) -> Lane | None:
        """Listen, and let the other end call."""
        try:
            host = await asyncio.to_thread(lambda: LaneHost(self._link.lane_tls()))
        except OSError as error:  # no port, or no place for a file
            log.info("no lane from here: %s", error)
            return None
        self._hosts[number] = host
        terms = host.terms
        self._say(LaneOffer(number, terms.port, terms.callers_pass, terms.hosts_pass))
        try:
            return await asyncio.to_thread(host.accept)
        except EzError as error:
            log.info("nobody called for lane %d: %s", number, error)
            return None
        finally:
            host.close()
            del self._hosts[number]

    async def _ask(self, number: int) -> Lane | None:
        """Let the other end listen, and call it."""
        if self._closed:
            return None
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        self._say(AskLane(number))
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                offer = await asked
        except TimeoutError:
            return None
        finally:
            del self._asked[number]
        return await self._call(offer) if offer else None

    # --- the other end opens

    async def _serve(self, message: LaneOffer | AskLane) -> None:
        lane = None
        untaken = len(self._arrived) + self._opening
        if untaken < MAX_UNTAKEN and not self._closed and self._link.lane_host is not None:
            self._opening += 1
            try:
                if isinstance(message, LaneOffer):
                    lane = await self._call(message)
                else:
                    lane = await self._offer(message.number)
            finally:
                self._opening -= 1
        if lane is None:
            self._say(LaneMissed(message.number))
            return
        arriving = self._arriving(message.number)
        if self._closed or arriving.done():
            lane.close()
        else:
            arriving.set_result(self._keep(lane))

    async def _call(self, offer: LaneOffer) -> Lane | None:
        host = self._link.lane_host
        if host is None:
            return None
        terms = LaneTerms(offer.port, offer.callers_pass, offer.hosts_pass)
        try:
            return await asyncio.to_thread(lambda: call(host, terms, self._link.lane_tls()))
        except (EzError, OSError) as error:
            log.info("lane %d cannot be opened: %s", offer.number, error)
            return None

    def _arriving(self, number: int) -> asyncio.Future[Lane]:
        if number not in self._arrived:
            self._arrived[number] = asyncio.get_running_loop().create_future()
        return self._arrived[number]

    def _keep(self, lane: Lane) -> Lane:
        self._lanes = [*(kept for kept in self._lanes if not kept.closed), lane]
        return lane
