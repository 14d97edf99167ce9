"""Whoever vanishes, in whatever state: the others notice, let go of everything, and wait again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ezp2p.link.server import login
from ezp2p.link.signalling import Signalling
from ezp2p.wire.bridge import EndSession, Say
from ezp2p.wire.channel import Channel
from ezp2p.wire.code import AccessCode, parse_code
from ezp2p.wire.invitation import parse_server
from ezp2p.wire.messages.input import KeyChanged
from ezp2p.wire.signalling import (
    CallArrived,
    CallEnd,
    HangUp,
    Join,
    Joined,
    OpenSlot,
    SlotOpened,
)
from tests.support.bare_page import bare_page
from tests.support.company import Company, company
from tests.support.people import Screen, until
from tests.support.program import Program

# Nobody waits ten minutes here for somebody who does not come back.
IMPATIENT = {"EZP2P_RECONNECT_FOR": "5"}
# `webbrowser` shall find a browser that shows nothing.
NO_BROWSER = {"BROWSER": "true"}


@dataclass(frozen=True, slots=True)
class Two:
    """A counselor and a customer whose programs have met, and the counselor's page."""

    counselor: Program
    customer: Program
    address: str

    def kill(self, who: str) -> None:
        """Let one of them die."""
        (self.customer if who == "customer" else self.counselor).kill()

    def other(self, who: str) -> Program:
        """Return the one who is left."""
        return self.counselor if who == "customer" else self.customer


@contextmanager
def session(
    hanbit: Company,
    screen: Screen,
    *,
    grant: str | None = "view,control",
    environ: Mapping[str, str] | None = None,
) -> Iterator[Two]:
    """Let two people meet; if a script has allowed it, until control is allowed."""
    environ = dict(environ or {})
    with hanbit.counselor(environ=environ) as counselor:
        address = counselor.wait_for("ui")["url"]
        code = counselor.wait_for("waiting")["code"]
        ui = ("--ui", "browser")
        with hanbit.customer(
            code, screen, *ui, grant=grant, environ=NO_BROWSER | environ
        ) as customer:
            for each in (customer, counselor):
                each.wait_for("session-started")
                if grant:
                    each.wait_for("grants", granted=["control", "view"])
            yield Two(counselor, customer, address)


def test_customer_who_leaves_while_joining_spends_a_try_and_the_code_still_works(
    hanbit: Company, customers_screen: Screen
) -> None:
    with hanbit.counselor() as counselor:
        waiting = counselor.wait_for("waiting")

        async def call_and_vanish() -> None:
            line = await Signalling.connect(parse_server(hanbit.url))
            await line.send(Join(site="main", slot=parse_code(waiting["code"]).slot))
            assert isinstance(await line.receive(), Joined)
            await line.close()

        asyncio.run(call_and_vanish())
        assert counselor.wait_for("call-failed")["key"] == "peer.gone"
        with hanbit.customer(waiting["code"], customers_screen):
            counselor.wait_for("session-started")


@pytest.mark.parametrize(
    ("last_word", "exit_code", "key"),
    [(None, 1, "peer.gone"), (CallEnd.REFUSED, 3, "consent.refused")],
    ids=["vanishes", "refuses"],
)
def test_customer_hears_what_became_of_the_counselor_while_joining(
    hanbit: Company,
    customers_screen: Screen,
    last_word: CallEnd | None,
    exit_code: int,
    key: str,
) -> None:
    server = parse_server(hanbit.url)

    async def wait_and_leave() -> tuple[int, str]:
        answer = await login(server, hanbit.login, hanbit.password)
        line = await Signalling.connect(server, answer.token)
        await line.send(OpenSlot())
        opened = await line.receive()
        assert isinstance(opened, SlotOpened)
        code = str(AccessCode(opened.number, "12345"))
        with hanbit.customer(code, customers_screen) as customer:
            arrived = await line.receive()
            assert isinstance(arrived, CallArrived)
            if last_word:
                await line.send(HangUp(call=arrived.call, why=last_word))
            await line.close()
            ended = await asyncio.to_thread(customer.exit_code)
            return ended, customer.wait_for("error")["key"]

    assert asyncio.run(wait_and_leave()) == (exit_code, key)


def test_counselor_killed_while_waiting_leaves_a_code_of_nobody(
    hanbit: Company, customers_screen: Screen
) -> None:
    with hanbit.counselor() as counselor:
        code = counselor.wait_for("waiting")["code"]
        counselor.kill()
        with hanbit.customer(code, customers_screen) as customer:
            assert customer.exit_code() == 1
            assert customer.wait_for("error")["key"] == "code.expired"


@pytest.mark.parametrize("who", ["customer", "counselor"])
def test_whoever_is_killed_leaves_no_key_down(
    hanbit: Company, customers_screen: Screen, who: str
) -> None:
    with session(hanbit, customers_screen) as people, bare_page(people.address) as page:
        page.say(Channel.INPUT, 1, KeyChanged("ShiftLeft", True))
        page.say(Channel.INPUT, 1, KeyChanged("KeyA", True))
        until(lambda: len(customers_screen.keys_down()) == 2, "both keys down")
        people.kill(who)
        until(lambda: not customers_screen.keys_down(), "all keys up")
        people.other(who).wait_for("link-lost")


@pytest.mark.slow
@pytest.mark.parametrize("who", ["customer", "counselor"])
def test_whoever_is_killed_during_consent_is_missed(
    hanbit: Company, customers_screen: Screen, who: str
) -> None:
    with session(hanbit, customers_screen, grant=None) as people:
        people.customer.wait_for("consent-asked")
        people.kill(who)
        people.other(who).wait_for("link-lost")
        assert not people.other(who).has_said("grants", granted=["control", "view"])


def test_counselor_gives_a_silent_customer_up_and_waits_again(
    hanbit: Company, customers_screen: Screen
) -> None:
    with session(hanbit, customers_screen, environ=IMPATIENT) as people:
        people.customer.kill()
        ended = people.counselor.wait_for("session-ended")
        assert ended["reason"] == "link-lost"
        people.counselor.wait_for("waiting")


def test_customer_gives_a_silent_counselor_up_as_unreachable(
    hanbit: Company, customers_screen: Screen
) -> None:
    with session(hanbit, customers_screen, environ=IMPATIENT) as people:
        people.counselor.kill()
        ended = people.customer.wait_for("session-ended")
        assert ended["reason"] == "link-lost"
        assert people.customer.exit_code() == 4


def test_session_goes_on_without_the_rendezvous_and_the_counselor_comes_back_to_it(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with company(tmp_path) as hanbit, session(hanbit, customers_screen) as people:
        hanbit.server.kill()
        with bare_page(people.address) as page:
            page.do(Say(session=1, text="still there?"))
            assert people.customer.wait_for("chat", mine=False)["text"] == "still there?"
            page.do(EndSession(session=1))
        assert people.customer.exit_code() == 0
        assert people.counselor.wait_for("session-ended")["reason"] == "counselor-ended"
        with company(tmp_path, port=hanbit.port) as again:
            code = people.counselor.wait_for("waiting")["code"]
            with again.customer(code, customers_screen):
                people.counselor.wait_for("session-started")
