"""Which way the picture takes: directly where that works, through the company's relay otherwise.

The networks are the kernel's, the routers' translation too; the table of all pairs is proved in
memory (tests/nat/test_punching.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.distance import apart
from tests.support.network import (
    PUBLIC_SERVER,
    SERVER,
    NatKind,
    can_make_networks,
    can_make_routers,
    can_make_upnp_routers,
    forward,
    opened_ports,
    routed_homes,
    separated_homes,
    upnp,
)
from tests.support.people import Screen
from tests.support.proxy import http_proxy, needs_proxies

needs_routers = pytest.mark.skipif(
    not can_make_routers(), reason="routers need root, iproute2 and nftables"
)


@pytest.mark.skipif(not can_make_networks(), reason="network namespaces need root and iproute2")
def test_homes_that_cannot_reach_each_other_meet_at_the_relay(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with (
        separated_homes() as network,
        apart(network, SERVER, customers_screen, tmp_path) as people,
    ):
        for each in people.both:
            assert each.wait_for("path")["kind"] == "relay-udp"
            each.wait_for("grants", granted=["view"])


@needs_routers
def test_homes_whose_networks_pass_no_udp_meet_by_websocket(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with separated_homes() as network:
        network.block_udp_to_server()
        with apart(network, SERVER, customers_screen, tmp_path) as people:
            for each in people.both:
                assert each.wait_for("path")["kind"] == "relay-ws"
                each.wait_for("grants", granted=["view"])


@needs_routers
@needs_proxies
def test_home_that_only_a_proxy_leads_out_of_is_helped_through_it(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with (
        separated_homes() as network,
        http_proxy(tmp_path, host=SERVER, before=network.inside(network.server)) as proxy,
    ):
        network.shut_out(network.customer)
        way = ("--proxy", f"http://{SERVER}:{proxy.port}")
        with apart(network, SERVER, customers_screen, tmp_path, *way) as people:
            assert people.customer.wait_for("path")["kind"] == "relay-ws"
            people.counselor.wait_for("grants", granted=["view"])
        assert f"CONNECT {SERVER}:3000 " in proxy.log


@needs_routers
def test_homes_behind_routers_that_keep_ports_meet_directly(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with (
        routed_homes(NatKind.KEEPS, NatKind.KEEPS) as network,
        apart(network, PUBLIC_SERVER, customers_screen, tmp_path) as people,
    ):
        for each, other in zip(people.both, ("11.22.33.20", "11.22.33.10"), strict=True):
            path = each.wait_for("path", kind="punched")
            assert path["address"].startswith(f"{other}:")
            each.wait_for("grants", granted=["view"])


@needs_routers
def test_homes_behind_routers_that_draw_ports_are_relayed_and_read_why(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with (
        routed_homes(NatKind.DRAWS, NatKind.DRAWS) as network,
        apart(network, PUBLIC_SERVER, customers_screen, tmp_path) as people,
    ):
        for each in people.both:
            assert each.wait_for("path")["kind"] == "relay-udp"
            each.wait_for("path-why", why="both-varying")
            assert not each.has_said("path", kind="punched")


@pytest.mark.slow
@needs_routers
def test_one_router_that_draws_ports_is_enough_and_each_reads_whose_it_is(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with (
        routed_homes(NatKind.DRAWS, NatKind.KEEPS) as network,
        apart(network, PUBLIC_SERVER, customers_screen, tmp_path) as people,
    ):
        people.customer.wait_for("path-why", why="ours-varying")
        people.counselor.wait_for("path-why", why="theirs-varying")


@pytest.mark.slow
@needs_routers
def test_router_that_lets_strangers_in_meets_one_that_draws_ports(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with (
        routed_homes(NatKind.OPEN, NatKind.DRAWS) as network,
        apart(network, PUBLIC_SERVER, customers_screen, tmp_path) as people,
    ):
        for each in people.both:
            each.wait_for("path", kind="punched")
            each.wait_for("grants", granted=["view"])


@pytest.mark.skipif(
    not can_make_upnp_routers(), reason="routers with UPnP need root, nftables and miniupnpd"
)
def test_router_that_opens_ports_brings_the_strictest_homes_together(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with (
        routed_homes(NatKind.DRAWS, NatKind.DRAWS) as network,
        upnp(network.customers_router, "11.22.33.10", "192.168.7", tmp_path),
    ):
        with apart(network, PUBLIC_SERVER, customers_screen, tmp_path) as people:
            for each, other in zip(people.both, ("11.22.33.20", "11.22.33.10"), strict=True):
                path = each.wait_for("path", kind="upnp")
                assert path["address"].startswith(f"{other}:")
                each.wait_for("path-why", why="")
            assert opened_ports(network.customers_router) == 1
        assert opened_ports(network.customers_router) == 0


@pytest.mark.slow
@pytest.mark.skipif(
    not can_make_upnp_routers(), reason="routers with UPnP need root, nftables and miniupnpd"
)
def test_router_is_left_alone_by_who_switched_that_off(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with (
        routed_homes(NatKind.DRAWS, NatKind.DRAWS) as network,
        upnp(network.customers_router, "11.22.33.10", "192.168.7", tmp_path),
        apart(network, PUBLIC_SERVER, customers_screen, tmp_path, "--upnp", "off") as people,
    ):
        for each in people.both:
            each.wait_for("path-why", why="both-varying")
        assert opened_ports(network.customers_router) == 0


@pytest.mark.slow
@needs_routers
def test_port_that_a_person_forwarded_brings_the_strictest_homes_together(
    customers_screen: Screen, tmp_path: Path
) -> None:
    with routed_homes(NatKind.DRAWS, NatKind.DRAWS) as network:
        forward(network.customers_router, 51_515, "192.168.7.2")
        with apart(
            network, PUBLIC_SERVER, customers_screen, tmp_path, "--forwarded-port", "51515"
        ) as people:
            path = people.counselor.wait_for("path", kind="forwarded")
            assert path["address"] == "11.22.33.10:51515"
