"""The counselor's end: hands the customer's pointer to the page that draws it."""

from __future__ import annotations

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.cursor import CursorMoved, CursorShape

# Every PNG begins so; the size of its picture stands at a fixed place in the first chunk.
_PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


class CounselorCursor(End[CursorShape | CursorMoved]):
    """Takes shapes and places, and keeps the latest for a page that is opened later."""

    def __init__(self) -> None:
        super().__init__()
        self.shape: CursorShape | None = None
        self.place: CursorMoved | None = None

    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Take a customer's message; raises PeerError for a picture that is not what it says."""
        match message:
            case CursorShape():
                _check(message)
                self.shape = message
                self._tell(message)
            case CursorMoved():
                self.place = message
                self._tell(message)
            case _:
                raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(message).__name__)


def _check(shape: CursorShape) -> None:
    """Let no small PNG through that opens into a huge picture."""
    if not shape.png:
        return
    size = shape.width.to_bytes(4, "big") + shape.height.to_bytes(4, "big")
    if not shape.png.startswith(_PNG_HEAD + size):
        raise PeerError(ErrorKey.PEER_PROTOCOL, why="a pointer of another size")
