"""Migrations against the tables the program reads, and a server killed in between."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from ezp2p.rendezvous.database import open_database
from ezp2p.rendezvous.records import METADATA
from ezp2p.rendezvous.sites import Sites

# Adds sites for ever, and says each one's name once it is stored.
WRITER = """
import asyncio, pathlib, sys
from ezp2p.rendezvous.database import open_database
from ezp2p.rendezvous.sites import Sites
async def main():
    sites = Sites(await open_database(None, pathlib.Path(sys.argv[1])))
    for number in range(10**9):
        site = await sites.create(f"site-{number}", "Company", 0.0)
        print(site.name, flush=True)
asyncio.run(main())
"""


async def test_migrations_build_exactly_the_tables_the_program_reads(tmp_path: Path) -> None:
    database = await open_database(None, tmp_path)
    await database.close()
    engine = create_engine(f"sqlite:///{tmp_path / 'ezp2p.db'}")

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))

    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


async def test_records_are_written_ahead_and_to_the_disk(tmp_path: Path) -> None:
    database = await open_database(None, tmp_path)
    async with database.reading() as connection:
        for pragma, expected in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            result = await connection.exec_driver_sql(f"PRAGMA {pragma}")
            assert result.scalar_one() == expected
    await database.close()


async def test_failed_transaction_leaves_nothing_behind(tmp_path: Path) -> None:
    database = await open_database(None, tmp_path)
    sites = Sites(database)
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO site (name, company, created_at) VALUES ('a', 'A', 0)"
            )
            _ = 1 / 0
    assert await sites.all() == []
    await database.close()


async def test_records_told_to_be_stored_survive_kill_minus_nine(tmp_path: Path) -> None:
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    told = [(await writer.stdout.readline()).decode().strip() for _ in range(30)]
    writer.kill()
    told += (await writer.stdout.read()).decode().split()
    await writer.wait()
    with sqlite3.connect(tmp_path / "ezp2p.db") as connection:
        stored = {name for (name,) in connection.execute("SELECT name FROM site")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert set(told) <= stored
