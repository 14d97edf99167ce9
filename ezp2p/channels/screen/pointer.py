"""The pointer's shapes as PNG pictures, each made once."""

from __future__ import annotations

import io
from collections import OrderedDict

from PIL import Image

from ezp2p.desktop.screen import Pointer
from ezp2p.wire.messages.cursor import CursorShape

LARGEST = 256  # pixels of a side that a CursorShape can have
REMEMBERED = 64  # shapes; a spinning wheel has about 20

HIDDEN = CursorShape(0, 0, 0, 0, b"")


class PointerShapes:
    """Turns pointers into messages, and remembers the latest ones."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int, int, int, bytes], CursorShape] = OrderedDict()

    def message(self, pointer: Pointer) -> CursorShape:
        """Return what to tell a viewer about `pointer`."""
        height, width = pointer.picture.shape[:2]
        key = (width, height, pointer.hot_x, pointer.hot_y, pointer.picture.tobytes())
        if key not in self._known:
            self._known[key] = _drawn(pointer)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


def _drawn(pointer: Pointer) -> CursorShape:
    if not pointer.picture[..., 3].any():
        return HIDDEN
    image = Image.fromarray(pointer.picture)
    scale = min(1.0, LARGEST / max(image.size))
    if scale < 1:
        image.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    image.save(file, "PNG")
    return CursorShape(
        image.width,
        image.height,
        min(int(pointer.hot_x * scale), image.width),
        min(int(pointer.hot_y * scale), image.height),
        file.getvalue(),
    )
