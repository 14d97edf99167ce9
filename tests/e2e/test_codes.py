"""Codes that are wrong, burnt, used up or nobody's: both people are told, nothing else happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ezp2p.wire.code import AccessCode, parse_code
from tests.support.company import Company, wrong
from tests.support.people import Screen
from tests.support.program import Event, Program


@pytest.fixture(scope="module")
def counselor(hanbit: Company) -> Iterator[Program]:
    with hanbit.counselor() as running:
        yield running


def refusal(hanbit: Company, screen: Screen, code: str, *arguments: str) -> tuple[int, Event]:
    """Let a customer call with this code; return how it ended."""
    with hanbit.customer(code, screen, *arguments) as customer:
        return customer.exit_code(), customer.wait_for("error")


def test_third_wrong_code_burns_it_and_both_are_told_each_time(
    hanbit: Company, customers_screen: Screen, counselor: Program
) -> None:
    first = counselor.wait_for("waiting")
    for tries_left, key in ((2, "code.wrong"), (1, "code.wrong"), (0, "code.burnt")):
        code, error = refusal(hanbit, customers_screen, wrong(first["code"]))
        assert (code, error["key"]) == (1, key)
        assert "{" not in error["message"]
        heard = counselor.wait_for("call-failed", key=key)
        assert (heard["slot"], heard["tries_left"]) == (1, tries_left)
    second = counselor.wait_for("waiting")
    assert second["code"] != first["code"]

    code, error = refusal(hanbit, customers_screen, first["link"])  # which was never wrong
    assert (code, error["key"]) == (1, "code.expired")
    with hanbit.customer(second["code"], customers_screen) as customer:
        customer.wait_for("session-started")
        taken = refusal(hanbit, customers_screen, second["code"])
        assert (taken[0], taken[1]["key"]) == (1, "code.expired")
    counselor.wait_for("session-ended")
    assert counselor.wait_for("waiting")["code"] not in (first["code"], second["code"])


def test_code_of_nobody_is_expired(
    hanbit: Company, customers_screen: Screen, counselor: Program
) -> None:
    waiting = {parse_code(e["code"]).slot for e in counselor.events if e["event"] == "waiting"}
    free = next(f"{n:03d}" for n in range(1000) if f"{n:03d}" not in waiting)
    code, error = refusal(hanbit, customers_screen, str(AccessCode(free, "12345")))
    assert (code, error["key"]) == (1, "code.expired")


def test_company_that_is_not_on_the_server_is_unknown(
    hanbit: Company, customers_screen: Screen, counselor: Program
) -> None:
    elsewhere = ("--server", f"{hanbit.url}/nobody")
    code, error = refusal(hanbit, customers_screen, str(AccessCode("417", "90538")), *elsewhere)
    assert (code, error["key"]) == (1, "site.unknown")


def test_mistyped_code_spends_no_try(
    hanbit: Company, customers_screen: Screen, counselor: Program
) -> None:
    right = next(e["code"] for e in reversed(counselor.events) if e["event"] == "waiting")
    mistyped = right[:-1] + str((int(right[-1]) + 1) % 10)
    code, error = refusal(hanbit, customers_screen, mistyped)
    assert (code, error["key"]) == (2, "code.mistyped")
    # The very next thing the counselor hears is the right code, with all tries left.
    failures = sum(event["event"] == "call-failed" for event in counselor.events)
    with hanbit.customer(right, customers_screen):
        counselor.wait_for("session-started")
    assert sum(event["event"] == "call-failed" for event in counselor.events) == failures
