"""The only loop over link and channels: what arrives goes to an end, what ends want goes out.

    link --ChannelMessage--> codec --> end --> events --> the session
                                        |
    link <------ codec <------ messages to send

Everything here runs in one thread; no await stands between a message and its effects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from ezp2p.base.clock import Clock
from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.link.events import ChannelMessage, LinkClosed, LinkEvent
from ezp2p.link.link import Link
from ezp2p.wire.channel import MIB, Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.keys import ErrorKey

log = logging.getLogger(__name__)

# Of what we answer, so much may wait for a peer that asks and does not read. Pictures are not
# counted: those wait for the viewer's word anyway.
UNREAD_LIMIT = 4 * MIB
_COUNTED = frozenset(Channel) - {Channel.SCREEN}


class Host(Protocol):
    """Whose conversation it is: decides what events mean."""

    def link_happened(self, event: LinkEvent) -> None:
        """The link changed: its path, its silence, its end."""
        ...

    def channel_happened(self, channel: Channel, event: object) -> None:
        """An end told something."""
        ...

    def broken_rules(self, error: PeerError) -> None:
        """The other side said what it may not say."""
        ...


class Conversation:
    """Joins one link to its channel ends until the link is closed."""

    def __init__(
        self, link: Link, ends: Mapping[Channel, End[Any]], host: Host, clock: Clock
    ) -> None:
        self._link = link
        self._ends = ends
        self._host = host
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._flushing = False
        self._unsettled = False
        self._is_over = False
        self.unknown_messages = 0

    async def run(self) -> LinkClosed:
        """Pump until the link is closed; returns why."""
        self.flush()
        try:
            while True:
                for event in await self._link.next_events():
                    if isinstance(event, ChannelMessage):
                        self._receive(event)
                        self.flush()  # at once: what a message does comes before the next one
                    else:
                        self._host.link_happened(event)
                        if isinstance(event, LinkClosed):
                            return event
                self._check_unread()
        finally:
            self._is_over = True  # or what still happens would set a timer that nobody stops
            self._set_timer()

    def flush(self) -> None:
        """Send what the ends want sent, tell what they want told, set the next wake-up.

        Call after every command to an end; a call from within an event is done after it.
        """
        self._unsettled = True
        if self._flushing:
            return
        self._flushing = True
        try:
            while self._unsettled:
                self._unsettled = False
                for channel, end in self._ends.items():
                    self._drain(channel, end)
        finally:
            self._flushing = False
        self._set_timer()

    def _drain(self, channel: Channel, end: End[Any]) -> None:
        for message in end.messages_to_send():
            self._link.send(channel, CODECS[channel].encode(message))
        for event in end.next_events():
            self._unsettled = True
            self._host.channel_happened(channel, event)

    def _receive(self, event: ChannelMessage) -> None:
        end = self._ends.get(event.channel)
        try:
            message = CODECS[event.channel].decode(event.data)
            if message is None or end is None:
                self.unknown_messages += 1
                return
            end.receive(message, self._clock.now())
        except PeerError as error:
            log.warning("the other side broke the rules: %s", error)
            self._host.broken_rules(error)

    def _check_unread(self) -> None:
        if any(self._link.unacked_bytes(channel) > UNREAD_LIMIT for channel in _COUNTED):
            self._host.broken_rules(PeerError(ErrorKey.PEER_PROTOCOL, why="does not read"))

    def _set_timer(self) -> None:
        times = [end.wake_at for end in self._ends.values() if end.wake_at is not None]
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if times and not self._is_over:
            delay = max(0.0, min(times) - self._clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def _wake(self) -> None:
        now = self._clock.now()
        for end in self._ends.values():
            if end.wake_at is not None and now >= end.wake_at:
                end.wake(now)
        self.flush()
