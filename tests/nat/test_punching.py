"""Every pair of networks there is: direct where theory says so, relayed where it cannot be."""

from __future__ import annotations

import itertools

import pytest

from ezp2p.nat.punching import GUESSED_PORTS, Allowance, guessed_routes
from ezp2p.nat.route import Address
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import PathKind, PortMapping, Role
from tests.nat.natlab import Kind, Router
from tests.nat.town import AGREED_AT, ROUND_TRIP_S, Program, Town

KINDS = [Router(mapping, filtering) for mapping in Kind for filtering in Kind]
COUNTING = [Router(Kind.PORT, Kind.PORT, step=1), Router(Kind.PORT, Kind.PORT, step=-2)]
NO_UDP = Router(blocks_udp=True)
EVERYBODY = [*KINDS, *COUNTING, NO_UDP]


def _hears(receiver: Router, sender: Router) -> bool:
    """Whether a datagram to the address that `receiver`'s server saw can come in (RFC 4787)."""
    if receiver.filtering is Kind.NOTHING:
        return True
    # It must have sent to the sender before, from that very mapping.
    if receiver.mapping is not Kind.NOTHING:
        return False
    # And if ports count: to the port the sender's datagram really comes from.
    return receiver.filtering is Kind.ADDRESS or sender.mapping is Kind.NOTHING


def _answers(receiver: Router, sender: Router) -> bool:
    """Whether the answer to such a datagram comes in at the one who sent it, and leads on."""
    if receiver.mapping is Kind.NOTHING:
        return True
    # It comes from another port: past a filter that looks at addresses. The sender then asks
    # there, from yet another port if it maps by port: if both do so, they never catch up.
    return sender.filtering is not Kind.PORT and not _both_by_port(receiver, sender)


def _both_by_port(one: Router, other: Router) -> bool:
    return one.mapping is Kind.PORT and other.mapping is Kind.PORT


def theory(one: Router, other: Router) -> bool:
    """Whether two such networks can have a direct path."""
    if one.blocks_udp or other.blocks_udp:
        return False
    for receiver, sender in ((one, other), (other, one)):
        if _hears(receiver, sender) and _answers(receiver, sender):
            return True
    # Ports that are counted can be foretold: by a network that keeps its own, or counts as well.
    told = [r.step is not None or r.mapping is Kind.NOTHING for r in (one, other)]
    return all(told)


def test_every_pair_of_networks_gets_the_path_that_theory_allows() -> None:
    wrong = []
    for one, other in itertools.combinations_with_replacement(EVERYBODY, 2):
        town = Town(one, other)
        direct = town.run_until_direct(1.5)
        if direct != theory(one, other):
            wrong.append(f"{one} with {other}: {town.paths}")
    assert wrong == []


def test_direct_path_comes_within_two_round_trips_and_a_tenth_of_a_second() -> None:
    late = []
    for one, other in itertools.combinations_with_replacement(EVERYBODY, 2):
        if theory(one, other):
            town = Town(one, other)
            town.run(2)
            for program in town.programs:
                waited_s = direct_at(program) - AGREED_AT
                if waited_s > 2 * ROUND_TRIP_S + 0.1:
                    late.append(f"{one} with {other}: {waited_s:.3f}")
    assert late == []


def direct_at(program: Program) -> float:
    """When it first used a direct path."""
    return next(at for at, kind in program.changes if kind is not PathKind.RELAY_UDP)


@pytest.mark.parametrize("seed", range(20))
def test_strict_networks_meet_though_a_fifth_of_all_datagrams_is_lost(seed: int) -> None:
    assert Town(Router(), Router(), loss=0.2, seed=seed).run_until_direct(4)


def test_machine_without_a_router_is_reached_from_everywhere() -> None:
    for router in EVERYBODY:
        town = Town(None, router)
        assert town.run_until_direct(2) is (router is not NO_UDP), str(router)


def test_two_in_one_home_meet_on_the_lan_whatever_the_router_does() -> None:
    for router in EVERYBODY:
        town = Town(router, None, same_home=True)
        town.run(1)
        assert town.paths == (PathKind.DIRECT_LAN, PathKind.DIRECT_LAN), str(router)


def test_forwarded_port_opens_the_strictest_network_to_any_other() -> None:
    for other in KINDS:
        town = Town(Router(Kind.PORT, Kind.PORT), other, forwarded_port=51_515)
        assert town.run_until_direct(2), str(other)
        town.run(1)
        # The customer's own end sees an address like any other, and is told what it is.
        assert town.paths == (PathKind.FORWARDED, PathKind.FORWARDED), str(other)


def test_port_that_the_router_opens_late_is_taken_all_the_same() -> None:
    town = Town(Router(Kind.PORT, Kind.PORT), Router(Kind.PORT, Kind.PORT))
    town.run(5)
    assert town.paths == (PathKind.RELAY_UDP, PathKind.RELAY_UDP)
    home = town.homes[Role.CUSTOMER]
    home.forwarded[40_000] = Address("192.168.1.2", 4000)
    town.customer.reach.router_opened(Address(home.host, 40_000))
    assert town.run_until_direct(1)
    town.run(1)
    assert town.paths == (PathKind.UPNP, PathKind.UPNP)


def test_address_that_turns_out_to_be_a_better_kind_is_renamed_without_a_move() -> None:
    town = Town(None, Router())
    town.run(1)
    town.customer.reach.router_opened(Address("11.0.0.1", 4000))
    town.run(1)
    kinds = [kind for _, kind in town.counselor.changes]
    assert kinds[-2:] == [PathKind.PUNCHED, PathKind.UPNP]


def test_direct_path_outlives_routers_that_forget_in_seconds() -> None:
    forgetful = Router(lifetime_s=12)
    town = Town(forgetful, forgetful)
    assert town.run_until_direct(1)
    changed = len(town.customer.changes)
    town.run(120)
    assert town.paths == (PathKind.PUNCHED, PathKind.PUNCHED)
    assert len(town.customer.changes) == changed


def test_rebooted_router_with_a_new_address_is_punched_again() -> None:
    town = Town(Router(), Router())
    assert town.run_until_direct(1)
    town.homes[Role.CUSTOMER].reboot("11.0.0.77")
    town.run(40)
    assert town.customer.reach.everything()[0].host == "11.0.0.77"
    assert town.paths == (PathKind.PUNCHED, PathKind.PUNCHED)


@pytest.mark.parametrize("seconds_lost", [0, 300])
def test_machine_in_another_network_is_direct_again_at_once(seconds_lost: int) -> None:
    town = Town(Router(), Router())
    assert town.run_until_direct(1)
    nowhere = town.net.home("11.0.0.50", NO_UDP)
    nowhere.adopt(town.customer.machine, "192.168.50.2")
    town.run(seconds_lost)
    cafe = town.net.home("11.0.0.51", Router())
    cafe.adopt(town.customer.machine, "192.168.51.2")
    hosts = [CandidateOffer("192.168.51.2", 4000, "direct-lan")]
    assert town.customer.carrier.moved(hosts, town.net.now)
    assert not town.customer.carrier.moved(hosts, town.net.now)
    town.run(1.5)
    assert town.paths == (PathKind.PUNCHED, PathKind.PUNCHED)
    heard_at = [program.carrier.paths.heard_at for program in town.programs]
    assert all(at is not None and town.net.now - at < 1.1 for at in heard_at)


def test_networks_without_a_relay_meet_where_they_can() -> None:
    town = Town(Router(), Router(), relay=False)
    assert town.run_until_direct(1)
    blocked = Town(NO_UDP, Router(), relay=False)
    blocked.run(30)
    assert blocked.paths == (None, None)


def test_each_end_knows_what_its_own_network_does() -> None:
    for router, mapping in (
        (Router(), PortMapping.STEADY),
        (
            Router(Kind.ADDRESS, Kind.PORT),
            PortMapping.STEADY,
        ),  # one host shows no more
        (Router(Kind.PORT, Kind.PORT), PortMapping.VARYING),
        (COUNTING[0], PortMapping.VARYING),
        (NO_UDP, PortMapping.SILENT),
        (None, PortMapping.STEADY),
    ):
        town = Town(router, Router())
        town.run(2)
        assert town.customer.reach.mapping is mapping
        assert town.counselor.reach.mapping is PortMapping.STEADY


def test_counting_network_costs_few_ports() -> None:
    town = Town(COUNTING[0], COUNTING[0])
    town.run(60)
    for home in town.homes.values():
        assert home.mappings <= 2 * GUESSED_PORTS


def test_guesses_are_the_next_ports_and_end_at_the_last_one() -> None:
    def guesses(port: int, step: int) -> list[int]:
        offer = CandidateOffer(host="11.0.0.1", port=port, kind="punched", step=step)
        return [route.address.port for route in guessed_routes([offer])]

    assert guesses(30_000, 2) == [30_002 + 2 * n for n in range(GUESSED_PORTS)]
    assert guesses(30_000, -1)[-1] == 30_000 - GUESSED_PORTS
    assert guesses(65_534, 1) == [65_535]
    assert guesses(3, -2) == [1]
    assert guesses(30_000, 0) == []
    assert guessed_routes([CandidateOffer(host="224.0.0.1", port=5, kind="punched", step=1)]) == []


def test_peer_that_lies_cannot_have_us_flood_somebody_else() -> None:
    town = Town(Router(), Router())
    hit: list[int] = []
    town.net.server("11.7.7.7", lambda data, source, to: hit.append(len(data)))
    town.run(1)
    for round_ in range(60):  # a minute of ever new lies
        offers = [
            CandidateOffer(
                host="11.7.7.7", port=1024 + (16 * round_ + n) % 60_000, kind="punched", step=16
            )
            for n in range(16)
        ]
        town.customer.carrier.add_candidates(offers, town.net.now)
        town.run(1)
    assert len(hit) < 60 * 16
    assert sum(hit) / 60 < 400  # bytes a second


def test_honest_name_is_tried_though_many_silent_ones_came_before() -> None:
    town = Town(Router(Kind.PORT, Kind.PORT), Router(Kind.PORT, Kind.PORT))
    town.run(1)
    dead = [CandidateOffer(host=f"11.8.8.{n}", port=5, kind="punched") for n in range(1, 17)]
    town.counselor.carrier.add_candidates(dead, town.net.now)
    home = town.homes[Role.CUSTOMER]
    home.forwarded[40_000] = Address("192.168.1.2", 4000)
    town.customer.reach.router_opened(Address(home.host, 40_000))
    assert town.run_until_direct(3)


def test_allowance_is_so_many_at_once_and_then_so_many_a_second() -> None:
    allowance = Allowance(0.5, 3)
    assert [allowance.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [allowance.take(12.0) for _ in range(2)] == [True, False]
    assert [allowance.take(1000.0) for _ in range(4)] == [True, True, True, False]
