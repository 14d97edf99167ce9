"""A TinyDB document that survives what happens to files.

TinyDB writes its file in place: a kill, a full disk or a second writer leave it unreadable.

    write   a new file, fsync; NAME copied to NAME.bak; the new file renamed to NAME
    read    NAME, if damaged set aside as NAME.damaged, then NAME.bak, then nothing

Two programs may write the same document: each file is whole, the last writer wins.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import tinydb

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

_log = logging.getLogger(__name__)

Tables = dict[str, dict[str, Any]]
# TinyDB counts documents, and writes the numbers as text.
_Number = Annotated[str, msgspec.Meta(pattern="^[0-9]+$")]


class DocumentStorage(tinydb.Storage):
    """Keeps a TinyDB in one JSON file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        """Keep it at `path`; the folder is made at the first write, for this person only."""
        super().__init__()
        self._path = path
        self._backup = path.with_name(f"{path.name}.bak")

    def read(self) -> Tables | None:
        """Return all tables, None if there are none; raises Unavailable(data.unwritable)."""
        with _unavailable_if_refused():
            tables = self._read(self._path)
            return self._read(self._backup) if tables is None else tables

    def write(self, data: Tables) -> None:
        """Replace the document; raises Unavailable(data.unwritable) and leaves the old one."""
        content = msgspec.json.format(msgspec.json.encode(data), indent=1)
        with _unavailable_if_refused():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self._write_beside(content)
            try:
                self._back_up()
                fresh.replace(self._path)
            finally:
                fresh.unlink(missing_ok=True)
            _sync_folder(self._path.parent)

    def _read(self, path: Path) -> Tables | None:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return _tables(content)
        except ValueError as error:
            _log.warning("%s is damaged and set aside: %s", path.name, error)
            with contextlib.suppress(OSError):
                path.replace(self._path.with_name(f"{path.name}.damaged"))
            return None

    def _write_beside(self, content: bytes) -> Path:
        """Write `content` to a new file in the same folder, readable by this person only."""
        number, name = tempfile.mkstemp(
            prefix=f"{self._path.name}.", suffix=".new", dir=self._path.parent
        )
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name)

    def _back_up(self) -> None:
        """Keep what was there, unless it is damaged: the backup is then the better one."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            _tables(self._path.read_bytes())
            half = self._path.with_name(f"{self._backup.name}.new")
            shutil.copy2(self._path, half)
            half.replace(self._backup)


def _tables(content: bytes) -> Tables:
    """Return the tables in `content`; raises ValueError if there are none."""
    try:
        return msgspec.json.decode(content, type=dict[str, dict[_Number, dict[str, Any]]])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


@contextlib.contextmanager
def _unavailable_if_refused() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(ErrorKey.DATA_UNWRITABLE, why=str(error)) from error


def _sync_folder(folder: Path) -> None:
    """Have the renaming itself on the disk; Windows does that by itself."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
