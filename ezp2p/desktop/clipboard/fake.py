"""A clipboard in memory, with one other program that copies: for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ezp2p.desktop.clipboard import Content, Lack
from ezp2p.desktop.clipboard.picture import require_writable


def _nobody() -> None:
    pass


@dataclass
class FakeClipboard:
    """Holds what was written last, and remembers all that ours wrote."""

    changed: Callable[[], None] = _nobody
    holds: Content | Lack = Lack.EMPTY
    written: list[Content] = field(default_factory=list)
    closed: bool = False

    def read(self) -> Content | Lack:
        """Return what lies there, unless it is concealed."""
        if not isinstance(self.holds, Lack) and self.holds.concealed:
            return Lack.CONCEALED
        return self.holds

    def write(self, content: Content) -> None:
        """Put it there and remember it; no change is reported."""
        require_writable(content)
        self.written.append(content)
        self.holds = content

    def close(self) -> None:
        """Remember it."""
        self.closed = True

    def copy(self, content: Content | Lack) -> None:
        """Be the other program."""
        self.holds = content
        self.changed()
