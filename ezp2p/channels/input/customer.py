"""The customer's end: lets the counselor's hand through to the worker, or does not.

Whether it may is the session's to say, by `allow`; nothing that arrives can change it. Input
that was on its way when permission ended is no offence: it is dropped and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.channels.input.worker import InputWorker
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.input import (
    ButtonChanged,
    InputMark,
    InputMarked,
    KeyChanged,
    PointerMoved,
    ReleaseAll,
    TextTyped,
    WheelTurned,
)


@dataclass(frozen=True, slots=True)
class PointerPlaced:
    """The counselor puts the pointer there, in pixels of the picture."""

    x: int
    y: int


class CustomerInput(End[PointerPlaced]):
    """Hands input to `worker` while that is allowed."""

    def __init__(self, worker: InputWorker) -> None:
        super().__init__()
        self.dropped = 0  # messages that came without permission
        self._worker = worker
        self._allowed = False
        self._right, self._bottom = 0xFFFF, 0xFFFF  # the last column and row

    def allow(self, allowed: bool) -> None:
        """The customer's permission to control, given or taken back; in force at once.

        Taking it back lets go of all keys, whatever still waits or is being typed.
        """
        if allowed == self._allowed:
            return
        self._allowed = allowed
        if not allowed:
            self._outbox.clear()
            self._worker.revoke()

    def fit(self, width: int, height: int) -> None:
        """The picture has this size in pixels: places beyond are put on its edge."""
        self._right, self._bottom = max(0, width - 1), max(0, height - 1)

    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Take input; raises PeerError for what a counselor does not say and for a flood."""
        match message:
            case PointerMoved() | ButtonChanged() | WheelTurned():
                self._take_pointing(message)
            case KeyChanged() | TextTyped() | ReleaseAll() | InputMark():
                self._take(message)
            case _:
                raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(message).__name__)

    def marked(self, number: int) -> None:
        """Everything before the InputMark of this number has been injected."""
        if self._allowed:
            self._send(InputMarked(number))

    def _take_pointing(self, message: PointerMoved | ButtonChanged | WheelTurned) -> None:
        x, y = min(message.x, self._right), min(message.y, self._bottom)
        if self._take(msgspec.structs.replace(message, x=x, y=y)):
            self._tell(PointerPlaced(x, y))

    def _take(
        self,
        message: (
            PointerMoved
            | ButtonChanged
            | WheelTurned
            | KeyChanged
            | TextTyped
            | ReleaseAll
            | InputMark
        ),
    ) -> bool:
        """Inject it and return True, or drop it for lack of permission."""
        if not self._allowed:
            self.dropped += 1
            return False
        self._worker.put(message)
        return True
