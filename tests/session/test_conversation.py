"""The loop over link and channels, with a pretended link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.link.events import ChannelMessage, LinkClosed, LinkEvent, LinkReady
from ezp2p.session.conversation import UNREAD_LIMIT, Conversation
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.keys import EndReason
from ezp2p.wire.messages.chat import ChatLine
from ezp2p.wire.messages.session import Echo

CLOSED = LinkClosed(EndReason.COUNSELOR_ENDED, by_peer=True)


class FakeLink:
    """Gives the bursts of a test, and remembers what was sent."""

    def __init__(self, *bursts: list[LinkEvent]) -> None:
        self.bursts: list[list[LinkEvent]] = [*bursts, [CLOSED]]
        self.sent: list[tuple[Channel, Any]] = []
        self.unread = 0

    async def next_events(self) -> list[LinkEvent]:
        return self.bursts.pop(0)

    def send(self, channel: Channel, data: bytes) -> None:
        self.sent.append((channel, CODECS[channel].decode(data)))

    def unacked_bytes(self, channel: Channel) -> int:
        return self.unread if channel is Channel.SESSION else 0


class Parrot(End[str]):
    """Says every line again, and tells it; counts how often it was woken."""

    def __init__(self, wake_at: float | None = None) -> None:
        super().__init__()
        self.wake_at = wake_at
        self.woken = 0

    def receive(self, message: msgspec.Struct, now: float) -> None:
        assert isinstance(message, ChatLine)
        self._send(message)
        self._tell(message.text)

    def say(self, text: str) -> None:
        self._send(ChatLine(9, text))

    def wake(self, now: float) -> None:
        self.woken += 1


class FakeHost:
    """Remembers what it is told; `reply` is done at each event of an end."""

    def __init__(self) -> None:
        self.link_events: list[LinkEvent] = []
        self.told: list[object] = []
        self.broken: list[PeerError] = []
        self.reply: Callable[[], None] = lambda: None

    def link_happened(self, event: LinkEvent) -> None:
        self.link_events.append(event)

    def channel_happened(self, channel: Channel, event: object) -> None:
        self.told.append(event)
        self.reply()

    def broken_rules(self, error: PeerError) -> None:
        self.broken.append(error)


def line(text: str) -> ChannelMessage:
    return ChannelMessage(Channel.CHAT, CODECS[Channel.CHAT].encode(ChatLine(1, text)))


def joined(
    *bursts: list[LinkEvent], wake_at: float | None = None
) -> tuple[Conversation, FakeLink, Parrot, FakeHost]:
    link, parrot, host = FakeLink(*bursts), Parrot(wake_at), FakeHost()
    ends: dict[Channel, End[Any]] = {Channel.CHAT: parrot}
    talk = Conversation(link, ends, host, SystemClock())  # type: ignore[arg-type]
    return talk, link, parrot, host


async def test_messages_reach_their_end_and_answers_the_link() -> None:
    talk, link, _, host = joined([LinkReady(), line("a")], [line("b")])
    assert await talk.run() == CLOSED
    assert host.link_events == [LinkReady(), CLOSED]
    assert host.told == ["a", "b"]
    assert [message.text for _, message in link.sent] == ["a", "b"]


async def test_command_within_an_event_is_carried_out_after_it() -> None:
    talk, link, parrot, host = joined([line("a")])

    def reply() -> None:
        if len(host.told) == 1:
            parrot.say("by the way")
            talk.flush()
            assert len(link.sent) == 1  # nothing is sent from within

    host.reply = reply
    await talk.run()
    assert [message.text for _, message in link.sent] == ["a", "by the way"]


async def test_unknown_messages_and_channels_without_an_end_are_counted() -> None:
    invented = ChannelMessage(Channel.CHAT, msgspec.msgpack.encode([200, "?"]))
    other = ChannelMessage(Channel.SESSION, CODECS[Channel.SESSION].encode(Echo(1)))
    talk, _, _, host = joined([invented, other, line("a")])
    await talk.run()
    assert talk.unknown_messages == 2
    assert host.broken == [] and host.told == ["a"]


async def test_malformed_message_is_told_as_a_broken_rule() -> None:
    talk, _, _, host = joined([ChannelMessage(Channel.CHAT, b"\xc1")])
    await talk.run()
    assert len(host.broken) == 1


async def test_peer_that_asks_and_does_not_read_breaks_the_rules() -> None:
    talk, link, _, host = joined([line("a")], [line("b")])
    link.unread = UNREAD_LIMIT
    await talk.run()
    assert host.broken == []
    talk, link, _, host = joined([line("a")])
    link.unread = UNREAD_LIMIT + 1
    await talk.run()
    assert len(host.broken) == 1


async def test_nothing_wakes_the_ends_after_the_link_is_closed() -> None:
    talk, _, parrot, _ = joined(wake_at=SystemClock().now())
    await talk.run()
    talk.flush()
    for _ in range(3):
        await asyncio.sleep(0)
    assert parrot.woken == 0
