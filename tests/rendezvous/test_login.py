"""Passwords and tokens: the rules by a fake clock, the rest against the running server."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.rendezvous.config import Limits
from ezp2p.rendezvous.login import LoginRules
from ezp2p.rendezvous.passwords import Passwords, new_password
from ezp2p.wire.keys import ErrorKey
from tests.support.rendezvous import RunningRendezvous, running_rendezvous

WHO = ("main", "anna")


async def post(
    server: RunningRendezvous, login: str, password: str, **headers: str
) -> tuple[int, dict[str, object], dict[str, str]]:
    asked = {"site": "main", "login": login, "password": password}
    async with (
        aiohttp.ClientSession(headers={k.replace("_", "-"): v for k, v in headers.items()}) as http,
        http.post(f"{server.url}/api/v1/login", json=asked) as answer,
    ):
        return answer.status, await answer.json(), dict(answer.headers)


def test_wrong_passwords_delay_this_account_from_this_address_only() -> None:
    rules = LoginRules()
    for _ in range(5):
        rules.failed(*WHO, "192.0.2.1", 0.0)
    assert rules.wait(*WHO, "192.0.2.1", 0.0) == 2.0
    assert rules.wait(*WHO, "192.0.2.2", 0.0) == 0.0
    assert rules.wait("main", "ben", "192.0.2.1", 0.0) == 0.0
    assert rules.wait("other", "anna", "192.0.2.1", 0.0) == 0.0


def test_attack_from_many_addresses_gets_ten_tries_a_minute() -> None:
    rules = LoginRules()
    tried = 0
    for second in range(60):
        for bot in range(100):
            address = f"198.51.{second}.{bot}"
            if rules.wait(*WHO, address, float(second)) == 0:
                tried += 1
                rules.failed(*WHO, address, float(second))
    assert tried <= 20  # ten at once, then ten a minute


def test_person_at_a_known_address_gets_in_during_the_attack() -> None:
    rules = LoginRules()
    rules.succeeded(*WHO, "192.0.2.1")
    for bot in range(100):
        rules.wait(*WHO, f"198.51.100.{bot}", 0.0)
    assert rules.wait(*WHO, "203.0.113.5", 0.0) > 0
    assert rules.wait(*WHO, "192.0.2.1", 0.0) == 0.0


def test_delay_is_never_a_lock_out() -> None:
    rules = LoginRules()
    for _ in range(10_000):
        rules.failed(*WHO, "192.0.2.1", 0.0)
    assert rules.wait(*WHO, "192.0.2.1", 0.0) == 60.0


async def test_wrong_password_and_unknown_account_get_the_same_answer() -> None:
    async with running_rendezvous() as server:
        wrong = await post(server, "admin", "wrong password")
        unknown = await post(server, "nobody", "wrong password")
    assert wrong[:2] == unknown[:2]
    assert wrong[0] == 401
    assert wrong[1]["key"] == ErrorKey.LOGIN_WRONG


async def test_fifth_try_waits_and_says_how_long() -> None:
    async with running_rendezvous() as server:
        for login in ("admin", "nobody"):
            for _ in range(4):
                assert (await post(server, login, "wrong password"))[0] == 401
            status, answer, headers = await post(server, login, "wrong password")
            assert (status, answer["key"]) == (429, ErrorKey.LOGIN_WAIT)
            wait_s = answer["wait_s"]
            assert isinstance(wait_s, float)
            assert 0 < wait_s <= 1
            assert headers["Retry-After"] == "1"


async def test_forged_forwarded_address_does_not_escape_the_delay() -> None:
    async with running_rendezvous() as server:
        for number in range(4):
            await post(server, "admin", "wrong", X_Forwarded_For=f"192.0.2.{number}")
        status, _, _ = await post(server, "admin", "wrong", X_Forwarded_For="192.0.2.9")
        assert status == 429


async def test_listed_proxy_tells_its_clients_apart() -> None:
    async with running_rendezvous(trusted_proxies=("127.0.0.1",)) as server:
        for _ in range(5):
            status, _, _ = await post(server, "admin", "wrong", X_Forwarded_For="192.0.2.1")
        assert status == 429
        status, _, _ = await post(server, "admin", "wrong", X_Forwarded_For="192.0.2.2")
        assert status == 401


async def test_password_over_plain_http_from_afar_is_refused_before_it_is_read() -> None:
    async with running_rendezvous(trusted_proxies=("127.0.0.1",)) as server:
        status, answer, _ = await post(
            server, "admin", server.admin_password, X_Forwarded_Proto="http"
        )
        assert (status, answer["key"]) == (403, ErrorKey.SERVER_INSECURE)
    async with running_rendezvous(trusted_proxies=("127.0.0.1",), insecure_http=True) as server:
        status, _, _ = await post(server, "admin", server.admin_password, X_Forwarded_Proto="http")
        assert status == 200


async def test_token_opens_doors_until_logout() -> None:
    async with running_rendezvous() as server:
        headers = {"Authorization": f"Bearer {(await server.login()).token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            async with http.get(f"{server.url}/api/v1/me") as answer:
                assert await answer.json() == {
                    "login": "admin",
                    "name": "admin",
                    "role": "admin",
                    "company": "ezp2p",
                    "site": "main",
                }
            async with http.post(f"{server.url}/api/v1/logout") as answer:
                assert answer.status == 204
            async with http.get(f"{server.url}/api/v1/me") as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_token_expires(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server:
        headers = {"Authorization": f"Bearer {(await server.login()).token}"}
        with sqlite3.connect(tmp_path / "ezp2p.db") as connection:
            connection.execute("UPDATE token SET expires_at = expires_at - 43201")
        connection.close()
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.get(f"{server.url}/api/v1/me") as answer,
        ):
            assert answer.status == 401
            assert (await answer.json())["key"] == ErrorKey.LOGIN_EXPIRED


async def test_every_login_gets_a_token_of_its_own() -> None:
    async with running_rendezvous() as server:
        tokens = {(await server.login()).token for _ in range(3)}
        assert len(tokens) == 3
        assert all(len(token) == 43 for token in tokens)


async def test_flood_of_logins_is_answered_busy_not_queued_without_end() -> None:
    async with running_rendezvous(limits=Limits(password_threads=1, password_queue=2)) as server:
        answers = await asyncio.gather(
            *(post(server, f"nobody{n}", "wrong password") for n in range(20))
        )
        statuses = [status for status, _, _ in answers]
        assert set(statuses) == {401, 503}
        assert {a["key"] for s, a, _ in answers if s == 503} == {ErrorKey.SERVER_BUSY}
        await server.login()


async def test_queue_of_passwords_is_as_long_as_told() -> None:
    passwords = Passwords(threads=1, queue=1)
    stored = await passwords.hash("correct horse")
    first, second = (asyncio.create_task(passwords.fits("x", stored)) for _ in range(2))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords.fits("x", stored)
    assert [await first, await second] == [False, False]
    assert await passwords.fits("correct horse", stored)
    assert not await passwords.fits("correct horse", None)
    passwords.close()


def test_new_password_is_long_and_never_the_same() -> None:
    made = {new_password() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(password) for password in made} == {19}
