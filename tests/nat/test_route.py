"""What counts as an address of one machine."""

from __future__ import annotations

import pytest

from ezp2p.nat.candidates import MAX_OFFERED, host_candidates, offered_routes
from ezp2p.nat.route import Address, address_of, direct_route
from ezp2p.wire.joining import CandidateOffer
from ezp2p.wire.keys import PathKind


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        ("192.168.1.5", "192.168.1.5"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fd00::7", "fd00::7"),
    ],
)
def test_address_is_written_in_one_way(host: str, canonical: str) -> None:
    assert address_of(host, 5) == Address(canonical, 5)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "help.example",
        "1.2.3",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:224.0.0.1",
        "1.2.3.4\0",
    ],
)
def test_names_groups_and_nowhere_are_no_addresses(host: str) -> None:
    assert address_of(host, 5) is None


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_port_must_be_one(port: int) -> None:
    assert address_of("10.0.0.1", port) is None


def test_private_sender_is_on_the_lan_and_a_public_one_punched() -> None:
    assert direct_route(Address("10.1.1.1", 5)).kind is PathKind.DIRECT_LAN
    assert direct_route(Address("8.8.8.8", 5)).kind is PathKind.PUNCHED


def test_own_interfaces_are_offered_loopback_among_them() -> None:
    offers = host_candidates(4000, with_ipv6=False)
    assert "127.0.0.1" in {offer.host for offer in offers}
    assert len(offers) <= MAX_OFFERED
    assert all(offer.port == 4000 and ":" not in offer.host for offer in offers)
    assert [route.address.host for route in offered_routes(offers)] == [o.host for o in offers]


def test_peer_cannot_name_a_relay_or_an_unknown_kind() -> None:
    offers = [
        CandidateOffer(host="10.0.0.1", port=5, kind="relay-udp"),
        CandidateOffer(host="10.0.0.1", port=5, kind="teleport"),
        CandidateOffer(host="nowhere", port=5, kind="direct-lan"),
    ]
    assert offered_routes(offers) == []
