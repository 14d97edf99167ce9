"""A desktop whose links nobody clicks: for tests."""

from __future__ import annotations

from dataclasses import dataclass

from ezp2p.desktop.urlhandler import Handler, Program


@dataclass
class FakeUrlHandler:
    """Remembers who is registered."""

    registered: Program | None = None

    def handler(self) -> Handler | None:
        """Return who opens the links."""
        return Handler("ezp2p", self.registered.command) if self.registered else None

    def register(self, program: Program) -> None:
        """Let `program` open them."""
        self.registered = program

    def unregister(self) -> None:
        """Let nobody open them."""
        self.registered = None
