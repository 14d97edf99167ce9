"""Links and company addresses: a closed list, and everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ezp2p.base.errors import UsageError
from ezp2p.wire.invitation import (
    Invitation,
    ServerAddress,
    is_loopback,
    new_link_secret,
    parse_invitation,
    parse_server,
)

SECRET = "Zm9vYmFyYmF6cXV4MTIzNA"
PIN = "A" * 43
COMPANY = ServerAddress("https://help.company.kr", "sales")


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        ("help.company.kr", ServerAddress("https://help.company.kr")),
        ("help.company.kr/sales", COMPANY),
        ("  HELP.company.kr/sales/ ", COMPANY),
        ("help.company.kr:3000", ServerAddress("https://help.company.kr:3000")),
        ("https://help.company.kr/sales", COMPANY),
        ("ezp2p://help.company.kr/sales", COMPANY),
        ("localhost:3000", ServerAddress("http://localhost:3000")),
        ("127.0.0.1:3000/sales", ServerAddress("http://127.0.0.1:3000", "sales")),
        ("http://127.0.0.1:3000", ServerAddress("http://127.0.0.1:3000")),
        ("[::1]:3000", ServerAddress("http://[::1]:3000")),
        ("https://[2001:db8::7]:3000/sales", ServerAddress("https://[2001:db8::7]:3000", "sales")),
    ],
)
def test_address_of_a_company_reads_as_people_write_it(typed: str, server: ServerAddress) -> None:
    assert parse_server(typed) == server


def test_server_knows_its_host_and_port() -> None:
    assert (COMPANY.host, COMPANY.port) == ("help.company.kr", 443)
    server = ServerAddress("http://[::1]:3000")
    assert (server.host, server.port) == ("::1", 3000)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ftp://help.company.kr",
        "javascript://help.company.kr",
        "help.company.kr/sales/more",
        "help.company.kr/Sales",
        "help.company.kr/-sales",
        "help.company.kr?x=1",
        "https://help.company.kr/sales#k=1",
        "https://user@help.company.kr",
        "https://user:word@help.company.kr",
        "https://help.company.kr:99999",
        "https://help company.kr",
        "https://",
        "https:///sales",
        "https://[2001:db8::7",
        "--server",
        "help.compa\tny.kr",
        "help.company.kr\n.evil.example",
        "help.company.kr/" + "a" * 40,
    ],
)
def test_unreadable_address_is_malformed(typed: str) -> None:
    with pytest.raises(UsageError, match=r"link\.malformed"):
        parse_server(typed)


def test_plain_http_to_another_machine_needs_to_be_asked_for() -> None:
    with pytest.raises(UsageError, match=r"server\.insecure"):
        parse_server("http://10.0.0.7:3000/sales")

    server = parse_server("http://10.0.0.7:3000/sales", insecure_http=True)
    assert server == ServerAddress("http://10.0.0.7:3000", "sales")


@pytest.mark.parametrize("scheme", ["https", "ezp2p"])
def test_link_carries_secret_and_pin(scheme: str) -> None:
    link = f"{scheme}://help.company.kr:3000/sales/417#k={SECRET}&p={PIN}"

    invitation = parse_invitation(link)

    server = ServerAddress("https://help.company.kr:3000", "sales", PIN)
    assert invitation == Invitation(server, "417", SECRET)
    assert parse_invitation(str(invitation)) == invitation


def test_link_without_pin_trusts_the_system() -> None:
    invitation = parse_invitation(f"https://help.company.kr/main/417#k={SECRET}")

    assert invitation.server.pin is None
    assert str(invitation) == f"https://help.company.kr/main/417#k={SECRET}"


def test_plain_http_leads_to_this_machine_only() -> None:
    link = f"http://127.0.0.1:3000/main/417#k={SECRET}"

    assert parse_invitation(link).server.url == "http://127.0.0.1:3000"
    assert parse_invitation(link.replace("http", "ezp2p")).server.url == "http://127.0.0.1:3000"


@pytest.mark.parametrize(
    "link",
    [
        f"http://help.company.kr/main/417#k={SECRET}",
        f"http://localhost.evil.example/main/417#k={SECRET}",
        f"https://help.company.kr/main/417#k={SECRET}&x=1",
        f"https://help.company.kr/main/417#k={SECRET}&k={SECRET}",
        f"https://help.company.kr/main/417#k={SECRET}&p=short",
        f"https://help.company.kr/main/417#k={SECRET}&",
        f"https://help.company.kr/main/417#k={SECRET[:-1]}",
        "https://help.company.kr/main/417#",
        "https://help.company.kr/main/417",
        f"https://help.company.kr/main/417#p={PIN}",
        f"https://help.company.kr/main/417?k={SECRET}",
        f"https://help.company.kr/main/417?a#k={SECRET}",
        f"https://help.company.kr/main/4171#k={SECRET}",
        f"https://help.company.kr/main/٤١٧#k={SECRET}",
        f"https://help.company.kr/417#k={SECRET}",
        f"https://help.company.kr/a/main/417#k={SECRET}",
        f"https://help.company.kr//main/417#k={SECRET}",
        f"https://help.company.kr/main/417/#k={SECRET}",
        f"https://me@help.company.kr/main/417#k={SECRET}",
        f"https://help.company.kr:0x1/main/417#k={SECRET}",
        f"file:///main/417#k={SECRET}",
        f"ezp2p:--headless/main/417#k={SECRET}",
    ],
)
def test_link_that_is_not_exactly_as_written_is_malformed(link: str) -> None:
    with pytest.raises(UsageError, match=r"link\.malformed"):
        parse_invitation(link)


@settings(deadline=None)
@given(some.text(max_size=80))
def test_any_text_is_an_address_or_malformed(text: str) -> None:
    for parse in (parse_server, parse_invitation):
        try:
            parse(text)
        except UsageError as error:
            assert error.key in ("link.malformed", "server.insecure")


@settings(deadline=None)
@given(
    some.text(alphabet="htpsez2:/#&=?@.[]%0aA-_\\ ", max_size=60),
    some.sampled_from(["https://", "ezp2p://", "http://127.0.0.1"]),
)
def test_what_is_read_leads_nowhere_else(text: str, start: str) -> None:
    try:
        server = parse_server(start + text)
    except UsageError:
        return
    assert parse_server(server.page) == server
    assert server.url.startswith("https://") or is_loopback(server.host)


def test_link_secrets_have_128_bits() -> None:
    secret = new_link_secret()

    assert len(secret) == 22
    assert secret != new_link_secret()
