"""A session outlives its network: addresses change, cables come out, and nobody agrees anew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.rendezvous.certificate import self_signed
from tests.support.network import SERVER, Network, can_make_networks, separated_homes
from tests.support.people import Screen
from tests.support.program import Program, program

pytestmark = pytest.mark.skipif(
    not can_make_networks(), reason="network namespaces need root and iproute2"
)


@dataclass(frozen=True, slots=True)
class Helped:
    """A customer who is being helped over the network, by two programs of their own."""

    network: Network
    server: Program
    counselor: Program
    customer: Program

    def both_say(self, event: str, **fields: Any) -> None:
        for each in (self.customer, self.counselor):
            each.wait_for(event, **fields)


@contextlib.contextmanager
def helped(folder: Path, screen: Screen, *, relay: bool) -> Iterator[Helped]:
    """Let two homes that reach each other begin a session; without `relay`, only directly."""
    certificate, key = self_signed(folder, SERVER)
    url = f"https://{SERVER}:3000"
    trusting = {"SSL_CERT_FILE": str(certificate)}
    with (
        separated_homes() as network,
        program(
            *("serve", "--host", SERVER, "--port", "3000", "--public-url", url),
            *("--data", str(folder / "data")),
            *("--tls-cert", str(certificate), "--tls-key", str(key)),
            home=folder / "server",
            before=network.inside(network.server),
        ) as server,
    ):
        listening = server.wait_for("listening")
        network.let_homes_meet()
        if not relay:
            network.block_udp_to_server()
        with (
            program(
                *("operator", "--server", url, "--login", "admin", "--ui", "none"),
                home=folder / "counselor",
                environ=trusting | {"EZP2P_PASSWORD": listening["admin_password"]},
                before=network.inside(network.counselor),
            ) as counselor,
            program(
                *("customer", "--server", url, "--headless", "--grant", "view,control"),
                home=folder / "customer",
                environ=trusting
                | screen.environ
                | {"EZP2P_CODE": counselor.wait_for("waiting")["link"]},
                before=network.inside(network.customer),
            ) as customer,
        ):
            people = Helped(network, server, counselor, customer)
            people.both_say("path", kind="direct-lan")
            people.both_say("grants", granted=["control", "view"])
            yield people


def end_as_friends(people: Helped) -> None:
    """The link carries the customer's good-bye; nobody was asked for consent again."""
    assert not people.customer.has_said("session-ended")
    people.customer.interrupt()
    assert people.counselor.wait_for("session-ended")["reason"] == "program-closed"
    for each in (people.customer, people.counselor):
        asked = [event for event in each.events if event["event"] in ("consent-asked", "grants")]
        assert len([event for event in asked if event["event"] == "grants"]) == 1


def test_both_networks_change_at_once_and_the_programs_meet_again(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with helped(tmp_path, customers_screen, relay=False) as people:
        people.network.move(people.network.customer)
        people.network.move(people.network.counselor)
        people.both_say("link-lost")
        people.both_say("link-back")
        end_as_friends(people)


def test_one_network_changes_and_the_session_goes_on_there(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with helped(tmp_path, customers_screen, relay=True) as people:
        new_address = people.network.move(people.network.customer)
        while not people.counselor.wait_for("path", kind="direct-lan")["address"].startswith(
            f"{new_address}:"
        ):
            pass
        end_as_friends(people)


def test_cable_comes_out_and_goes_in_again(customers_screen: Screen, tmp_path: Path) -> None:
    with helped(tmp_path, customers_screen, relay=True) as people:
        people.network.unplug(people.network.customer)
        people.both_say("link-lost")
        people.network.plug_in(people.network.customer)
        people.both_say("link-back")
        end_as_friends(people)


@pytest.mark.parametrize("sleeper", ["customer", "counselor"])
def test_laptop_that_slept_goes_on_where_it_stopped(
    customers_screen: Screen, tmp_path: Path, sleeper: str
) -> None:
    with helped(tmp_path, customers_screen, relay=True) as people:
        here, there = people.customer, people.counselor
        if sleeper == "counselor":
            here, there = there, here
        with here.asleep():
            there.wait_for("link-lost")
        there.wait_for("link-back")
        end_as_friends(people)


def test_rendezvous_that_is_gone_stops_no_session_and_one_that_is_back_helps_again(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with helped(tmp_path, customers_screen, relay=False) as people:
        people.server.kill()
        people.network.unplug(people.network.customer)
        people.both_say("link-lost")
        people.network.plug_in(people.network.customer)
        people.both_say("link-back")
        end_as_friends(people)
