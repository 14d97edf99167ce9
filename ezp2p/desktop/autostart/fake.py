"""A log-on that never comes: for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ezp2p.desktop.autostart import Entry, require_fit


@dataclass
class FakeAutostart:
    """Keeps entries in memory."""

    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, name: str, command: Sequence[str]) -> None:
        """Keep it."""
        require_fit(name, command)
        self.kept[name] = tuple(command)

    def entries(self) -> list[Entry]:
        """Return what is kept, by name."""
        return [Entry(name, self.kept[name]) for name in sorted(self.kept)]

    def remove(self, name: str) -> None:
        """Forget it."""
        self.kept.pop(name, None)

    def log_on(self) -> list[Entry]:
        """Return what starts now, and forget it."""
        started = self.entries()
        self.kept.clear()
        return started
