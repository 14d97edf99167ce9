"""What happened in one session, for the customer to keep: one JSON object a line.

    {"at": "2026-03-01T10:15:30.250+09:00", "event": "consent", "granted": ["view"]}

A diary must never get in a session's way: when it cannot be written, that is logged once.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from datetime import datetime
from pathlib import Path

from ezp2p.base.clock import Clock

_log = logging.getLogger(__name__)

LARGEST_BYTES = 8 * 1024 * 1024
KEPT = 200  # files, the newest ones
_SUFFIX = ".jsonl"


class SessionDiary:
    """A file of its own for one session; `write` may be called from any thread."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Begin a file in `folder`, which is made if it is missing."""
        self.path = ""  # stays empty if there can be no file
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = False
        self._torn = False  # the file ends within a line
        self._size = 0  # bytes
        try:
            self.path = _begin(folder, self._time())
            _forget_oldest(folder)
        except OSError as error:
            self._complain(error)

    def write(self, event: str, **fields: object) -> None:
        """Note something that happened; never raises."""
        try:
            with self._lock:
                self._append(event, fields)
        except (OSError, TypeError, ValueError) as error:
            self._complain(error)

    def _append(self, event: str, fields: dict[str, object]) -> None:
        if not self.path or self._size > LARGEST_BYTES:
            return
        line = self._line(event, fields)
        if self._size + len(line) > LARGEST_BYTES:
            line = self._line("diary-full", {})
            self._size = LARGEST_BYTES
        start = b"\n" if self._torn else b""
        self._torn = True
        with Path(self.path).open("ab") as file:
            file.write(start + line)
        self._torn = False
        self._size += len(line)

    def _line(self, event: str, fields: dict[str, object]) -> bytes:
        at = self._time().isoformat(timespec="milliseconds")
        entry = {"at": at, "event": event, **fields}
        text = json.dumps(entry, ensure_ascii=False, default=str)
        return text.encode("utf-8", "replace") + b"\n"

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall()).astimezone()

    def _complain(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            _log.warning("a session's log cannot be written: %s", error)


def _begin(folder: Path, time: datetime) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Its name cannot be guessed, and nobody else may read it.
    number, name = tempfile.mkstemp(
        prefix=time.strftime("%Y-%m-%d_%H%M%S_"), suffix=_SUFFIX, dir=folder
    )
    os.close(number)
    return name


def _forget_oldest(folder: Path) -> None:
    """Keep the newest; names begin with the date."""
    names = sorted(path.name for path in folder.glob(f"*{_SUFFIX}"))
    for name in names[:-KEPT]:
        (folder / name).unlink(missing_ok=True)
