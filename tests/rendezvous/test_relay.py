"""The relay by a fake clock, and the same attacks over real UDP sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ezp2p.base.clock import SystemClock
from ezp2p.rendezvous.relay import (
    COOKIE_LIFE_S,
    HALF_PAIR_S,
    LIVELY_S,
    REPLACE_AFTER_S,
    SILENT_PAIR_S,
    SUCCESSOR_EVERY_S,
    RelayTable,
)
from ezp2p.rendezvous.tickets import (
    SUCCESSOR_BYTES,
    TICKET_LIFE_S,
    Ticket,
    relay_id,
    sign_successor,
    sign_ticket,
)
from ezp2p.rendezvous.udp_port import Address, UdpPort
from ezp2p.wire.datagram import (
    ALLOCATION_BYTES,
    COOKIE_BYTES,
    RELAY_BIND,
    RELAY_BIND_MIN_BYTES,
    RELAY_BOUND,
    RELAY_CHALLENGE,
    RELAYED,
    pack,
)
from ezp2p.wire.keys import Role

KEY = Ed25519PrivateKey.generate()
RELAY = relay_id("relay.test", 3000)
WALL = 1_800_000_000.0
CUSTOMER: Address = ("192.0.2.1", 1000)
COUNSELOR: Address = ("192.0.2.2", 2000)
EVE: Address = ("192.0.2.66", 6666)
PATIENCE_S = 10
UDP_SEGMENT = 103  # linux/udp.h

GOOD = Ticket(os.urandom(16), Role.CUSTOMER, RELAY, int(WALL) + TICKET_LIFE_S, 10_000)
THEIRS = replace(GOOD, role=Role.COUNSELOR)


def table(*, largest: int = 100) -> RelayTable:
    return RelayTable(KEY.public_key(), RELAY, bytes(32), largest=largest, grant_bytes=10_000)


class MemoryTube:
    """A WebSocket in memory."""

    def __init__(self, host: str = "192.0.2.3") -> None:
        self.host = host
        self.messages: list[bytes] = []
        self.is_open = True

    def put(self, datagram: bytes) -> None:
        self.messages += pack([datagram])

    def put_message(self, message: bytes) -> None:
        self.messages.append(message)

    def let_go(self) -> None:
        self.is_open = False


def bind(cookie: bytes, ticket: bytes) -> bytes:
    return (bytes((RELAY_BIND,)) + cookie + ticket).ljust(RELAY_BIND_MIN_BYTES, b"\0")


def offer(
    relay: RelayTable, ticket: Ticket, source: Address, now: float = 0.0, wall: float = WALL
) -> bytes | None:
    """Bind as a program does; returns the allocation, if any."""
    return ask_seat(relay, sign_ticket(ticket, KEY), source, now, wall)


def ask_seat(
    relay: RelayTable, signed: bytes, source: Address, now: float = 0.0, wall: float = WALL
) -> bytes | None:
    """Bind with a challenge between; returns allocation and next ticket, if any."""
    challenge = relay.receive(bind(bytes(COOKIE_BYTES), signed), source, now, wall)
    assert challenge is not None
    assert challenge[0][0] == RELAY_CHALLENGE
    bound = relay.receive(bind(challenge[0][1:], signed), source, now, wall)
    return bound[0][1:] if bound else None


def pair(relay: RelayTable, now: float = 0.0) -> bytes:
    """Bind both ends; returns their allocation."""
    allocation = offer(relay, GOOD, CUSTOMER, now)
    assert allocation is not None
    assert offer(relay, THEIRS, COUNSELOR, now) == allocation
    return allocation


def spend(relay: RelayTable, size_bytes: int, now: float = 0.0) -> int:
    """Let the customer send packets of 1,000 bytes; return how many bytes were carried."""
    packet = relayed(pair_again(relay, now), bytes(991))
    carried = [relay.receive(packet, CUSTOMER, now, WALL) for _ in range(size_bytes // 1000)]
    return sum(len(packet) for answer in carried if answer is not None)


def pair_again(relay: RelayTable, now: float) -> bytes:
    """Return the allocation of the pair that is bound."""
    allocation = offer(relay, THEIRS, COUNSELOR, now)
    assert allocation is not None
    return allocation[:ALLOCATION_BYTES]


def relayed(allocation: bytes, inner: bytes = b"hello") -> bytes:
    return bytes((RELAYED,)) + allocation + inner


def test_datagrams_go_between_the_two_bound_addresses_and_nowhere_else() -> None:
    relay = table()
    packet = relayed(pair(relay))
    assert relay.receive(packet, CUSTOMER, 0.0, WALL) == (packet, COUNSELOR)
    assert relay.receive(packet, COUNSELOR, 0.0, WALL) == (packet, CUSTOMER)
    assert relay.receive(packet, EVE, 0.0, WALL) is None


def test_datagram_longer_than_any_network_carries_is_dropped() -> None:
    relay = table()
    allocation = pair(relay)
    assert relay.receive(relayed(allocation, bytes(9000)), CUSTOMER, 0.0, WALL) is not None
    assert relay.receive(relayed(allocation, bytes(9001)), CUSTOMER, 0.0, WALL) is None


def test_nothing_is_carried_before_both_ends_are_bound() -> None:
    relay = table()
    allocation = offer(relay, GOOD, CUSTOMER)
    assert allocation is not None
    assert relay.receive(relayed(allocation), CUSTOMER, 0.0, WALL) is None


def test_nothing_is_kept_before_the_challenge_is_answered() -> None:
    relay = table()
    signed = sign_ticket(GOOD, KEY)
    for port in range(1000):
        relay.receive(bind(bytes(COOKIE_BYTES), signed), ("192.0.2.3", port), 0.0, WALL)
        relay.receive(bind(os.urandom(COOKIE_BYTES), signed), ("192.0.2.3", port), 0.0, WALL)
    assert len(relay) == 0


def test_cookie_of_another_address_or_of_long_ago_is_challenged_again() -> None:
    relay = table()
    signed = sign_ticket(GOOD, KEY)
    answer = relay.receive(bind(bytes(COOKIE_BYTES), signed), CUSTOMER, 0.0, WALL)
    assert answer is not None
    stolen = bind(answer[0][1:], signed)
    late = 2 * COOKIE_LIFE_S
    for source, now in ((EVE, 0.0), (("192.0.2.1", 1001), 0.0), (CUSTOMER, late)):
        again = relay.receive(stolen, source, now, WALL)
        assert again is not None
        assert again[0][0] == RELAY_CHALLENGE
    assert len(relay) == 0


def test_ticket_that_is_not_genuine_binds_nothing() -> None:
    foreign = sign_ticket(GOOD, Ed25519PrivateKey.generate())
    genuine = sign_ticket(GOOD, KEY)
    for ticket in (
        b"",
        foreign,
        genuine[:-1] + bytes((genuine[-1] ^ 1,)),
        genuine[:20] + bytes((genuine[20] ^ 1,)) + genuine[21:],
        sign_ticket(replace(GOOD, expires_at=int(WALL)), KEY),
        sign_ticket(replace(GOOD, relay=relay_id("other.test", 3000)), KEY),
    ):
        relay = table()
        challenge = relay.receive(bind(bytes(COOKIE_BYTES), ticket), EVE, 0.0, WALL)
        assert challenge is not None
        assert relay.receive(bind(challenge[0][1:], ticket), EVE, 0.0, WALL) is None
        assert (len(relay), relay.refused) == (0, 1)


def test_ticket_copied_by_another_address_does_not_push_a_living_end_out() -> None:
    relay = table()
    packet = relayed(pair(relay))
    assert offer(relay, GOOD, EVE, REPLACE_AFTER_S / 2) is None
    assert relay.receive(packet, COUNSELOR, 1.0, WALL) == (packet, CUSTOMER)


def test_end_whose_network_changed_binds_again_from_its_new_address() -> None:
    relay = table()
    packet = relayed(pair(relay))
    moved: Address = ("203.0.113.9", 4711)
    assert offer(relay, GOOD, moved, REPLACE_AFTER_S) == packet[1:9]
    assert relay.receive(packet, COUNSELOR, 3.0, WALL) == (packet, moved)
    assert relay.receive(packet, CUSTOMER, 3.0, WALL) is None


def test_one_address_cannot_be_both_ends() -> None:
    relay = table()
    assert offer(relay, GOOD, EVE) is not None
    assert offer(relay, replace(GOOD, role=Role.COUNSELOR), EVE) is None


def test_budget_ends_one_direction_and_binding_again_does_not_renew_it() -> None:
    relay = table()
    allocation = pair(relay)
    packet = relayed(allocation, bytes(991))  # 1,000 bytes of the 10,000
    carried = [relay.receive(packet, CUSTOMER, 0.0, WALL) is not None for _ in range(12)]
    assert carried == [True] * 10 + [False] * 2
    assert relay.receive(packet, COUNSELOR, 0.0, WALL) is not None
    relay.sweep(SILENT_PAIR_S + 1, WALL)
    assert len(relay) == 0
    packet = relayed(pair(relay, now=200.0), bytes(991))
    assert relay.receive(packet, CUSTOMER, 200.0, WALL) is None


def test_end_that_is_half_through_its_ticket_gets_the_next_one_with_its_bind() -> None:
    relay = table()
    pair(relay)
    assert spend(relay, 4_000) == 4_000
    assert len(offer(relay, GOOD, CUSTOMER) or b"") == ALLOCATION_BYTES
    assert spend(relay, 2_000) == 2_000
    answer = offer(relay, GOOD, CUSTOMER) or b""
    successor = answer[ALLOCATION_BYTES:]
    assert len(successor) == SUCCESSOR_BYTES
    assert offer(relay, GOOD, CUSTOMER) == answer  # the first may have got lost
    assert ask_seat(relay, successor, CUSTOMER) == answer[:ALLOCATION_BYTES]
    assert spend(relay, 20_000) == 14_000  # both budgets together


def test_successors_come_once_in_ten_minutes_so_that_a_budget_is_a_rate() -> None:
    relay = table()
    pair(relay)
    spend(relay, 6_000)
    first = (offer(relay, GOOD, CUSTOMER) or b"")[ALLOCATION_BYTES:]
    ask_seat(relay, first, CUSTOMER)
    spend(relay, 20_000)
    for now in (1.0, SUCCESSOR_EVERY_S - 1):
        assert ask_seat(relay, first, CUSTOMER, now) == pair_again(relay, now)
    second = (ask_seat(relay, first, CUSTOMER, SUCCESSOR_EVERY_S) or b"")[ALLOCATION_BYTES:]
    ask_seat(relay, second, CUSTOMER, SUCCESSOR_EVERY_S)
    assert spend(relay, 20_000, SUCCESSOR_EVERY_S) == 4_000  # what was dropped counts, too


def test_session_outlives_its_first_ticket_by_the_relays_own_ones() -> None:
    relay = table()
    allocation = pair(relay)
    late, too_late = WALL + TICKET_LIFE_S - 60, WALL + TICKET_LIFE_S + 60
    ends = ((GOOD, CUSTOMER), (THEIRS, COUNSELOR))
    answers = [offer(relay, ticket, end, 1.0, late) for ticket, end in ends]
    for answer, (_, end) in zip(answers, ends, strict=True):
        assert answer is not None
        assert ask_seat(relay, answer[ALLOCATION_BYTES:], end, 2.0, late) == allocation
    relay.sweep(3.0, too_late)
    packet = relayed(allocation)
    assert relay.receive(packet, CUSTOMER, 3.0, too_late) == (packet, COUNSELOR)
    assert offer(relay, GOOD, CUSTOMER, 3.0, too_late) is None


def test_half_pair_gets_no_successor() -> None:
    relay = table()
    for now in (0.0, 15.0):
        answer = offer(relay, replace(GOOD, budget_bytes=0), CUSTOMER, now)
        assert len(answer or b"") == ALLOCATION_BYTES


def test_successor_of_another_relay_or_altered_is_refused() -> None:
    relay = table()
    pair(relay)
    spend(relay, 6_000)
    successor = (offer(relay, GOOD, CUSTOMER) or b"")[ALLOCATION_BYTES:]
    for forged in (
        sign_successor(replace(GOOD, budget_bytes=2**40), os.urandom(32)),
        successor[:-1] + bytes((successor[-1] ^ 1,)),
        successor[:40] + bytes((successor[40] ^ 1,)) + successor[41:],
        b"\x01" + successor[1:],
    ):
        refused = relay.refused
        assert ask_seat(relay, forged, CUSTOMER) is None
        assert relay.refused == refused + 1


def test_run_of_datagrams_is_passed_on_whole_and_counted_whole() -> None:
    relay = table()
    packet = relayed(pair(relay), bytes(991))
    run = packet * 4 + packet[:500]
    assert relay.is_run(run, 1000)
    assert relay.receive_run(run, 1000, CUSTOMER, 0.0) == (run, COUNSELOR)
    assert relay.receive_run(run, 1000, EVE, 0.0) is None
    assert relay.receive_run(run, 1000, CUSTOMER, 0.0) == (run, COUNSELOR)
    assert relay.receive_run(run, 1000, CUSTOMER, 0.0) is None  # 13,500 of 10,000 bytes


def test_datagrams_that_do_not_go_the_same_way_are_no_run() -> None:
    relay = table()
    packet = relayed(pair(relay), bytes(91))
    other = relayed(b"12345678", bytes(91))
    for run, size in ((packet + other, 100), (other[1:] + b"x" + packet, 100), (packet * 2, 99)):
        assert not relay.is_run(run, size)


def test_run_reaches_a_tube_in_its_datagrams() -> None:
    relay, tube = table(), MemoryTube()
    allocation = offer(relay, GOOD, CUSTOMER)
    assert allocation is not None
    relay.admit(sign_ticket(THEIRS, KEY), tube, 0.0, WALL)
    inners = (b"one", b"two", b"3")
    run = b"".join(relayed(allocation, inner) for inner in inners)
    assert relay.receive_run(run, 12, CUSTOMER, 0.0) is None
    assert tube.messages == [message for inner in inners for message in pack([inner])]


# --- tubes


def test_two_tubes_exchange_whole_messages() -> None:
    relay, here, there, eve = table(), MemoryTube(), MemoryTube(), MemoryTube()
    assert relay.admit(sign_ticket(GOOD, KEY), here, 0.0, WALL) is not None
    assert relay.admit(sign_ticket(THEIRS, KEY), there, 0.0, WALL) is not None
    (message,) = pack([b"one", b"two"])
    assert list(relay.carry(message, here, 0.0)) == []
    assert there.messages == [message]
    assert (relay.is_seated(here), relay.is_seated(eve)) == (True, False)


def test_one_end_by_udp_and_the_other_by_tube_meet() -> None:
    relay, tube = table(), MemoryTube()
    allocation = offer(relay, GOOD, CUSTOMER)
    assert allocation is not None
    relay.admit(sign_ticket(THEIRS, KEY), tube, 0.0, WALL)
    (message,) = pack([b"one", b"two"])
    assert list(relay.carry(message, tube, 0.0)) == [
        (relayed(allocation, inner), CUSTOMER) for inner in (b"one", b"two")
    ]
    assert relay.receive(relayed(allocation, b"three"), CUSTOMER, 0.0, WALL) is None
    assert tube.messages == list(pack([b"three"]))


def test_each_kind_stays_with_its_kind_until_that_falls_silent() -> None:
    relay, here, there = table(), MemoryTube(), MemoryTube()
    packet = relayed(pair(relay))
    relay.admit(sign_ticket(GOOD, KEY), here, 0.0, WALL)
    (message,) = pack([b"by tube"])
    assert list(relay.carry(message, here, 0.0)) == [(packet[:9] + b"by tube", COUNSELOR)]
    relay.admit(sign_ticket(THEIRS, KEY), there, 0.0, WALL)
    list(relay.carry(message, here, 0.0))
    assert there.messages == [message]
    assert relay.receive(packet, CUSTOMER, 0.0, WALL) == (packet, COUNSELOR)

    later = LIVELY_S + 1
    list(relay.carry(message, there, later))  # the counselor's UDP is dead, its tube is not
    relay.sweep(later, WALL)
    assert relay.receive(packet, CUSTOMER, later, WALL) is None
    assert there.messages == [message, *pack([b"hello"])]


def test_tube_takes_one_seat_and_no_second() -> None:
    relay, tube = table(), MemoryTube()
    assert relay.admit(sign_ticket(GOOD, KEY), tube, 0.0, WALL) is not None
    assert relay.admit(sign_ticket(THEIRS, KEY), tube, 0.0, WALL) is None
    other_call = replace(GOOD, call=os.urandom(16))
    assert relay.admit(sign_ticket(other_call, KEY), tube, 0.0, WALL) is None
    assert relay.admit(sign_ticket(GOOD, KEY), tube, 0.0, WALL) is not None
    assert len(relay) == 1


def test_tube_that_came_back_gets_the_seat_of_its_dead_predecessor() -> None:
    relay, before, after = table(), MemoryTube(), MemoryTube()
    relay.admit(sign_ticket(GOOD, KEY), before, 0.0, WALL)
    assert relay.admit(sign_ticket(GOOD, KEY), after, REPLACE_AFTER_S / 2, WALL) is None
    assert relay.admit(sign_ticket(GOOD, KEY), after, REPLACE_AFTER_S, WALL) is not None
    assert (before.is_open, after.is_open) == (False, True)
    relay.depart(before, REPLACE_AFTER_S)
    assert relay.is_seated(after)


def test_tube_whose_pair_is_over_is_let_go_and_one_that_left_is_forgotten() -> None:
    relay, alone = table(), MemoryTube()
    relay.admit(sign_ticket(GOOD, KEY), alone, 0.0, WALL)
    relay.sweep(HALF_PAIR_S + 1, WALL)
    assert not alone.is_open
    other = MemoryTube()
    relay.admit(sign_ticket(GOOD, KEY), other, 30.0, WALL)
    relay.depart(other, 30.0)
    assert (len(relay), other.is_open) == (0, True)


def test_budget_is_one_for_both_kinds() -> None:
    relay, tube = table(), MemoryTube()
    packet = relayed(pair(relay), bytes(991))
    relay.admit(sign_ticket(GOOD, KEY), tube, 0.0, WALL)
    (message,) = pack([bytes(997)])
    for _ in range(5):
        assert relay.receive(packet, CUSTOMER, 0.0, WALL) is not None
        assert list(relay.carry(message, tube, 0.0))
    assert relay.receive(packet, CUSTOMER, 0.0, WALL) is None
    assert not list(relay.carry(message, tube, 0.0))


def test_message_that_is_cut_or_nonsense_brings_out_what_is_whole() -> None:
    relay, tube = table(), MemoryTube()
    offer(relay, GOOD, CUSTOMER)
    relay.admit(sign_ticket(THEIRS, KEY), tube, 0.0, WALL)
    (whole,) = pack([b"whole"])
    for message in (whole + b"\x00\x09cut", whole + b"\x00", whole + b"\x00\x00", whole):
        ((data, _),) = relay.carry(message, tube, 0.0)
        assert data.endswith(b"whole")
    for message in (b"\x03", b"\x03\xff\xff", b"\x03\x00\x00\x00\x00"):
        assert not list(relay.carry(message, tube, 0.0))


def test_half_pair_is_forgotten_after_its_time() -> None:
    relay = table()
    offer(relay, GOOD, CUSTOMER)
    relay.sweep(HALF_PAIR_S, WALL)
    assert len(relay) == 1
    relay.sweep(HALF_PAIR_S + 0.1, WALL)
    assert len(relay) == 0


def test_pair_lives_as_long_as_it_is_heard_and_its_ticket_is_good() -> None:
    relay = table()
    packet = relayed(pair(relay))
    for now in (100.0, 200.0):
        for end in (CUSTOMER, COUNSELOR):
            relay.receive(packet, end, now, WALL)
        relay.sweep(now, WALL)
        assert len(relay) == 1
    relay.sweep(201.0, GOOD.expires_at)
    assert len(relay) == 0
    assert relay.receive(packet, CUSTOMER, 201.0, GOOD.expires_at) is None


def test_flood_of_half_pairs_with_good_tickets_is_bounded() -> None:
    relay = table(largest=50)
    for number in range(200):
        source = (f"198.51.100.{number}", 1)
        offer(relay, replace(GOOD, call=number.to_bytes(16, "big")), source)
    assert len(relay) == 50
    relay.sweep(HALF_PAIR_S + 1, WALL)
    assert len(relay) == 0


def test_one_address_cannot_make_the_relay_read_tickets_without_end() -> None:
    relay = table()
    forged = sign_ticket(GOOD, Ed25519PrivateKey.generate())
    challenge = relay.receive(bind(bytes(COOKIE_BYTES), forged), EVE, 0.0, WALL)
    assert challenge is not None
    for _ in range(1000):
        relay.receive(bind(challenge[0][1:], forged), EVE, 0.0, WALL)
    assert relay.refused == 100


def test_every_answer_is_at_most_as_long_as_what_it_answers() -> None:
    relay = table()
    allocation = pair(relay)
    junk = [bytes((first,)) + os.urandom(size) for first in range(256) for size in (0, 8, 9, 300)]
    short = bind(bytes(COOKIE_BYTES), b"")[: RELAY_BIND_MIN_BYTES - 1]
    for data in [b"", short, relayed(allocation), relayed(allocation, b""), *junk]:
        for source in (CUSTOMER, EVE):
            answer = relay.receive(data, source, 0.0, WALL)
            assert answer is None or len(answer[0]) <= len(data)
    assert relay.receive(short, EVE, 0.0, WALL) is None


# --- over real sockets


class End:
    """A program's UDP socket."""

    def __init__(self, relay_port: int) -> None:
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setblocking(False)
        self.udp.connect(("127.0.0.1", relay_port))

    async def ask(self, data: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.udp, data)
        return await asyncio.wait_for(loop.sock_recv(self.udp, 2048), PATIENCE_S)

    async def hear(self) -> bytes:
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.sock_recv(self.udp, 2048), PATIENCE_S)

    async def bind(self, ticket: Ticket) -> bytes:
        signed = sign_ticket(ticket, KEY)
        challenge = await self.ask(bind(bytes(COOKIE_BYTES), signed))
        bound = await self.ask(bind(challenge[1:], signed))
        assert bound[0] == RELAY_BOUND
        return bound[1 : 1 + ALLOCATION_BYTES]


async def test_two_programs_exchange_datagrams_through_the_socket_and_a_third_cannot() -> None:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.setblocking(False)
    relay = table()
    server = UdpPort({RELAYED: relay, RELAY_BIND: relay}, udp, SystemClock())
    server.start()
    ends = [End(udp.getsockname()[1]) for _ in range(3)]
    customer, counselor, eve = ends
    try:
        ticket = replace(GOOD, expires_at=int(SystemClock().wall()) + 60, budget_bytes=2**32)
        allocation = await customer.bind(ticket)
        assert await counselor.bind(replace(ticket, role=Role.COUNSELOR)) == allocation
        eve.udp.send(relayed(allocation, b"from eve"))
        for number in range(500):  # more than one wake-up's worth
            customer.udp.send(relayed(allocation, b"%d" % number))
            assert await counselor.hear() == relayed(allocation, b"%d" % number)
        counselor.udp.send(relayed(allocation, b"back"))
        assert await customer.hear() == relayed(allocation, b"back")
    finally:
        for end in ends:
            end.udp.close()
        server.close()


@pytest.mark.skipif(not hasattr(socket, "SOL_UDP"), reason="the system sends no runs")
async def test_runs_arrive_as_the_datagrams_they_were_sent_as() -> None:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.setblocking(False)
    relay = table()
    server = UdpPort({RELAYED: relay, RELAY_BIND: relay}, udp, SystemClock(), relay)
    server.start()
    customer, counselor = End(udp.getsockname()[1]), End(udp.getsockname()[1])
    try:
        ticket = replace(GOOD, expires_at=int(SystemClock().wall()) + 60, budget_bytes=2**32)
        allocation = await customer.bind(ticket)
        await counselor.bind(replace(ticket, role=Role.COUNSELOR))
        foreign = bytes((RELAYED,)) + b"12345678" + bytes(100)
        sent = [relayed(allocation, bytes((number,)) * 100) for number in range(40)]
        short = relayed(allocation, b"the last is shorter")
        for run in ([*sent, short], [sent[0], foreign, sent[1]], [short]):
            size = struct.pack("=H", len(run[0]))
            customer.udp.sendmsg(run, [(socket.SOL_UDP, UDP_SEGMENT, size)])
            for data in run:
                if data != foreign:
                    assert await counselor.hear() == data
    finally:
        for end in (customer, counselor):
            end.udp.close()
        server.close()


async def test_relay_outlives_an_end_whose_port_is_closed() -> None:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.setblocking(False)
    relay = table()
    server = UdpPort({RELAYED: relay, RELAY_BIND: relay}, udp, SystemClock())
    server.start()
    customer, counselor = End(udp.getsockname()[1]), End(udp.getsockname()[1])
    try:
        ticket = replace(GOOD, expires_at=int(SystemClock().wall()) + 60)
        allocation = await customer.bind(ticket)
        await counselor.bind(replace(ticket, role=Role.COUNSELOR))
        counselor.udp.close()
        for _ in range(10):
            customer.udp.send(relayed(allocation))
        challenge = await customer.ask(bind(bytes(COOKIE_BYTES), b""))
        assert challenge[0] == RELAY_CHALLENGE
    finally:
        customer.udp.close()
        server.close()
