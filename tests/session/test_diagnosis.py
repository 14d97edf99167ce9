"""The text a person sends to whoever helps her: what it says, and what it does not."""

from __future__ import annotations

import pytest

from ezp2p.app.places import LOCALE
from ezp2p.base.texts import Texts
from ezp2p.session.checkup import Finding
from ezp2p.session.diagnosis import Circumstances, diagnosis
from ezp2p.wire.keys import CheckName, CheckState, ErrorKey, Hindrance

ABOUT = Circumstances("ezp2p 0.1.0", "Debian GNU/Linux 12", "https://help.company.kr/main", 0.0)
FINDINGS = [
    Finding(CheckName.NETWORK, CheckState.GOOD, facts={"addresses": "192.168.7.23"}, took_s=0.002),
    Finding(
        CheckName.PROXY,
        CheckState.BAD,
        ErrorKey.PROXY_REFUSED,
        {"host": "help.company.kr"},
        {"why": "http://anna:hunter2@10.1.2.3:8080 says no", "path": "/home/anna/.config/ezp2p"},
        1.0,
    ),
    Finding(CheckName.SERVER, CheckState.SKIPPED),
]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_diagnosis_says_what_was_found_and_not_who_looked(language: str) -> None:
    text = diagnosis(FINDINGS, ABOUT, Texts(LOCALE, language))
    for said in (
        "ezp2p 0.1.0 | Debian GNU/Linux 12 | 1970-01-01 00:00 UTC",
        "https://help.company.kr/main",
        "(network, 2 ms): addresses=192.168.7.x",
        "(proxy, 1000 ms): key=proxy.refused; why=http://[login]@10.1.2.x:8080 says no",
        "(server)",
        Texts(LOCALE, language).text("proxy.refused", {"host": "help.company.kr"}),
    ):
        assert said in text
    for secret in ("anna", "hunter2", ".23", "10.1.2.3", "{", "check."):
        assert secret not in text


def test_fact_of_a_stranger_makes_no_line_of_its_own() -> None:
    said = {"why": "no\n[OK] The company's server\x1b[2J " + "x" * 500}
    findings = [Finding(CheckName.PROXY, CheckState.BAD, ErrorKey.PROXY_REFUSED, facts=said)]
    *_, last = diagnosis(findings, ABOUT, Texts(LOCALE, "en")).splitlines()
    assert last.startswith("[Problem]")
    assert last.isprintable()
    assert len(last) < 400


def test_without_a_server_it_says_so() -> None:
    alone = [Finding(CheckName.NETWORK, CheckState.GOOD)]
    text = diagnosis(alone, Circumstances("ezp2p", "x", "", 0.0), Texts(LOCALE, "en"))
    assert "Server: none" in text
    assert "This computer is fine." in text
    assert Hindrance.OFFLINE not in text
