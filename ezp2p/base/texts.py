"""What people read, by key, in their language.

The sentences stand in one JSON file per language, flat: {"code.wrong": "That code ..."}. The
same files feed the pages and the command line. Adding a language is adding one file.
"""

from __future__ import annotations

import json
import locale
import os
from collections.abc import Mapping
from pathlib import Path

FALLBACK = "en"


class Texts:
    """All sentences of one language; a missing one falls back to English, then to its key."""

    def __init__(self, folder: Path, language: str) -> None:
        """Read `folder`/<language>.json; raises FileNotFoundError for an unknown language."""
        self.language = language
        self._fallback = _read(folder / f"{FALLBACK}.json")
        self._texts = _read(folder / f"{language}.json")

    def text(self, key: str, fields: Mapping[str, object] | None = None) -> str:
        """Return the sentence for `key` with its {placeholders} filled from `fields`."""
        sentence = self._texts.get(key) or self._fallback.get(key) or key
        for name, value in (fields or {}).items():
            sentence = sentence.replace("{" + name + "}", str(value))
        return sentence


def languages(folder: Path) -> list[str]:
    """Return the languages that have a file in `folder`, sorted."""
    return sorted(path.stem for path in folder.glob("*.json"))


def system_language(available: list[str]) -> str:
    """Return the person's language if we have it, else English."""
    for value in (os.environ.get("LC_ALL"), os.environ.get("LANG"), locale.getlocale()[0]):
        if value:
            language = value[:2].lower()
            return language if language in available else FALLBACK
    return FALLBACK


def _read(path: Path) -> dict[str, str]:
    texts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return texts
