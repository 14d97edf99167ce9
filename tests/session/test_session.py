"""Whole sessions: a real rendezvous, real joining and links, pretended desktops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from ezp2p.base.area import Area
from ezp2p.base.errors import EzError
from ezp2p.rendezvous.server import Rendezvous
from ezp2p.session import events
from ezp2p.session.counselor import CounselorSession
from ezp2p.session.slots import Slot
from ezp2p.session.visit import Target, Visit, target_of
from ezp2p.wire.bridge import SlotState
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.joining import SecretKind
from ezp2p.wire.keys import EndReason, ErrorKey, Grant, PathKind
from ezp2p.wire.messages import input as words
from ezp2p.wire.messages.screen import (
    Frame,
    FrameShown,
    ScreenCodec,
    ScreenLayout,
    ShowScreen,
)
from ezp2p.wire.signalling import MAX_SLOTS
from tests.support.meeting import PATIENCE_S, Ears, Meeting, in_thread, meeting
from tests.support.replica import Replica

BOTH = frozenset({Grant.VIEW, Grant.CONTROL})


def by_code(slot: Slot, server: ServerAddress) -> Target:
    assert slot.code is not None
    return target_of(slot.code, server)


def wrong_code(slot: Slot, server: ServerAddress) -> Target:
    assert slot.code is not None
    secret = f"{(int(slot.code.secret) + 1) % 100000:05d}"
    return Target(server, slot.code.slot, SecretKind.CODE, secret)


@dataclass
class Running:
    """A session in progress, from both sides."""

    meeting: Meeting
    slot: Slot
    visit: Visit
    ears: Ears
    task: asyncio.Task[EndReason]
    counselor: CounselorSession

    async def over(self) -> EndReason:
        async with asyncio.timeout(PATIENCE_S):
            return await self.task


@asynccontextmanager
async def session(grants: frozenset[Grant] | None = BOTH) -> AsyncIterator[Running]:
    """Join by link and be there when both sides have started."""
    async with meeting() as met:
        slot = await met.next_slot()
        assert slot.invitation is not None
        ears = Ears()
        visit = met.visit(ears, grants)
        task = asyncio.create_task(visit.run(target_of(slot.invitation, None)))
        counselor = await met.next_session()
        try:
            yield Running(met, slot, visit, ears, task, counselor)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def shown_picture(running: Running, replica: Replica) -> None:
    """Play the viewer until the first frame is applied, and acknowledge it."""
    show = ShowScreen([codec.value for codec in ScreenCodec])
    running.counselor.page_said(Channel.SCREEN, show)
    picture = await running.meeting.desk_ears.ears.wait_for(
        events.Pictured, lambda e: isinstance(CODECS[Channel.SCREEN].decode(e.data), Frame)
    )
    for event in running.meeting.desk_ears.ears.heard:
        if isinstance(event, events.Pictured) and event.channel is Channel.SCREEN:
            message = CODECS[Channel.SCREEN].decode(event.data)
            if isinstance(message, ScreenLayout | Frame):
                replica.take(message)
    frame = CODECS[Channel.SCREEN].decode(picture.data)
    running.counselor.page_said(Channel.SCREEN, FrameShown(frame.number))


async def test_code_leads_from_the_phone_to_the_picture() -> None:
    async with meeting() as met:
        met.desktop.screen.fill(Area(8, 8, 16, 16), 0x2F5FD0)
        slot = await met.next_slot()
        ears = Ears()
        task = asyncio.create_task(met.visit(ears, BOTH).run(by_code(slot, met.server)))
        counselor = await met.next_session()
        await met.desk_ears.ears.wait_for(events.GrantsSet, lambda e: e.granted == BOTH)
        path = await ears.wait_for(events.PathTaken)
        replica = Replica()
        running = Running(met, slot, task, ears, task, counselor)  # type: ignore[arg-type]
        await shown_picture(running, replica)
        assert replica.equals(met.desktop.screen.pixels)
        assert path.kind in (PathKind.DIRECT_LAN, PathKind.RELAY_UDP)
        assert counselor.customer == "CUSTOMER-PC"
        counselor.end(EndReason.COUNSELOR_ENDED)
        async with asyncio.timeout(PATIENCE_S):
            assert await task is EndReason.COUNSELOR_ENDED


async def test_both_people_read_the_same_words() -> None:
    async with session() as running:
        await running.ears.wait_for(events.Started)
        assert running.visit.session is not None
        assert running.visit.session.words == running.counselor.words
        assert len(running.counselor.words) == 4


async def test_nothing_is_captured_before_consent() -> None:
    async with session(grants=None) as running:
        await running.ears.wait_for(events.ConsentOpened)
        running.counselor.page_said(Channel.SCREEN, ShowScreen([ScreenCodec.LOSSLESS]))
        running.counselor.say("hello?")
        running.visit.session.answer(frozenset())  # type: ignore[union-attr]
        assert await running.over() is EndReason.REFUSED
        assert running.meeting.desktop.screens_opened == 0
        assert running.meeting.desktop.notices == []
        await running.meeting.desk_ears.ears.wait_for(
            events.Over, lambda e: e.reason is EndReason.REFUSED
        )


async def test_session_ends_when_the_strip_cannot_be_shown() -> None:
    async with meeting() as met:
        met.desktop.can_show_notice = False
        slot = await met.next_slot()
        task = asyncio.create_task(met.visit(Ears(), BOTH).run(by_code(slot, met.server)))
        async with asyncio.timeout(PATIENCE_S):
            assert await task is EndReason.NOTICE_LOST
        assert met.desktop.screens_opened == 0


async def test_session_ends_when_the_strip_disappears() -> None:
    async with session() as running:
        await running.ears.wait_for(events.GrantsSet, lambda e: bool(e.granted))
        running.meeting.desktop.notices[0].shown = False
        assert await running.over() is EndReason.NOTICE_LOST


async def type_a_key(running: Running) -> None:
    for message in (words.KeyChanged("KeyA", True), words.InputMark(1)):
        running.counselor.page_said(Channel.INPUT, message)


async def test_end_key_ends_from_any_thread_and_releases_keys() -> None:
    async with session() as running:
        await running.meeting.desk_ears.ears.wait_for(events.GrantsSet)
        await type_a_key(running)
        await running.meeting.desk_ears.ears.wait_for(events.InputDone)
        assert running.meeting.desktop.hand.down == {"KeyA"}
        await in_thread(running.meeting.desktop.end)
        assert running.meeting.desktop.hand.down == set()
        assert await running.over() is EndReason.CUSTOMER_ENDED


async def test_taken_back_control_releases_keys_and_drops_the_rest() -> None:
    async with session() as running:
        hand = running.meeting.desktop.hand
        ears = running.meeting.desk_ears.ears
        await ears.wait_for(events.GrantsSet)
        await type_a_key(running)
        await ears.wait_for(events.InputDone)
        running.visit.session.change_grants(frozenset({Grant.VIEW}))  # type: ignore[union-attr]
        await ears.wait_for(events.GrantsSet, lambda e: e.granted == {Grant.VIEW})
        before = [done for done in hand.done if done[0] == "key"]
        await type_a_key(running)
        running.counselor.say("done?")
        await running.ears.wait_for(events.Said)
        assert hand.down == set()
        assert [done for done in hand.done if done[0] == "key"] == before


async def test_view_only_locks_our_own_hand() -> None:
    async with session() as running:
        ears = running.meeting.desk_ears.ears
        await ears.wait_for(events.GrantsSet)
        running.counselor.set_view_only(True)
        await type_a_key(running)
        running.counselor.say("locked")
        await running.ears.wait_for(events.Said)
        assert ("key", "KeyA", True) not in running.meeting.desktop.hand.done


async def test_chat_goes_both_ways_and_into_the_log() -> None:
    async with session() as running:
        await running.meeting.desk_ears.ears.wait_for(events.GrantsSet)
        running.counselor.say("안녕하세요")
        heard = await running.ears.wait_for(events.Said)
        assert (heard.mine, heard.text) == (False, "안녕하세요")
        running.visit.session.say("hello")  # type: ignore[union-attr]
        theirs = await running.meeting.desk_ears.ears.wait_for(events.Said, lambda e: not e.mine)
        assert theirs.text == "hello"
        chat = [fields["text"] for name, fields in running.meeting.diary.lines if name == "chat"]
        assert chat == ["안녕하세요", "hello"]


async def test_wrong_code_is_told_to_both_and_burnt_after_three_tries() -> None:
    async with meeting() as met:
        slot = await met.next_slot()
        target = wrong_code(slot, met.server)
        seen = []
        for _ in range(3):
            with pytest.raises(EzError) as caught:
                await met.visit(Ears(), BOTH).run(target)
            seen.append((caught.value.key, caught.value.fields.get("n")))
            if caught.value.key == ErrorKey.CODE_WAIT:
                break
        assert seen[0] == (ErrorKey.CODE_WRONG, 2)
        assert met.desk_ears.failures[0] == (ErrorKey.CODE_WRONG, 2)


async def test_slot_waits_again_with_new_secrets_after_the_session() -> None:
    async with session() as running:
        old = str(running.slot.code)
        running.counselor.end(EndReason.COUNSELOR_ENDED)
        await running.over()
        again = await running.meeting.next_slot()
        assert again.state is SlotState.WAITING
        assert str(again.code) != old


async def test_used_code_does_not_work_twice() -> None:
    async with meeting() as met:
        slot = await met.next_slot()
        target = by_code(slot, met.server)
        task = asyncio.create_task(met.visit(Ears(), BOTH).run(target))
        session = await met.next_session()
        with pytest.raises(EzError) as caught:
            await met.visit(Ears(), BOTH).run(target)
        # Busy as long as the rendezvous has not heard that the programs have met.
        assert caught.value.key in (ErrorKey.CODE_EXPIRED, ErrorKey.CODE_BUSY, ErrorKey.PEER_GONE)
        session.end(EndReason.COUNSELOR_ENDED)
        await task


async def test_session_goes_on_when_the_rendezvous_dies() -> None:
    async with session() as running:
        await running.meeting.desk_ears.ears.wait_for(events.GrantsSet)
        await running.ears.wait_for(events.PathTaken, lambda e: e.kind is PathKind.DIRECT_LAN)
        await running.meeting.rendezvous.rendezvous.close()
        running.counselor.say("still here")
        assert (await running.ears.wait_for(events.Said)).text == "still here"


async def test_session_and_slots_survive_a_new_rendezvous_in_the_old_ones_place() -> None:
    async with meeting(first_slots=2) as met:
        first, second = await met.next_slot(), await met.next_slot()
        old = {str(first.code), str(second.code)}
        ears = Ears()
        visiting = asyncio.create_task(met.visit(ears, BOTH).run(by_code(first, met.server)))
        counselor = await met.next_session()
        await met.desk_ears.ears.wait_for(events.GrantsSet)
        await ears.wait_for(events.PathTaken, lambda e: e.kind is PathKind.DIRECT_LAN)
        running = met.rendezvous
        await running.rendezvous.close()
        again = Rendezvous(replace(running.config, port=running.port))
        await again.start()
        try:
            renewed = await met.next_slot()
            assert renewed.place == second.place
            assert str(renewed.code) not in old
            counselor.say("still here")
            assert (await ears.wait_for(events.Said)).text == "still here"
            # The place whose session ends now waits at the new server, too.
            counselor.end(EndReason.COUNSELOR_ENDED)
            assert await visiting is EndReason.COUNSELOR_ENDED
            assert (await met.next_slot()).place == first.place
        finally:
            await again.close()


async def test_revoked_login_ends_the_desk_only_after_its_sessions() -> None:
    async with session() as running:
        met = running.meeting
        await met.desk_ears.ears.wait_for(events.GrantsSet)
        await running.ears.wait_for(events.PathTaken, lambda e: e.kind is PathKind.DIRECT_LAN)
        await met.rendezvous.logout(met.token)
        async with asyncio.timeout(PATIENCE_S):
            while met.desk.problem is None:
                await met.desk_ears.changed.get()
        assert met.desk.problem.key == ErrorKey.LOGIN_EXPIRED
        running.counselor.say("one moment")
        assert (await running.ears.wait_for(events.Said)).text == "one moment"
        assert not met.desk_task.done()
        running.counselor.end(EndReason.COUNSELOR_ENDED)
        assert await running.over() is EndReason.COUNSELOR_ENDED
        with pytest.raises(EzError) as caught:
            await met.desk_task
        assert caught.value.key == ErrorKey.LOGIN_EXPIRED


def says(text: str) -> Callable[[events.Said], bool]:
    return lambda said: said.text == text


async def test_five_customers_are_helped_at_once() -> None:
    async with meeting(first_slots=MAX_SLOTS) as met:
        slots = [await met.next_slot() for _ in range(MAX_SLOTS)]
        ears = [Ears() for _ in slots]
        visits = [met.visit(ear, BOTH) for ear in ears]
        tasks = [
            asyncio.create_task(visit.run(by_code(slot, met.server)))
            for visit, slot in zip(visits, slots, strict=True)
        ]
        counselors = [await met.next_session() for _ in slots]
        assert {session.slot for session in counselors} == set(range(1, MAX_SLOTS + 1))
        assert sorted(met.desk.sessions) == sorted(session.number for session in counselors)
        for visit, ear, slot in zip(visits, ears, slots, strict=True):
            await ear.wait_for(events.GrantsSet)
            assert visit.session is not None
            visit.session.say(f"from {slot.place}")
            await met.desk_ears.ears.wait_for(events.Said)
        for session in counselors:
            text = f"from {session.slot}"
            await met.desk_ears.ears.wait_for(events.Said, says(text))
            assert [line.text for line in session.chat_lines] == [text]
        met.desk.end_all()
        async with asyncio.timeout(PATIENCE_S):
            assert set(await asyncio.gather(*tasks)) == {EndReason.PROGRAM_CLOSED}
        again = {(await met.next_slot()).place for _ in slots}
        assert again == set(range(1, MAX_SLOTS + 1))


async def test_leaving_program_ends_the_session_with_a_word() -> None:
    async with session() as running:
        await running.meeting.desk_ears.ears.wait_for(events.GrantsSet)
        running.task.cancel()
        over = await running.meeting.desk_ears.ears.wait_for(events.Over)
        assert over.reason is EndReason.PROGRAM_CLOSED


async def test_session_on_a_lan_has_a_lane_for_bulk_that_ends_with_it() -> None:
    async with session() as running:
        customer = running.visit.session
        assert customer is not None
        await running.ears.wait_for(events.PathTaken, lambda e: e.kind is PathKind.DIRECT_LAN)
        # By then one ping at least was not held up by anything.
        await running.meeting.desk_ears.ears.wait_for(events.QualityTaken)
        opened = await customer.lanes.open()
        assert opened is not None
        number, sending = opened
        receiving = await running.counselor.lanes.take(number)
        buffer = memoryview(bytearray(8))
        await asyncio.to_thread(sending.send, b"in bulk.")
        assert await asyncio.to_thread(receiving.receive_into, buffer) == 8
        assert bytes(buffer) == b"in bulk."
        customer.end(EndReason.CUSTOMER_ENDED)
        await running.over()
        assert sending.closed
        with pytest.raises(EzError):
            await asyncio.to_thread(receiving.receive_into, buffer)
