"""The relay by a fake clock, and the same attacks over real UDP sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ezp2p.base.clock import SystemClock
from ezp2p.rendezvous.relay import (
    COOKIE_LIFE_S,
    HALF_PAIR_S,
    REPLACE_AFTER_S,
    SILENT_PAIR_S,
    RelayTable,
)
from ezp2p.rendezvous.tickets import Ticket, relay_id, sign_ticket
from ezp2p.rendezvous.udp_port import Address, UdpPort
from ezp2p.wire.datagram import (
    COOKIE_BYTES,
    RELAY_BIND,
    RELAY_BIND_MIN_BYTES,
    RELAY_BOUND,
    RELAY_CHALLENGE,
    RELAYED,
)
from ezp2p.wire.keys import Role

KEY = Ed25519PrivateKey.generate()
RELAY = relay_id("relay.test", 3000)
WALL = 1_800_000_000.0
CUSTOMER: Address = ("192.0.2.1", 1000)
COUNSELOR: Address = ("192.0.2.2", 2000)
EVE: Address = ("192.0.2.66", 6666)
PATIENCE_S = 10

GOOD = Ticket(os.urandom(16), Role.CUSTOMER, RELAY, int(WALL) + 3600, 10_000)


def table(*, largest: int = 100) -> RelayTable:
    return RelayTable(KEY.public_key(), RELAY, bytes(32), largest=largest)


def bind(cookie: bytes, ticket: bytes) -> bytes:
    return (bytes((RELAY_BIND,)) + cookie + ticket).ljust(RELAY_BIND_MIN_BYTES, b"\0")


def offer(
    relay: RelayTable, ticket: Ticket, source: Address, now: float = 0.0, wall: float = WALL
) -> bytes | None:
    """Bind as a program does, with a challenge between; returns the allocation, if any."""
    signed = sign_ticket(ticket, KEY)
    challenge = relay.receive(bind(bytes(COOKIE_BYTES), signed), source, now, wall)
    assert challenge is not None
    assert challenge[0][0] == RELAY_CHALLENGE
    bound = relay.receive(bind(challenge[0][1:], signed), source, now, wall)
    return bound[0][1:] if bound else None


def pair(relay: RelayTable, now: float = 0.0) -> bytes:
    """Bind both ends; returns their allocation."""
    allocation = offer(relay, GOOD, CUSTOMER, now)
    assert allocation is not None
    assert offer(relay, replace(GOOD, role=Role.COUNSELOR), COUNSELOR, now) == allocation
    return allocation


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
        return bound[1:]


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
