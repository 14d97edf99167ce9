"""A relay apart from the rendezvous: started by its public key, used, killed, replaced."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import EzError, UsageError
from ezp2p.link.events import LinkReady, PathChanged
from ezp2p.link.outbound import DIRECT
from ezp2p.rendezvous.config import Opening, RelayConfig, parse_relays
from ezp2p.rendezvous.folder import write_public_key
from ezp2p.rendezvous.relay_server import RelayServer, RelayStarted
from ezp2p.rendezvous.tickets import RelayAddress, TicketOffice
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import PathKind, Role
from tests.link.pair import Listener, Pair, Terms
from tests.support.program import Program, program

PATIENCE_S = 60


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    """The rendezvous' key; its public half lies in relay.pub."""
    made = Ed25519PrivateKey.generate()
    write_public_key(tmp_path, made)
    return made


@asynccontextmanager
async def running_relay(
    folder: Path, listen: tuple[Opening, ...] = ()
) -> AsyncIterator[RelayStarted]:
    key_file = folder / "relay.pub"
    config = RelayConfig(host="127.0.0.1", port=0, listen=listen, rendezvous_key=key_file)
    relay = RelayServer(config)
    started = await relay.start()
    try:
        yield started
    finally:
        await relay.close()


@dataclass
class Town:
    """Two programs and the relays they are sent to."""

    pair: Pair
    offices: TicketOffice
    call: str

    @classmethod
    @asynccontextmanager
    async def of(cls, key: Ed25519PrivateKey, *relays: RelayAddress) -> AsyncIterator[Town]:
        terms = Terms()
        pair = Pair(Listener(terms.customer()), Listener(terms.counselor()))
        try:
            office = TicketOffice(key, relays, SystemClock())
            yield cls(pair, office, os.urandom(16).hex())
        finally:
            await pair.close()

    async def use(self, *, udp: bool, tubes: bool) -> None:
        """Give both ends their relays, and wait until the link stands."""
        ends = ((self.pair.customer, Role.CUSTOMER), (self.pair.counselor, Role.COUNSELOR))
        for listener, role in ends:
            for offer in self.offices.offers(self.call, role):
                if udp:
                    await listener.link.add_relay(offer.host, offer.udp_port, offer.ticket)
                if tubes:
                    listener.link.add_tube(offer, None, DIRECT)
        async with asyncio.timeout(PATIENCE_S):
            await self.pair.customer.next(LinkReady)
            await self.pair.counselor.next(LinkReady)

    async def exchange(self) -> None:
        for here, there in (
            (self.pair.customer, self.pair.counselor),
            (self.pair.counselor, self.pair.customer),
        ):
            here.link.send(Channel.CHAT, b"do you hear me?")
            async with asyncio.timeout(PATIENCE_S):
                assert await there.message(Channel.CHAT) == b"do you hear me?"


async def test_relay_needs_nothing_but_the_public_key(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    async with running_relay(tmp_path) as relay, Town.of(key, relay.address) as town:
        await town.use(udp=True, tubes=True)
        await town.exchange()


async def test_ticket_of_another_rendezvous_is_good_for_nothing(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    other = Ed25519PrivateKey.generate()
    async with running_relay(tmp_path) as relay, aiohttp.ClientSession() as http:
        offer = TicketOffice(other, [relay.address], SystemClock()).offers("0" * 32, Role.CUSTOMER)
        async with http.ws_connect(f"{relay.url}/api/v1/relay") as ws:
            await ws.send_bytes(b"\x04" + offer[0].ticket)
            assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_relay_serves_nothing_but_the_relay(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    more = (Opening("127.0.0.1", 0, False),)
    async with running_relay(tmp_path, listen=more) as relay, aiohttp.ClientSession() as http:
        statuses = {"/healthz": 200, "/": 404, "/main": 404, "/api/v1/login": 404}
        for port in relay.address.ports:
            for path, status in statuses.items():
                async with http.get(f"http://127.0.0.1:{port.port}{path}") as answer:
                    assert answer.status == status
        token = {"Authorization": "Bearer anything"}
        async with http.get(f"{relay.url}/healthz", headers=token) as answer:
            assert answer.status == 401


@pytest.mark.parametrize("content", [None, "nonsense", "another kind of key"])
async def test_file_that_is_no_such_key_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "relay.pub"
    if content == "nonsense":
        file.write_text(content)
    elif content:
        private = Ed25519PrivateKey.generate()
        file.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    with pytest.raises(EzError) as refused:
        async with running_relay(tmp_path):
            pass
    assert isinstance(refused.value, UsageError)
    assert "--rendezvous-key" in str(refused.value.fields["why"])


@pytest.mark.parametrize("kind", [PathKind.RELAY_UDP, PathKind.RELAY_WS])
async def test_killed_relay_is_replaced_inside_the_session(
    tmp_path: Path, key: Ed25519PrivateKey, kind: PathKind
) -> None:
    with ExitStack() as stack:
        relays = dict(_relay_program(stack, tmp_path, number) for number in range(2))
        async with Town.of(key, *relays) as town:
            await town.use(udp=kind is PathKind.RELAY_UDP, tubes=kind is PathKind.RELAY_WS)
            await town.exchange()
            used = await _path(town.pair.customer, kind, None)
            dead = next(relay for relay in relays if used in (relay.udp_port, relay.ports[0].port))
            relays[dead].kill()
            await town.exchange()
            assert await _path(town.pair.customer, kind, used) != used


async def _path(listener: Listener, kind: PathKind, before: int | None) -> int:
    """Return the port of the relay the link goes by, once that is another one than before."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            changed = await listener.next(PathChanged)
            if changed.kind is kind and changed.address.port != before:
                return changed.address.port


def _relay_program(stack: ExitStack, folder: Path, number: int) -> tuple[RelayAddress, Program]:
    running = stack.enter_context(
        program(
            *("relay", "--host", "127.0.0.1", "--port", "0"),
            *("--rendezvous-key", str(folder / "relay.pub")),
            home=folder / f"relay-{number}",
        )
    )
    listening = running.wait_for("listening")
    (address,) = parse_relays(listening["relay"].split(","))
    return address, running
