"""A port at the router: when it is asked for, renewed and tried elsewhere, in virtual time."""

from __future__ import annotations

import pytest

from ezp2p.nat.route import Address
from ezp2p.nat.upnp import (
    LEASE_S,
    LOOK_AGAIN_S,
    PORTS_TRIED,
    RETRY_S,
    Opening,
    PortLease,
    RouterRefused,
    UpnpRouter,
)

OUTSIDE = Address("11.22.33.10", 4000)


def lease() -> PortLease:
    return PortLease(4000, lambda below: below - 1, 10.0)


def test_our_own_port_is_asked_for_first_and_renewed_at_half_its_life() -> None:
    port = lease()
    assert port.due(9.9) is None
    assert port.due(10.0) == Opening(4000, 4000, LEASE_S)
    port.opened(OUTSIDE, 10.5)
    assert port.address == OUTSIDE
    assert port.due(10.5 + LEASE_S / 2 - 1) is None
    assert port.due(10.5 + LEASE_S / 2) == Opening(4000, 4000, LEASE_S)


def test_refused_port_is_replaced_by_others_at_once_and_the_whole_is_tried_again_later() -> None:
    port = lease()
    asked = []
    while (opening := port.due(10.0)) is not None:
        asked.append(opening.outer_port)
        port.refused(10.0)
    assert asked == [4000, 65_535, 65_535]
    assert len(asked) == PORTS_TRIED
    assert port.wake_at == 10.0 + RETRY_S
    again = port.due(10.0 + RETRY_S)
    assert again is not None
    assert again.outer_port == 4000


def test_network_without_a_router_is_asked_again_much_later() -> None:
    port = lease()
    port.missed(10.0)
    assert port.due(10.0 + RETRY_S - 1) is None
    assert port.due(10.0 + RETRY_S) == Opening(4000, 4000, LEASE_S)


def test_port_that_worked_is_renewed_under_its_own_number() -> None:
    port = lease()
    port.refused(10.0)
    port.opened(OUTSIDE._replace(port=65_535), 11.0)
    opening = port.due(port.wake_at)
    assert opening is not None
    assert (opening.inner_port, opening.outer_port) == (4000, 65_535)


def test_router_that_goes_takes_the_address_with_it() -> None:
    port = lease()
    port.opened(OUTSIDE, 10.0)
    port.refused(port.wake_at)
    assert port.address is None


def test_port_that_nobody_needs_is_looked_at_again_later() -> None:
    port = lease()
    port.postpone(10.0)
    assert port.due(10.0 + LOOK_AGAIN_S - 0.1) is None
    assert port.due(10.0 + LOOK_AGAIN_S) is not None


def test_nothing_can_be_given_back_to_a_router_that_was_never_found() -> None:
    with pytest.raises(RouterRefused):
        UpnpRouter().close(4000)
