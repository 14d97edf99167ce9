"""An injector that remembers instead of injecting: for tests and for machines without a screen."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ezp2p.wire.messages.input import MouseButton


@dataclass
class FakeInput:
    """Records what it was told, in order, and what would be down now."""

    done: list[tuple[object, ...]] = field(default_factory=list)
    down: set[str | MouseButton] = field(default_factory=set)
    _interrupted: threading.Event = field(default_factory=threading.Event)

    def move(self, x: int, y: int) -> None:
        """Record ("move", x, y)."""
        self.done.append(("move", x, y))

    def button(self, button: MouseButton, *, down: bool) -> None:
        """Record ("button", button, down)."""
        self._hold(button, down)
        self.done.append(("button", button, down))

    def wheel(self, right: int, down: int) -> None:
        """Record ("wheel", right, down)."""
        self.done.append(("wheel", right, down))

    def key(self, code: str, *, down: bool) -> None:
        """Record ("key", code, down)."""
        self._hold(code, down)
        self.done.append(("key", code, down))

    def type_text(self, text: str) -> None:
        """Record ("text", text)."""
        if not self._interrupted.is_set():
            self.done.append(("text", text))

    def interrupt(self) -> None:
        """Type no text until `release_all`."""
        self._interrupted.set()

    def release_all(self) -> None:
        """Record ("release",)."""
        self._interrupted.clear()
        self.down.clear()
        self.done.append(("release",))

    def close(self) -> None:
        """Record ("close",)."""
        self.down.clear()
        self.done.append(("close",))

    def _hold(self, what: str | MouseButton, down: bool) -> None:
        if down:
            self.down.add(what)
        else:
            self.down.discard(what)
