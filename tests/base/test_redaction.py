"""What is blacked out before text leaves the program, and what stays to be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ezp2p.base.redaction import anonymize, redact


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("code 417 905 382 entered", "905"),
        ("code 417905382", "417905382"),
        ("link https://h/main/417#k=AAAABBBBCCCCDDDDEEEEFF", "AAAABBBB"),
        ("Authorization: Bearer abc.def-ghi", "abc.def"),
        ("password=hunter2 given", "hunter2"),
    ],
)
def test_secret_is_blacked_out(line: str, secret: str) -> None:
    assert secret in line
    assert secret not in redact(line)


def test_ordinary_numbers_stay_readable() -> None:
    line = "session 12 took 4521 ms on port 51515 and sent 123456 bytes"
    assert redact(line) == line


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("https://h.kr/main/417#k=AAAABBBB&p=CCCC", "https://h.kr/main/417#k=[secret]&p=[secret]"),
        ("proxy=http://kim:hunter2@proxy.corp:8080", "proxy=http://[login]@proxy.corp:8080"),
        ("proxy=socks5://kim@10.0.0.1:1080", "proxy=socks5://[login]@10.0.0.x:1080"),
        ("mail anna.kim@hanbit.co.kr please", "mail [mail] please"),
        ("/home/anna/.config/ezp2p", "/home/[user]/.config/ezp2p"),
        ("/Users/Anna Kim/x", "/Users/[user]/x"),
        (r"C:\Users\안나\AppData", r"C:\Users\[user]\AppData"),
        ("token AbCdEfGhIjKlMnOpQrStUv1234 end", "token [secret] end"),
        ("0123456789abcdef" * 4, "[secret]"),
        ("seen_as=11.22.33.44:50000", "seen_as=11.22.33.x:50000"),
        ("from 11.22.33.44, 10.0.0.7.", "from 11.22.33.x, 10.0.0.x."),
        ("at [2001:db8:0:7::44]:3000", "at [2001:db8:0:x]:3000"),
        ("2001:db8::1", "2001:db8:0:x"),
        ("::ffff:11.22.33.44", "0:0:0:x"),
    ],
)
def test_who_and_where_is_left_out_of_what_people_send(line: str, left: str) -> None:
    assert anonymize(line) == left


@pytest.mark.parametrize(
    "line",
    [
        "ezp2p 0.1.0 (2026-11-25, 1503c2b) | Windows 11 10.0.22631.4460 | 2026-11-25 04:20 UTC",
        "Server: https://help.hanbit.co.kr:3000/main",
        "http://127.0.0.1:3000/main, ::1, 0.0.0.0",
        "key=hindrance.certificate-unknown; issuer=CN=Example Root R3,O=Example; why=04:20:11",
        "네트워크 연결 (network, 12 ms): open=443, 80; closed=51515",
    ],
)
def test_what_helps_stays_readable(line: str) -> None:
    assert anonymize(line) == line


@given(st.ip_addresses(v=4).filter(lambda ip: not ip.is_loopback and not ip.is_unspecified))
def test_no_whole_address_is_left(ip: object) -> None:
    assert str(ip) not in anonymize(f"seen as {ip}, from [{ip}]:80 ({ip})")
