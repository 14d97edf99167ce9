"""The counselor's end: what the viewer's page sends of its mouse and keyboard.

It remembers what the counselor holds down, so that nothing stays down at the customer's when
the permission, the link or the counselor's own wish to look only comes in between.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.input import (
    ButtonChanged,
    InputMark,
    InputMarked,
    KeyChanged,
    MouseButton,
    PointerMoved,
    ReleaseAll,
    TextTyped,
    WheelTurned,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Marked:
    """Everything before the InputMark of this number has been injected at the customer's."""

    number: int


class CounselorInput(End[Marked]):
    """Sends the page's input while that is allowed."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed = False
        self._held: set[str | MouseButton] = set()

    def allow(self, allowed: bool) -> None:
        """Send what the page says, or nothing more; then the customer's keys are let go of."""
        if allowed == self._allowed:
            return
        self._allowed = allowed
        if not allowed:
            unsent = bool(self._outbox)  # perhaps the very message that lets go
            self._outbox.clear()
            self._release(also=unsent)

    def page_said(self, message: msgspec.Struct | None, now: float) -> None:
        """Take what the viewer's page says; dropped without permission."""
        if not self._allowed:
            return
        match message:
            case PointerMoved():
                if self._outbox and isinstance(self._outbox[-1], PointerMoved):
                    self._outbox.pop()
                self._send(message)
            case ButtonChanged(button=held, down=down) | KeyChanged(code=held, down=down):
                self._hold(held, down=down)
                self._send(message)
            case WheelTurned() | TextTyped() | InputMark():
                self._send(message)
            case ReleaseAll():
                self._release()
            case _:
                _log.warning("the page said %s as input", type(message).__name__)

    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Take the customer's answer; raises PeerError for anything else."""
        if not isinstance(message, InputMarked):
            raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(message).__name__)
        self._tell(Marked(message.number))

    def _hold(self, what: str | MouseButton, *, down: bool) -> None:
        if down:
            self._held.add(what)
        else:
            self._held.discard(what)

    def _release(self, *, also: bool = False) -> None:
        """Let go if anything is held, or `also` if not; said once."""
        if self._held or also:
            self._held.clear()
            self._send(ReleaseAll())
