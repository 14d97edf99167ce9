"""What links carry, and where the server listens, for each way to set it up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ezp2p.base.errors import UsageError
from ezp2p.rendezvous.config import (
    Opening,
    RendezvousConfig,
    parse_opening,
    parse_relays,
    public_url,
    relay_host,
    told_ports,
)
from ezp2p.rendezvous.tickets import RelayAddress
from ezp2p.wire.signalling import RelayPort

CERT = Path("cert.pem")
TLS_443 = RelayPort(port=443, tls=True)


@pytest.mark.parametrize(
    ("options", "url", "relay"),
    [
        ({"host": "127.0.0.1"}, "http://127.0.0.1:3000", "127.0.0.1"),
        ({"host": "localhost"}, "http://127.0.0.1:3000", "localhost"),
        ({"host": "::1"}, "http://[::1]:3000", "::1"),
        ({}, "http://127.0.0.1:3000", ""),  # plain http leads to this machine only
        ({"host": "0.0.0.0"}, "http://127.0.0.1:3000", "0.0.0.0"),
        ({"host": "192.0.2.1", "tls_cert": CERT}, "https://192.0.2.1:3000", "192.0.2.1"),
        ({"public_url": "https://help.company.kr"}, "https://help.company.kr", ""),
        ({"public_url": "https://help.company.kr:8443/"}, "https://help.company.kr:8443", ""),
        (
            {"host": "127.0.0.1", "public_url": "https://help.company.kr"},
            "https://help.company.kr",
            "",
        ),
        (
            {"host": "127.0.0.1", "public_url": "http://localhost:3000"},
            "http://localhost:3000",
            "127.0.0.1",
        ),
    ],
)
def test_links_and_relay_follow_the_way_the_server_is_reached(
    options: dict[str, object], url: str, relay: str
) -> None:
    config = RendezvousConfig(data=Path("data"), **options)  # type: ignore[arg-type]
    assert (public_url(config, 3000), relay_host(config)) == (url, relay)


@pytest.mark.parametrize(
    ("text", "tls", "opening"),
    [
        ("https://:443", True, Opening("", 443, True)),
        ("http://:80", True, Opening("", 80, False)),
        ("http://192.0.2.1", False, Opening("192.0.2.1", 80, False)),
        ("https://[2001:db8::1]:8443/", True, Opening("2001:db8::1", 8443, True)),
        (":51515", True, Opening("", 51515, True)),
        (":51515", False, Opening("", 51515, False)),
        ("51515", False, Opening("", 51515, False)),
    ],
)
def test_place_to_listen_is_read_as_people_write_it(text: str, tls: bool, opening: Opening) -> None:
    assert parse_opening(text, tls=tls) == opening


@pytest.mark.parametrize(
    ("text", "tls"),
    [
        ("https://:443", False),
        ("ftp://:21", True),
        ("http://:80/main", True),
        ("http://me@:80", True),
        (":70000", True),
        (":port", True),
        ("http://[::1", True),
    ],
)
def test_place_nobody_can_listen_at_is_refused_by_its_words(text: str, tls: bool) -> None:
    with pytest.raises(UsageError) as refused:
        parse_opening(text, tls=tls)
    assert str(refused.value.fields["why"]).startswith(f"--listen {text}:")


@pytest.mark.parametrize(
    ("words", "relays"),
    [
        (
            ["udp://relay.kr:3000", "https://relay.kr", "http://relay.kr:80"],
            [RelayAddress("relay.kr", 3000, (TLS_443, RelayPort(port=80, tls=False)))],
        ),
        (["https://relay.kr:443"], [RelayAddress("relay.kr", 443, (TLS_443,))]),
        (
            ["udp://a.kr:1", "udp://[2001:db8::1]:2"],
            [RelayAddress("a.kr", 1), RelayAddress("2001:db8::1", 2)],
        ),
        ([], []),
    ],
)
def test_relays_are_told_by_their_ports(words: list[str], relays: list[RelayAddress]) -> None:
    assert list(parse_relays(words)) == relays
    assert list(parse_relays(",".join(map(str, relays)).split(",") if relays else [])) == relays


@pytest.mark.parametrize(
    "word",
    ["relay.kr", "udp://relay.kr", "ftp://relay.kr:21", "https://relay.kr/x", "https://:443"],
)
def test_relay_that_is_nowhere_is_refused_by_its_word(word: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_relays([word])
    assert word in str(refused.value.fields["why"])


def test_more_relays_than_an_offer_holds_are_refused() -> None:
    with pytest.raises(UsageError):
        parse_relays([f"udp://relay{number}.kr:1" for number in range(8)])


def test_programs_are_told_the_public_port_first_and_no_port_behind_the_proxy() -> None:
    behind, beside = Opening("127.0.0.1", 3000, False), Opening("", 80, False)
    told = told_ports("https://help.company.kr", [behind, beside])
    assert told == [RelayPort(port=443, tls=True), RelayPort(port=80, tls=False)]


def test_programs_on_this_machine_are_told_loopback_ports() -> None:
    openings = [Opening("127.0.0.1", 3000, False), Opening("127.0.0.1", 51515, False)]
    told = told_ports("http://127.0.0.1:3000", openings)
    assert [port.port for port in told] == [3000, 51515]
