"""Which program opens `ezp2p://` links when this person clicks one, anywhere on this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Protocol

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey


@dataclass(frozen=True, slots=True)
class Program:
    """What opens the links, and how people see it."""

    command: tuple[str, ...]  # the link comes after it, as one more argument
    comments: dict[str, str]  # one line about it, by language; "en" is among them
    icon: bytes = field(repr=False)  # SVG


@dataclass(frozen=True, slots=True)
class Handler:
    """Who opens the links now."""

    name: str  # what the system calls it: a desktop entry, a key of the registry
    command: tuple[str, ...]  # without the link; empty if the system does not tell


class UrlHandler(Protocol):
    """This person's choice; nobody else on the machine is affected."""

    def handler(self) -> Handler | None:
        """Return who opens `ezp2p://` links; raises Unavailable(urlhandler.unavailable)."""
        ...

    def register(self, program: Program) -> None:
        """Let `program` open them, whoever did before.

        Raises Unavailable(urlhandler.unavailable); ValueError for control characters in it.
        """
        ...

    def unregister(self) -> None:
        """Take back what `register` has done; raises Unavailable(urlhandler.unavailable)."""
        ...


def open_url_handler() -> UrlHandler:
    """Return this person's; raises Unavailable(urlhandler.unavailable) on macOS.

    There only an application bundle can open links, and says so in its Info.plist.
    """
    if sys.platform == "linux":
        from ezp2p.desktop.urlhandler import linux as system

        return system.open_url_handler()
    if sys.platform == "win32":
        from ezp2p.desktop.urlhandler import windows

        return windows.open_url_handler()
    raise Unavailable(ErrorKey.URLHANDLER_UNAVAILABLE, why="on this system")
