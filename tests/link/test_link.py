"""Two links over real sockets on this machine."""

from __future__ import annotations

import asyncio
import os

import pytest

from ezp2p.link.certificate import make_identity
from ezp2p.link.events import ChannelMessage, LinkClosed, LinkReady, PathChanged
from ezp2p.link.keys import SessionKeys, derive_keys
from ezp2p.link.socket import open_socket
from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.keys import EndReason, ErrorKey, PathKind
from tests.link.pair import Listener, Pair, Terms, join, loopback


async def test_messages_arrive_whole_and_in_order_on_every_channel_both_ways() -> None:
    pair = await join()
    messages = [os.urandom(size) for size in (1, 5, 1199, 1200, 1201, 30_000)]
    for here, there in ((pair.customer, pair.counselor), (pair.counselor, pair.customer)):
        for channel in Channel:
            for message in messages:
                here.link.send(channel, message)
        for channel in Channel:
            assert [await there.message(channel) for _ in messages] == messages
    await pair.close()


async def test_longest_message_of_each_channel_is_carried_and_a_longer_one_is_our_fault() -> None:
    pair = await join()
    for channel in Channel:
        pair.customer.link.send(channel, bytes(FRAME_LIMIT[channel]))
        with pytest.raises(ValueError, match=channel.name):
            pair.customer.link.send(channel, bytes(FRAME_LIMIT[channel] + 1))
    for channel in Channel:
        assert len(await pair.counselor.message(channel)) == FRAME_LIMIT[channel]
    await pair.close()


async def test_link_tells_by_which_path_it_goes() -> None:
    pair = await join()
    change = await pair.customer.next(PathChanged)
    assert change.kind is PathKind.DIRECT_LAN
    assert change.address.host == "127.0.0.1"
    round_trip_s = pair.customer.link.round_trip_s
    assert round_trip_s is not None
    assert round_trip_s > 0
    await pair.close()


async def test_closing_that_is_cancelled_still_ends_the_link() -> None:
    pair = await join()
    pair.customer.link.send(Channel.SCREEN, bytes(FRAME_LIMIT[Channel.SCREEN]))
    closing = asyncio.create_task(pair.customer.link.close(EndReason.CUSTOMER_ENDED))
    await asyncio.sleep(0)
    closing.cancel()
    assert await pair.counselor.next(LinkClosed) == LinkClosed(EndReason.CUSTOMER_ENDED, True)
    with pytest.raises(asyncio.CancelledError):
        await closing
    await pair.close()


async def test_closing_delivers_what_was_sent_and_then_the_reason() -> None:
    pair = await join()
    pair.customer.link.send(Channel.SCREEN, bytes(1_000_000))
    await pair.customer.link.close(EndReason.CUSTOMER_ENDED)
    assert len(await pair.counselor.message(Channel.SCREEN)) == 1_000_000
    assert await pair.counselor.next(LinkClosed) == LinkClosed(EndReason.CUSTOMER_ENDED, True)
    assert await pair.customer.next(LinkClosed) == LinkClosed(EndReason.CUSTOMER_ENDED, False)
    assert await pair.customer.link.next_events() == [LinkClosed(EndReason.CUSTOMER_ENDED, False)]
    await pair.close()


async def test_unacked_bytes_fall_to_nothing_once_the_other_end_has_everything() -> None:
    pair = await join()
    pair.customer.link.send(Channel.CHAT, b"hello")
    assert pair.customer.link.unacked_bytes(Channel.CHAT) == 4 + 5
    assert await pair.counselor.message(Channel.CHAT) == b"hello"
    await pair.customer.link.close(EndReason.CUSTOMER_ENDED)
    assert pair.customer.link.unacked_bytes(Channel.CHAT) == 0
    await pair.close()


async def test_wrong_certificate_is_refused_by_the_counselor() -> None:
    terms = Terms()
    impostor = Terms(terms.keys, make_identity(), terms.nonce, terms.session_id)
    customer, counselor = await _introduce(impostor, terms)
    assert (await counselor.next(LinkClosed)).reason is ErrorKey.PEER_UNTRUSTED
    assert customer.events == []
    await Pair(customer, counselor).close()


async def test_wrong_proof_is_refused_and_gets_nothing() -> None:
    terms = Terms()
    liar = Terms(terms.keys, terms.identity, os.urandom(32), terms.session_id)
    customer, counselor = await _introduce(terms, liar)
    customer.link.send(Channel.SCREEN, b"a pixel")
    closed = await counselor.next(LinkClosed)
    assert closed == LinkClosed(ErrorKey.PEER_UNTRUSTED, by_peer=True)
    assert not any(isinstance(event, ChannelMessage) for event in counselor.events)
    assert not any(isinstance(event, LinkReady) for event in customer.events)
    await Pair(customer, counselor).close()


async def test_counselor_with_another_proof_key_is_not_even_answered() -> None:
    terms = Terms()
    proof = derive_keys(os.urandom(32), os.urandom(32)).proof
    names = {name: getattr(terms.keys, name) for name in SessionKeys.__slots__}
    keys = SessionKeys(**(names | {"proof": proof}))
    liar = Terms(keys, terms.identity, terms.nonce, terms.session_id)
    customer, stranger = await _introduce(terms, liar)
    await stranger.next(PathChanged)
    await customer.next(PathChanged)
    await stranger.link.close(EndReason.PROGRAM_CLOSED)
    right = Listener(terms.counselor())
    right.link.add_candidates([loopback(customer.link.port)])
    await customer.next(LinkReady)
    assert await stranger.next(LinkClosed) == LinkClosed(EndReason.PROGRAM_CLOSED, by_peer=False)
    assert stranger.events == []
    await Pair(customer, right).close()


async def test_right_counselor_gets_in_after_wrong_ones_tried() -> None:
    terms = Terms()
    here = open_socket()
    customer = Listener(terms.customer(here))
    for _ in range(3):
        there = open_socket()
        liar = Terms(terms.keys, terms.identity, os.urandom(32), terms.session_id)
        wrong = Listener(liar.counselor(there))
        wrong.link.add_candidates([loopback(here.port)])
        assert (await wrong.next(LinkClosed)).reason is ErrorKey.PEER_UNTRUSTED
        await wrong.link.close(EndReason.PROGRAM_CLOSED)
    right = Listener(terms.counselor())
    right.link.add_candidates([loopback(here.port)])
    await customer.next(LinkReady)
    right.link.send(Channel.CHAT, b"it is me")
    assert await customer.message(Channel.CHAT) == b"it is me"
    await Pair(customer, right).close()


async def test_second_client_does_not_disturb_the_first() -> None:
    terms = Terms()
    here = open_socket()
    customer = Listener(terms.customer(here))
    first = Listener(terms.counselor())
    first.link.add_candidates([loopback(here.port)])
    await customer.next(LinkReady)
    second = Listener(terms.counselor())
    second.link.add_candidates([loopback(here.port)])
    for number in range(20):
        first.link.send(Channel.CHAT, b"%d" % number)
        assert await customer.message(Channel.CHAT) == b"%d" % number
        customer.link.send(Channel.CHAT, b"%d" % number)
        assert await first.message(Channel.CHAT) == b"%d" % number
    await second.link.close(EndReason.PROGRAM_CLOSED)
    await Pair(customer, first).close()


async def _introduce(ours: Terms, theirs: Terms) -> tuple[Listener, Listener]:
    here, there = open_socket(), open_socket()
    customer = ours.customer(here)
    counselor = theirs.counselor(there)
    customer.add_candidates([loopback(there.port)])
    counselor.add_candidates([loopback(here.port)])
    return Listener(customer), Listener(counselor)
