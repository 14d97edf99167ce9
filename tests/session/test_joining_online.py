"""Two ends that join through the real rendezvous, by real sockets."""

from __future__ import annotations

import asyncio
import os

from ezp2p.link.server import login
from ezp2p.link.signalling import Signalling
from ezp2p.session.joining import (
    Agreed,
    CandidatesCame,
    CounselorJoining,
    CustomerJoining,
    Failed,
    Joining,
    JoiningEvent,
    SlotSecrets,
)
from ezp2p.session.tries import Tries
from ezp2p.wire.invitation import parse_server
from ezp2p.wire.joining import CandidateOffer, SecretKind
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import (
    CallArrived,
    HangUp,
    Join,
    Joined,
    OpenSlot,
    Pass,
    SlotOpened,
)
from tests.support.rendezvous import running_rendezvous

SECRETS = SlotSecrets(code="90538", link="Zm9vYmFyYmF6cXV4MTIzNA")
ADDRESS = CandidateOffer("192.0.2.7", 40000, "direct-lan")


async def pump(line: Signalling, call: str, end: Joining, *wanted: type) -> list[JoiningEvent]:
    """Carry bodies between line and end until it has told all that is wanted, or failed."""
    told: list[JoiningEvent] = []
    while True:
        for body in end.bodies_to_pass():
            await line.send(Pass(call=call, body=body))
        for event in end.next_events():
            told.append(event)
            if isinstance(event, Failed) and event.hang_up is not None:
                await line.send(HangUp(call=call, why=event.hang_up))
        kinds = {type(event) for event in told}
        if Failed in kinds or kinds >= set(wanted):
            return told
        message = await line.receive()
        if isinstance(message, Pass):
            end.receive(message.body, 0.0)
        elif isinstance(message, HangUp):
            end.hung_up(message.why)


async def call_with(secret: str) -> tuple[list[JoiningEvent], list[JoiningEvent]]:
    """What customer and counselor are told when the customer types this secret."""
    async with running_rendezvous() as running, asyncio.timeout(20):
        server = parse_server(f"{running.url}/{running.site}")
        token = (await login(server, "admin", running.admin_password)).token
        waiting = await Signalling.connect(server, token)
        calling = await Signalling.connect(server)
        await waiting.send(OpenSlot())
        opened = await waiting.receive()
        assert isinstance(opened, SlotOpened)
        await calling.send(Join(site=server.site, slot=opened.number))
        joined, arrived = await calling.receive(), await waiting.receive()
        assert isinstance(joined, Joined)
        assert isinstance(arrived, CallArrived)

        customer = CustomerJoining(
            secret=secret,
            kind=SecretKind.CODE,
            site=server.site,
            slot=opened.number,
            certificate=b"certificate",
            nonce=bytes(32),
            tries=Tries(),
            random=os.urandom,
        )
        customer.start(0.0)
        counselor = CounselorJoining(
            secrets=SECRETS,
            site=server.site,
            slot=opened.number,
            tries=Tries(),
            random=os.urandom,
            now=0.0,
        )
        for end in (customer, counselor):
            end.offer_candidates([ADDRESS])
        both = await asyncio.gather(
            pump(calling, joined.call, customer, Agreed, CandidatesCame),
            pump(waiting, arrived.call, counselor, Agreed, CandidatesCame),
        )
        await calling.close()
        await waiting.close()
        return both[0], both[1]


async def test_right_code_joins_two_programs_through_the_rendezvous() -> None:
    customer, counselor = await call_with(SECRETS.code)

    assert customer == counselor
    assert isinstance(customer[0], Agreed)
    assert customer[1:] == [CandidatesCame((ADDRESS,))]


async def test_wrong_code_is_told_to_both_through_the_rendezvous() -> None:
    for told in await call_with("90539"):
        assert [type(event) for event in told] == [Failed]
        assert isinstance(told[0], Failed)
        assert (told[0].key, told[0].tries_left) == (ErrorKey.CODE_WRONG, 2)
