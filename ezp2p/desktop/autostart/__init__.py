"""Programs that start once, when this person logs on the next time: to come back after a restart.

An entry is gone as soon as its program has been started, whatever becomes of that.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A program that will start."""

    name: str  # ours, such as "resume"
    command: tuple[str, ...]


class Autostart(Protocol):
    """What this person's next log-on starts, of ours."""

    def add(self, name: str, command: Sequence[str]) -> None:
        """Start `command` once at the next log-on, instead of what was there by this name.

        Raises Unavailable(autostart.unavailable) if it cannot be kept; ValueError for a name
        that is not lower-case letters, digits and dashes (40 at most), for an empty command and
        for control characters in it.
        """
        ...

    def entries(self) -> list[Entry]:
        """Return what will start, by name; raises Unavailable(autostart.unavailable)."""
        ...

    def remove(self, name: str) -> None:
        """Start it no more, if it is there; raises Unavailable(autostart.unavailable)."""
        ...


def open_autostart() -> Autostart:
    """Return that of this person on this machine."""
    if sys.platform == "win32":
        from ezp2p.desktop.autostart import windows as system
    elif sys.platform == "darwin":
        from ezp2p.desktop.autostart import macos as system
    else:
        from ezp2p.desktop.autostart import linux as system
    return system.open_autostart()


def require_fit(name: str, command: Sequence[str]) -> None:
    """Raise ValueError for what `Autostart.add` does not take."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an entry")
    if not command or not all(word.isprintable() for word in command):
        raise ValueError("no command that can be kept")
