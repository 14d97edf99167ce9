"""What a person has chosen on this machine: language, theme, companies called before.

Never a secret: those are in the system's keyring.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.table import Document

from ezp2p.base.errors import Unavailable
from ezp2p.store.documents import DocumentStorage

_log = logging.getLogger(__name__)

_ONLY = 1  # the number of the one document


class Settings:
    """Names and their values, which are what JSON can say."""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`/settings.json; what cannot be read counts as nothing chosen."""
        self._table = TinyDB(folder / "settings.json", storage=DocumentStorage).table("settings")
        self._known: dict[str, Any] = {}
        try:
            self._known = self._stored()
        except Unavailable as error:
            _log.warning("settings cannot be read: %s", error)

    def get(self, name: str, default: Any = None) -> Any:
        """Return what was remembered under this name."""
        return self._known.get(name, default)

    def put(self, name: str, value: Any) -> None:
        """Remember; raises Unavailable(data.unwritable), and then nothing has changed."""
        self._write({name: value})
        self._known[name] = value

    def check(self) -> None:
        """Raise Unavailable(data.unwritable) if nothing can be remembered here."""
        self._write({})

    def _write(self, changed: dict[str, Any]) -> None:
        # Read anew: another of our programs may have put something else meanwhile.
        self._table.upsert(Document({**self._stored(), **changed}, doc_id=_ONLY))

    def _stored(self) -> dict[str, Any]:
        document = self._table.get(doc_id=_ONLY)
        return dict(document) if isinstance(document, Document) else {}
