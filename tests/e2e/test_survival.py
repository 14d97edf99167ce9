"""A session outlives its network: addresses change, cables come out, and nobody agrees anew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.distance import Apart, apart
from tests.support.network import SERVER, can_make_networks, separated_homes
from tests.support.people import Screen

pytestmark = pytest.mark.skipif(
    not can_make_networks(), reason="network namespaces need root and iproute2"
)


def both_say(people: Apart, event: str, **fields: Any) -> None:
    for each in people.both:
        each.wait_for(event, **fields)


@contextlib.contextmanager
def helped(folder: Path, screen: Screen, *, relay: bool) -> Iterator[Apart]:
    """Let two homes that reach each other begin a session; without `relay`, only directly."""
    with separated_homes() as network:
        network.let_homes_meet()
        if not relay:
            network.block_udp_to_server()
        with apart(network, SERVER, screen, folder, grant="view,control") as people:
            both_say(people, "path", kind="direct-lan")
            both_say(people, "grants", granted=["control", "view"])
            yield people


def end_as_friends(people: Apart) -> None:
    """The link carries the customer's good-bye; nobody was asked for consent again."""
    assert not people.customer.has_said("session-ended")
    people.customer.interrupt()
    assert people.counselor.wait_for("session-ended")["reason"] == "program-closed"
    for each in people.both:
        asked = [event for event in each.events if event["event"] in ("consent-asked", "grants")]
        assert len([event for event in asked if event["event"] == "grants"]) == 1


def test_both_networks_change_at_once_and_the_programs_meet_again(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with helped(tmp_path, customers_screen, relay=False) as people:
        people.network.move(people.network.customer)
        people.network.move(people.network.counselor)
        both_say(people, "link-lost")
        both_say(people, "link-back")
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
        both_say(people, "link-lost")
        people.network.plug_in(people.network.customer)
        both_say(people, "link-back")
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
        both_say(people, "link-lost")
        people.network.plug_in(people.network.customer)
        both_say(people, "link-back")
        end_as_friends(people)
