"""One side of a session against a peer that says what a test wants, over a real link."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import pytest

from ezp2p.base.clock import SystemClock
from ezp2p.base.texts import Texts
from ezp2p.link.events import LinkClosed, LinkReady
from ezp2p.link.link import Link
from ezp2p.link.socket import open_socket
from ezp2p.session import events
from ezp2p.session.consent import DEAF_S
from ezp2p.session.counselor import CounselorSession
from ezp2p.session.customer import CustomerSession
from ezp2p.session.side import Side
from ezp2p.session.tools import Names
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.datagram import PING
from ezp2p.wire.keys import EndReason, Grant, PathKind, PortMapping
from ezp2p.wire.messages.chat import ChatLine
from ezp2p.wire.messages.cursor import CursorMoved
from ezp2p.wire.messages.input import InputMark, KeyChanged
from ezp2p.wire.messages.screen import Frame, ScreenCodec, ScreenLayout, ShowScreen
from ezp2p.wire.messages.session import AskGrants, Echo, End, GrantsChanged, Reachable
from tests.link.pair import Listener, Terms, loopback
from tests.support.meeting import LOCALE, PATIENCE_S, Ears, FakeDesktop, MemoryDiary, hello

T = TypeVar("T", bound=msgspec.Struct)
VIEW, CONTROL = Grant.VIEW, Grant.CONTROL
BOTH = frozenset({VIEW, CONTROL})


class Peer:
    """The other side's link, and whatever a test says on it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._listener = Listener(link)

    def say(self, *messages: msgspec.Struct, on: Channel = Channel.SESSION) -> None:
        for message in messages:
            self.link.send(on, CODECS[on].encode(message))

    async def hear(
        self, kind: type[msgspec.Struct], on: Channel = Channel.SESSION
    ) -> msgspec.Struct:
        """Wait for the next message of this kind on the channel."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = CODECS[on].decode(await self._listener.message(on))
                if isinstance(message, kind):
                    return message

    async def ready(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._listener.next(LinkReady)

    async def closed(self) -> LinkClosed:
        async with asyncio.timeout(PATIENCE_S):
            return await self._listener.next(LinkClosed)


@dataclass
class Joined:
    """A side under test, and its peer."""

    peer: Peer
    ears: Ears = field(default_factory=Ears)
    diary: MemoryDiary = field(default_factory=MemoryDiary)
    desktop: FakeDesktop = field(default_factory=FakeDesktop)
    task: asyncio.Task[EndReason] = field(init=False)

    async def over(self) -> EndReason:
        async with asyncio.timeout(PATIENCE_S):
            return await self.task

    def told(self, kind: type[object]) -> list[object]:
        return [event for event in self.ears.heard if isinstance(event, kind)]


@asynccontextmanager
async def living(joined: Joined, session: Side) -> AsyncIterator[None]:
    joined.task = asyncio.create_task(session.run())
    try:
        await joined.peer.ready()
        yield
    finally:
        joined.task.cancel()
        await asyncio.gather(joined.task, return_exceptions=True)
        await joined.peer.link.close(EndReason.PROGRAM_CLOSED)


def links() -> tuple[Link, Link]:
    """Return a customer's link and a counselor's, which know where the other one is."""
    terms, here, there = Terms(), open_socket(), open_socket()
    customer, counselor = terms.customer(here), terms.counselor(there)
    customer.add_candidates([loopback(there.port)])
    counselor.add_candidates([loopback(here.port)])
    return customer, counselor


@asynccontextmanager
async def customer(
    agreed: frozenset[Grant] | None = None,
) -> AsyncIterator[tuple[CustomerSession, Joined]]:
    """A customer's side, with a peer in the counselor's chair."""
    link, other = links()
    joined = Joined(Peer(other))
    session = CustomerSession(
        link=link,
        hello=hello("PC"),
        names=Names(company="Hanbit", counselor="Kim"),
        words=[],
        desktop=joined.desktop,
        texts=Texts(LOCALE, "en"),
        diary=joined.diary,
        clock=SystemClock(),
        watcher=joined.ears,
        agreed_beforehand=agreed,
    )
    async with living(joined, session):
        yield session, joined


@asynccontextmanager
async def counselor() -> AsyncIterator[tuple[CounselorSession, Joined]]:
    """A counselor's side, with a peer in the customer's chair."""
    other, link = links()
    joined = Joined(Peer(other))
    session = CounselorSession(
        number=1,
        slot=1,
        link=link,
        hello=hello("Kim"),
        caller="198.51.100.7",
        words=[],
        diary=joined.diary,
        clock=SystemClock(),
        watcher=joined.ears,
    )
    async with living(joined, session):
        yield session, joined


def greeting() -> msgspec.Struct:
    return hello("peer")


@pytest.mark.parametrize(
    ("first", "on"),
    [
        (AskGrants([VIEW]), Channel.SESSION),
        (Echo(1), Channel.SESSION),
        (Frame(1, []), Channel.SCREEN),
        (CursorMoved(1, 1), Channel.CURSOR),
        (ChatLine(2, "the second before the first"), Channel.CHAT),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_customer_ends_with_a_peer_out_of_order(first: msgspec.Struct, on: Channel) -> None:
    async with customer() as (_, joined):
        joined.peer.say(first, on=on)
        assert await joined.over() is EndReason.PROTOCOL
        assert (await joined.peer.closed()).reason is EndReason.PROTOCOL
        assert [line for line, _ in joined.diary.lines] == ["path", "protocol", "ended"]


@pytest.mark.parametrize(
    ("first", "on"),
    [
        (GrantsChanged([VIEW]), Channel.SESSION),
        (AskGrants([VIEW]), Channel.SESSION),
        (Frame(1, []), Channel.SCREEN),
        (ShowScreen(["lossless"]), Channel.SCREEN),
        (KeyChanged("KeyA", True), Channel.INPUT),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_counselor_ends_with_a_peer_out_of_order(first: msgspec.Struct, on: Channel) -> None:
    async with counselor() as (_, joined):
        joined.peer.say(first, on=on)
        assert await joined.over() is EndReason.PROTOCOL
        assert (await joined.peer.closed()).reason is EndReason.PROTOCOL


async def test_counselor_ends_when_only_a_counselor_asks_for_grants() -> None:
    async with counselor() as (_, joined):
        joined.peer.say(greeting(), AskGrants([VIEW]))
        assert await joined.over() is EndReason.PROTOCOL


@pytest.mark.parametrize("side", [customer, counselor])
async def test_addresses_told_over_the_link_are_tried_and_ours_are_told(side: object) -> None:
    async with side() as (_, joined):  # type: ignore[operator]
        assert isinstance(await joined.peer.hear(Reachable), Reachable)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
            elsewhere.setblocking(False)
            elsewhere.bind(("127.0.0.1", 0))
            offer = loopback(elsewhere.getsockname()[1], PathKind.PUNCHED)
            joined.peer.say(greeting(), Reachable([offer], PortMapping.VARYING))
            async with asyncio.timeout(PATIENCE_S):
                tried = await asyncio.get_running_loop().sock_recv(elsewhere, 2000)
            assert tried[0] == PING


@pytest.mark.parametrize("side", [customer, counselor])
async def test_addresses_before_hello_are_out_of_order(side: object) -> None:
    async with side() as (_, joined):  # type: ignore[operator]
        joined.peer.say(Reachable([]))
        assert await joined.over() is EndReason.PROTOCOL


@pytest.mark.parametrize("side", [customer, counselor])
async def test_other_version_ends_both_and_nobody_is_asked(side: object) -> None:
    async with side() as (_, joined):  # type: ignore[operator]
        joined.peer.say(msgspec.structs.replace(hello("new"), version=99), AskGrants([VIEW]))
        assert await joined.over() is EndReason.VERSION
        assert (await joined.peer.hear(End)) == End(EndReason.VERSION)
        assert joined.told(events.Started) == [] == joined.told(events.ConsentOpened)


@pytest.mark.parametrize("side", [customer, counselor])
@pytest.mark.parametrize("greeted", [False, True])
async def test_peer_that_leaves_ends_the_session(side: object, greeted: bool) -> None:
    async with side() as (_, joined):  # type: ignore[operator]
        if greeted:
            joined.peer.say(greeting())
            await joined.ears.wait_for(events.Started)
        await joined.peer.link.close(EndReason.PROGRAM_CLOSED)
        assert await joined.over() is EndReason.PROGRAM_CLOSED


async def test_peer_that_leaves_during_the_consent_closes_the_dialog() -> None:
    async with customer() as (session, joined):
        joined.peer.say(greeting(), AskGrants([VIEW]))
        await joined.ears.wait_for(events.ConsentOpened)
        await joined.peer.link.close(EndReason.PROGRAM_CLOSED)
        assert await joined.over() is EndReason.PROGRAM_CLOSED
        session.answer(BOTH)
        session.change_grants(BOTH)
        assert not session.consent.is_open and session.granted == frozenset()
        assert joined.desktop.notices == []


async def test_nothing_is_told_after_the_end() -> None:
    async with customer(BOTH) as (_, joined):
        joined.peer.say(greeting(), End(EndReason.COUNSELOR_ENDED), AskGrants([VIEW]), greeting())
        joined.peer.say(ChatLine(1, "still here?"), on=Channel.CHAT)
        assert await joined.over() is EndReason.COUNSELOR_ENDED
        assert joined.ears.heard[-1] == events.Over(EndReason.COUNSELOR_ENDED)
        assert len(joined.told(events.Over)) == 1
        assert joined.told(events.ConsentOpened) == []
        assert joined.desktop.notices == []


async def test_grants_after_our_own_end_are_not_heard() -> None:
    async with counselor() as (session, joined):
        joined.peer.say(greeting(), GrantsChanged([VIEW]))
        await joined.ears.wait_for(events.GrantsSet)
        session.end(EndReason.COUNSELOR_ENDED)
        joined.peer.say(GrantsChanged(sorted(BOTH)))
        joined.peer.say(ScreenLayout(64, 48, "auto"), on=Channel.SCREEN)
        assert await joined.over() is EndReason.COUNSELOR_ENDED
        assert session.granted == frozenset()
        assert joined.ears.heard[-1] == events.Over(EndReason.COUNSELOR_ENDED)


async def type_a_key(joined: Joined, number: int) -> None:
    joined.peer.say(KeyChanged("KeyA", True), InputMark(number), on=Channel.INPUT)


async def test_second_question_opens_a_deaf_dialog_and_the_picture_goes_on() -> None:
    async with customer() as (session, joined):
        joined.peer.say(greeting(), AskGrants([VIEW]))
        joined.peer.say(ShowScreen([ScreenCodec.LOSSLESS]), on=Channel.SCREEN)
        await joined.ears.wait_for(events.ConsentOpened)
        await asyncio.sleep(DEAF_S + 0.05)  # of real time; Windows' timers may be 16 ms early
        session.answer(frozenset({VIEW}))
        await joined.peer.hear(Frame, on=Channel.SCREEN)
        joined.peer.say(AskGrants(sorted(BOTH)))
        await joined.ears.wait_for(events.ConsentOpened, lambda e: e.grants == (CONTROL,))
        session.answer(frozenset({CONTROL}))  # a click that was on its way
        assert session.consent.is_open
        await type_a_key(joined, 1)
        session.answer(frozenset())
        await joined.ears.wait_for(events.GrantsSet, lambda e: e.granted == {VIEW})
        assert joined.desktop.screens_opened == 1
        assert joined.desktop.hand.done == []
        assert session.reason is None


async def test_switches_moved_while_the_strip_rises_raise_one_strip() -> None:
    async with customer(BOTH) as (session, joined):
        joined.desktop.may_show_notice.clear()
        joined.peer.say(greeting(), AskGrants(sorted(BOTH)))
        await joined.ears.wait_for(events.ConsentOpened)
        session.change_grants(frozenset({VIEW}))
        joined.peer.say(ShowScreen([ScreenCodec.LOSSLESS]), on=Channel.SCREEN)
        joined.peer.say(Echo(1))
        assert joined.desktop.screens_opened == 0
        joined.desktop.may_show_notice.set()
        granted = await joined.ears.wait_for(events.GrantsSet)
        assert granted.granted == {VIEW}
        assert len(joined.desktop.notices) == 1
        assert len(joined.told(events.GrantsSet)) == 1


async def test_grant_taken_back_while_the_strip_rises_is_never_in_force() -> None:
    async with customer(BOTH) as (session, joined):
        joined.desktop.may_show_notice.clear()
        joined.peer.say(greeting(), AskGrants(sorted(BOTH)))
        joined.peer.say(ShowScreen([ScreenCodec.LOSSLESS]), on=Channel.SCREEN)
        await joined.ears.wait_for(events.ConsentOpened)
        session.change_grants(frozenset())
        joined.desktop.may_show_notice.set()
        await joined.ears.wait_for(events.GrantsSet, lambda e: e.granted == frozenset())
        session.end(EndReason.CUSTOMER_ENDED)
        await joined.over()
        assert joined.desktop.screens_opened == 0
        assert joined.desktop.hand.done == []
        assert not any(notice.shown for notice in joined.desktop.notices)


async def test_no_strip_stays_when_the_session_ends_while_it_rises() -> None:
    async with customer(BOTH) as (session, joined):
        joined.desktop.may_show_notice.clear()
        joined.peer.say(greeting(), AskGrants(sorted(BOTH)))
        await joined.ears.wait_for(events.ConsentOpened)
        session.end(EndReason.CUSTOMER_ENDED)
        joined.desktop.may_show_notice.set()
        assert await joined.over() is EndReason.CUSTOMER_ENDED
        assert not any(notice.shown for notice in joined.desktop.notices)


async def test_lost_strip_is_not_raised_again_by_a_switch() -> None:
    async with customer(BOTH) as (session, joined):
        joined.peer.say(greeting(), AskGrants(sorted(BOTH)))
        await joined.ears.wait_for(events.GrantsSet)
        joined.desktop.notices[0].shown = False
        session.change_grants(frozenset({VIEW}))
        assert await joined.over() is EndReason.NOTICE_LOST
        assert len(joined.desktop.notices) == 1


async def test_end_key_lets_go_while_the_loop_is_blocked() -> None:
    async with customer(BOTH) as (_, joined):
        joined.peer.say(greeting(), AskGrants(sorted(BOTH)))
        await joined.ears.wait_for(events.GrantsSet)
        await type_a_key(joined, 1)
        await joined.peer.hear(msgspec.Struct, on=Channel.INPUT)
        assert joined.desktop.hand.down == {"KeyA"}
        await type_a_key(joined, 2)
        pressing = threading.Thread(target=joined.desktop.end)
        pressing.start()
        pressing.join()  # the loop stands still
        done = len(joined.desktop.hand.done)
        assert await joined.over() is EndReason.CUSTOMER_ENDED
        assert joined.desktop.hand.down == set()
        assert [step for step in joined.desktop.hand.done[done:] if step[0] == "key"] == []


async def test_second_cancellation_still_gives_everything_back() -> None:
    async with customer(BOTH) as (session, joined):
        joined.peer.say(greeting(), AskGrants(sorted(BOTH)))
        await joined.ears.wait_for(events.GrantsSet)
        joined.task.cancel()
        await joined.ears.wait_for(events.Over)
        joined.task.cancel()
        await asyncio.gather(joined.task, return_exceptions=True)
        assert session.reason is EndReason.PROGRAM_CLOSED
        assert not joined.desktop.notices[0].shown
        assert (await joined.peer.closed()).reason is EndReason.PROGRAM_CLOSED
