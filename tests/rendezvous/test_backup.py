"""Backups taken beside a running server, and put back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ezp2p.base.clock import SystemClock
from ezp2p.base.errors import EzError, Unavailable, UsageError
from ezp2p.rendezvous.admin import open_admin
from ezp2p.rendezvous.backup import back_up, restore
from ezp2p.rendezvous.config import RendezvousConfig
from ezp2p.wire.keys import ErrorKey
from tests.support.rendezvous import running_rendezvous


async def logins(data: Path) -> list[str]:
    async with open_admin(RendezvousConfig(data=data), SystemClock()) as admin:
        return [account.login for account in await admin.list_accounts("main")]


async def test_backup_of_a_running_server_is_whole_private_and_restorable(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    async with running_rendezvous(data) as server:
        token = (await server.login()).token
        async with open_admin(server.config, SystemClock()) as admin:
            await admin.add_counselor("main", "anna", "Anna")
            await asyncio.to_thread(back_up, data, copy)
            await admin.add_counselor("main", "ben", "Ben")
        password = server.admin_password
    assert copy.stat().st_mode & 0o777 == 0o600
    assert await logins(data) == ["admin", "anna", "ben"]

    restore(data, copy)
    assert await logins(data) == ["admin", "anna"]
    assert (data / "ezp2p.db").stat().st_mode & 0o777 == 0o600
    assert (data / "ezp2p.db.before").exists()
    async with running_rendezvous(data) as again:
        assert again.started.admin_password is None
        assert password
        assert token.encode() not in (data / "ezp2p.db").read_bytes()


async def test_restore_works_on_an_empty_machine(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path / "old"):
        back_up(tmp_path / "old", tmp_path / "copy.db")
    restore(tmp_path / "new", tmp_path / "copy.db")
    assert await logins(tmp_path / "new") == ["admin"]


async def test_restore_over_unreadable_records_keeps_them_aside(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path / "data"):
        back_up(tmp_path / "data", tmp_path / "copy.db")
    records = tmp_path / "data" / "ezp2p.db"
    records.write_bytes(b"ruined" * 1000)
    restore(tmp_path / "data", tmp_path / "copy.db")
    assert await logins(tmp_path / "data") == ["admin"]
    assert records.with_name("ezp2p.db.before").read_bytes() == b"ruined" * 1000


async def test_restore_under_a_running_server_is_refused(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path / "data") as server:
        back_up(tmp_path / "data", tmp_path / "copy.db")
        with pytest.raises(Unavailable) as refused:
            restore(tmp_path / "data", tmp_path / "copy.db")
        assert refused.value.key == ErrorKey.DATA_UNWRITABLE
        await server.login()


async def test_file_that_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path / "data"):
        back_up(tmp_path / "data", tmp_path / "copy.db")
    whole = (tmp_path / "copy.db").read_bytes()
    for number, content in enumerate((b"", b"nonsense" * 600, whole[: len(whole) // 2])):
        bad = tmp_path / f"bad-{number}"
        bad.write_bytes(content)
        with pytest.raises(EzError) as refused:
            restore(tmp_path / "data", bad)
        assert refused.value.key == ErrorKey.DATABASE_BROKEN
    with pytest.raises(EzError):
        restore(tmp_path / "data", tmp_path / "missing")
    assert await logins(tmp_path / "data") == ["admin"]


async def test_backup_never_overwrites_and_needs_records(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path / "data"):
        precious = tmp_path / "precious"
        precious.write_text("mine")
        with pytest.raises(UsageError):
            back_up(tmp_path / "data", precious)
        assert precious.read_text() == "mine"
        with pytest.raises(Unavailable):
            back_up(tmp_path / "data", tmp_path / "no folder" / "copy.db")
    with pytest.raises(UsageError):
        back_up(tmp_path / "nothing here", tmp_path / "copy.db")
