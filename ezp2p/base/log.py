"""The program's diary on stderr, with secrets blacked out before they are written."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from ezp2p.base.redaction import redact


class RedactingFormatter(logging.Formatter):
    """One line per event; secrets masked in message and traceback alike."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text without secrets."""
        return redact(super().format(record))


def log_to(stream: TextIO | None = None, *, level: str = "INFO") -> None:
    """Send every logger's lines to `stream` (stderr if None) from now on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # aioquic tells of every packet at INFO, aiohttp of every request.
    for noisy in ("quic", "aiohttp.access", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")
