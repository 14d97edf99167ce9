"""What the program tells whoever started it: JSON lines for scripts, sentences for people."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import TextIO

from ezp2p.base.errors import EzError
from ezp2p.base.texts import Texts

log = logging.getLogger(__name__)


class Reporter:
    """One event a line on stdout; errors always end up as a sentence a person can read."""

    def __init__(self, texts: Texts, *, as_json: bool, out: TextIO | None = None) -> None:
        self.texts = texts
        self._as_json = as_json
        self._out = out or sys.stdout
        self._lock = threading.Lock()

    def event(self, kind: str, sentence: str = "", /, **fields: object) -> None:
        """Report something that happened: all `fields` for scripts, `sentence` for people."""
        if self._as_json:
            self._line(json.dumps({"event": kind, **fields}, ensure_ascii=False, default=str))
        elif sentence:
            self._line(sentence)

    def error(self, error: EzError) -> None:
        """Report why the program leaves."""
        message = self.texts.text(error.key, error.fields)
        if self._as_json:
            self.event("error", key=error.key, message=message, **_plain(error.fields))
        else:
            print(message, file=sys.stderr)

    def _line(self, text: str) -> None:
        with self._lock:
            try:
                print(text, file=self._out, flush=True)
            except OSError:
                # The script that read this has gone; a session does not end for that.
                log.warning("nobody reads the events any more")
                with Path(os.devnull).open("wb") as nowhere:  # for what is still buffered, too
                    os.dup2(nowhere.fileno(), self._out.fileno())


def _plain(fields: dict[str, object]) -> dict[str, object]:
    """Return the fields that do not clash with an error event's own."""
    return {name: value for name, value in fields.items() if name not in ("key", "message")}
