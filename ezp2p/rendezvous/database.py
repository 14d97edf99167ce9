"""The records' database: opened, and brought to this version's tables.

SQLite (WAL, every commit on the disk) is built in; a PostgreSQL URL works wherever nothing below
says SQLite. Migrations run in one transaction: a killed server finds the old tables or the new.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ezp2p.base.errors import EzError
from ezp2p.rendezvous import folder
from ezp2p.rendezvous.records import SITE
from ezp2p.wire.keys import ErrorKey

MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_MS = 5000  # the command line may write beside the running server


class Database:
    """A pool of connections to the migrated records."""

    def __init__(self, engine: AsyncEngine, shown: str) -> None:
        self._engine = engine
        self._shown = shown  # without a password, for messages
        self._writer = engine.execution_options(writing=True)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one state of the records."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: all of it is stored when the block ends, or nothing."""
        async with self._writer.begin() as connection:
            yield connection

    async def answers(self) -> bool:
        """Whether the records can be read right now."""
        try:
            async with self.reading() as connection:
                await connection.execute(select(SITE.c.id).limit(1))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def migrate(self) -> None:
        """Bring the tables to this version. Raises EzError(database.broken)."""
        try:
            async with self._writer.begin() as connection:
                await connection.run_sync(_upgrade)
        except (SQLAlchemyError, CommandError, OSError) as error:
            raise broken(self._shown, error) from None

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


async def open_database(url: str | None, data: Path) -> Database:
    """Open and migrate the records at `url`, or those in the data folder.

    Raises EzError(database.broken) with the reason: not a database, made by a later version,
    no such server.
    """
    if url is None:
        path = data / folder.DATABASE
        folder.make_private(path)
        url = f"sqlite+aiosqlite:///{path}"
    try:
        parsed = make_url(url)
        engine = create_async_engine(parsed, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise broken(url.split("@")[-1], error) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _connected)
        event.listen(engine.sync_engine, "begin", _begin)
    database = Database(engine, parsed.database or parsed.render_as_string(hide_password=True))
    try:
        await database.migrate()
    except BaseException:
        await database.close()
        raise
    return database


def broken(where: str, error: Exception) -> EzError:
    """Return the error that tells which database cannot be used, and why."""
    why = str(getattr(error, "orig", None) or error).splitlines()[0]
    if isinstance(error, CommandError):
        why = f"made by a later version of ezp2p ({why})"
    return EzError(ErrorKey.DATABASE_BROKEN, path=where, why=why)


def _connected(connection: Any, _record: object) -> None:
    # SQLAlchemy's own advice for transactions that hold tables too: we say BEGIN ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that will write takes its place at once, else it could fail half-way.
    options = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
