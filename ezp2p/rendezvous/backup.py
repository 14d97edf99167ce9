"""Copies of the records (SQLite), taken while the server runs, and put back while it does not.

A backup is one file that any SQLite opens. It holds no passwords and no tokens, only their hashes;
the relay's key is not in it, a new one is made where it is missing. PostgreSQL has its own tools.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ezp2p.base.errors import EzError, UsageError
from ezp2p.rendezvous import folder
from ezp2p.wire.keys import ErrorKey

_BUSY_TIMEOUT_S = 5.0
_SIDE_FILES = ("-wal", "-shm")


def back_up(data: Path, target: Path) -> None:
    """Write all records of the folder to the new file `target`; a running server goes on.

    Raises Unavailable(data.unwritable), UsageError(usage) if there are no records or `target`
    exists, EzError(database.broken).
    """
    source = data / folder.DATABASE
    if not source.is_file():
        raise UsageError(ErrorKey.USAGE, why=f"no records in {data}")
    if target.exists():
        raise UsageError(ErrorKey.USAGE, why=f"{target} exists already")
    folder.make_private(target)  # VACUUM INTO takes an empty file, and keeps it private
    try:
        _vacuum(source, target)
        check(target)
        _to_disk(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def restore(data: Path, source: Path) -> None:
    """Put a backup in the place of the folder's records; what was there is kept as *.before.

    Raises Unavailable(data.unwritable) while a server runs, EzError(database.broken) if `source`
    is not a whole backup; then nothing has changed.
    """
    check(source)
    folder.prepare(data)
    lock = folder.FolderLock(data)
    try:
        records = data / folder.DATABASE
        fresh = data / (folder.DATABASE + ".restoring")
        fresh.unlink(missing_ok=True)
        folder.make_private(fresh)
        _vacuum(source, fresh)
        _forget_tokens(fresh)
        _to_disk(fresh)
        if records.exists():
            _keep(records)
        fresh.replace(records)
    except OSError as error:
        raise folder.unwritable(data, error) from None
    finally:
        lock.release()


def check(path: Path) -> None:
    """Raises EzError(database.broken) unless the file is whole and holds our tables."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("SELECT count(*) FROM account").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _broken(path, str(error)) from None
    if state != "ok":
        raise _broken(path, str(state))


def _vacuum(source: Path, target: Path) -> None:
    connection = sqlite3.connect(source, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise _broken(source, str(error)) from None
    finally:
        connection.close()


def _forget_tokens(path: Path) -> None:
    """Everybody logs in anew: a token revoked since the backup must not live again."""
    connection = sqlite3.connect(path)
    try:
        with connection:
            connection.execute("DELETE FROM token")
    except sqlite3.Error as error:
        raise _broken(path, str(error)) from None
    finally:
        connection.close()


def _keep(records: Path) -> None:
    """Set the old records aside, their write-ahead log folded in."""
    connection = sqlite3.connect(records)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        pass  # unreadable: perhaps the very reason for the restore; kept as it is
    finally:
        connection.close()
    records.replace(records.with_name(records.name + ".before"))
    for suffix in _SIDE_FILES:
        side = records.with_name(records.name + suffix)
        if side.exists():
            side.replace(records.with_name(records.name + ".before" + suffix))


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _broken(path: Path, why: str) -> EzError:
    return EzError(ErrorKey.DATABASE_BROKEN, path=str(path), why=why)
