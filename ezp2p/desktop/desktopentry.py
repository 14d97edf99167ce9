"""Desktop entries: the small files by which Linux desktops know programs.

    [Desktop Entry]
    Name=ezp2p
    Exec=/opt/ezp2p/ezp2p "two words" %u

Format: freedesktop's Desktop Entry Specification 1.5. Exec is quoted twice: as words of a
command line, then as a string of the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

URL = "%u"  # where the desktop puts the link that was clicked
_HEAD = "[Desktop Entry]"
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def config_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where this person's settings lie (XDG Base Directory Specification)."""
    return _home(environ, "XDG_CONFIG_HOME", ".config")


def data_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where this person's programs keep their data."""
    return _home(environ, "XDG_DATA_HOME", ".local/share")


def entry(keys: Mapping[str, str]) -> str:
    """Return the text of an entry; raises ValueError for values with line breaks."""
    lines = [_HEAD]
    for name, value in keys.items():
        if not value.isprintable():
            raise ValueError(f"{name} cannot stand in a desktop entry")
        lines.append(f"{name}=" + value.replace("\\", "\\\\"))
    return "\n".join(lines) + "\n"


def keys_of(text: str) -> dict[str, str]:
    """Return the keys of an entry's text; empty if it is none."""
    keys: dict[str, str] = {}
    is_entry = False
    for line in text.splitlines():
        if line.startswith("["):
            is_entry = line.strip() == _HEAD
        name, equals, value = line.partition("=")
        if is_entry and equals and not line.startswith("#"):
            keys[name.strip()] = re.sub(
                r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value.strip()
            )
    return keys


def exec_line(command: Sequence[str], field_code: str = "") -> str:
    """Return the value of Exec that runs `command`, followed by `field_code` if there is one."""
    words = [_quoted(word) for word in command]
    return " ".join([*words, field_code] if field_code else words)


def command_of(exec_value: str) -> tuple[str, ...]:
    """Return the words of a value of Exec, without field codes."""
    words: list[str] = []
    for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)', exec_value):
        word = re.sub(r"\\(.)", r"\1", quoted) if quoted or not plain else plain
        if not re.fullmatch(r"%[a-zA-Z]", word):
            words.append(word.replace("%%", "%"))
    return tuple(words)


def _home(environ: Mapping[str, str], variable: str, otherwise: str) -> Path:
    named = Path(environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / otherwise


def _quoted(word: str) -> str:
    word = word.replace("%", "%%")
    if _PLAIN_WORD.fullmatch(word):
        return word
    return '"' + re.sub(r'(["`$\\])', r"\\\1", word) + '"'
