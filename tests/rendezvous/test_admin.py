"""What the command line does to the records, beside a running server or without one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import UsageError
from ezp2p.rendezvous.accounts import AccountRole
from ezp2p.rendezvous.admin import open_admin
from ezp2p.rendezvous.config import Limits, RendezvousConfig
from ezp2p.wire.keys import ErrorKey
from tests.support.rendezvous import RunningRendezvous, running_rendezvous

PATIENCE_S = 10


async def status_of_login(server: RunningRendezvous, site: str, login: str, password: str) -> int:
    asked = {"site": site, "login": login, "password": password}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/api/v1/login", json=asked) as answer,
    ):
        return answer.status


async def test_counselor_added_beside_the_running_server_can_log_in(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server:
        async with open_admin(server.config, SystemClock()) as admin:
            new = await admin.add_counselor("main", "anna", "  Anna   Kim ")
        assert (new.account.name, new.account.role) == ("Anna Kim", AccountRole.COUNSELOR)
        assert await status_of_login(server, "main", "anna", new.password) == 200


async def test_new_site_has_an_admin_and_a_page_of_its_own(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server:
        async with open_admin(server.config, SystemClock()) as admin:
            new = await admin.create_site("hanbit", "한빛전자")
        assert await status_of_login(server, "hanbit", "admin", new.password) == 200
        assert await status_of_login(server, "main", "admin", new.password) == 401
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{server.url}/hanbit") as answer,
        ):
            assert "한빛전자" in await answer.text()


async def test_renamed_site_shows_its_new_company(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server:
        async with open_admin(server.config, SystemClock()) as admin:
            await admin.rename_site("main", "새 이름")
            assert [site.company for site in await admin.list_sites()] == ["새 이름"]
        assert (await server.login()).company == "새 이름"


async def test_reset_password_kills_the_old_one_its_tokens_and_their_sockets(
    tmp_path: Path,
) -> None:
    async with running_rendezvous(tmp_path, limits=Limits(token_check_s=0.0)) as server:
        token = (await server.login()).token
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.ws_connect(f"{server.url}/api/v1/signal") as ws,
        ):
            async with open_admin(server.config, SystemClock()) as admin:
                new = await admin.reset_password("main", "admin")
            heard = await asyncio.wait_for(ws.receive_json(), PATIENCE_S)
            assert heard["key"] == ErrorKey.LOGIN_EXPIRED
            async with http.get(f"{server.url}/api/v1/me") as answer:
                assert answer.status == 401
        assert await status_of_login(server, "main", "admin", server.admin_password) == 401
        assert await status_of_login(server, "main", "admin", new.password) == 200


async def test_everybody_of_a_site_is_listed_by_login(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server:
        pass
    async with open_admin(server.config, SystemClock()) as admin:
        await admin.add_counselor("main", "zoe", "Zoe")
        await admin.add_counselor("main", "ben", "Ben")
        logins = [account.login for account in await admin.list_accounts("main")]
        assert logins == ["admin", "ben", "zoe"]


async def test_what_cannot_be_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server:
        pass
    async with open_admin(server.config, SystemClock()) as admin:
        await admin.add_counselor("main", "anna", "Anna")
        for attempt, key in (
            (admin.add_counselor("main", "anna", "Another Anna"), ErrorKey.USAGE),
            (admin.add_counselor("main", " anna", "Anna"), ErrorKey.USAGE),
            (admin.add_counselor("main", "b\u202een", "Ben"), ErrorKey.USAGE),
            (admin.add_counselor("main", "ben", "\x1b[31mBen"), ErrorKey.USAGE),
            (admin.add_counselor("main", "ben", "Ben", "short"), ErrorKey.USAGE),
            (admin.add_counselor("nowhere", "ben", "Ben"), ErrorKey.SITE_UNKNOWN),
            (admin.reset_password("main", "nobody"), ErrorKey.USAGE),
            (admin.list_accounts("nowhere"), ErrorKey.SITE_UNKNOWN),
            (admin.create_site("main", "Again"), ErrorKey.USAGE),
            (admin.create_site("Hanbit", "Capital letter"), ErrorKey.USAGE),
            (admin.create_site("api", "Our own path"), ErrorKey.USAGE),
            (admin.create_site("ok", ""), ErrorKey.USAGE),
            (admin.rename_site("nowhere", "X"), ErrorKey.SITE_UNKNOWN),
        ):
            with pytest.raises(UsageError) as refused:
                await attempt
            assert refused.value.key == key


async def test_failed_site_leaves_no_half_of_it(tmp_path: Path) -> None:
    config = RendezvousConfig(data=tmp_path)
    async with open_admin(config, SystemClock()) as admin:
        with pytest.raises(UsageError):
            await admin.create_site("static", "Our own path")
        assert await admin.list_sites() == []
