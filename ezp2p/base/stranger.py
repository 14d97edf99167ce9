"""What a stranger says, made fit for people's eyes: one short line without control characters."""

from __future__ import annotations

SHOWN = 80  # characters


def one_line(text: str, limit: int = SHOWN) -> str:
    """Return `text` on one line, without what would move a cursor or ring a bell, and cut off."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
