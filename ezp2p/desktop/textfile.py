"""Small text files of a person's desktop, some of them other programs' as well.

Bytes that are no UTF-8 survive a reading and a writing.
"""

from __future__ import annotations

from pathlib import Path


def read(path: Path) -> str:
    """Return the text; empty if there is no such file; raises OSError."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def write(path: Path, text: str) -> None:
    """Write the file as a whole or not at all, and its folder if need be; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(text.encode("utf-8", "surrogateescape"))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
