"""A viewer without a window: applies frames to a picture, as the page does.

Slow and plain on purpose: it shares nothing with the code that it judges.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import simplejpeg
import zstandard

from ezp2p.wire.messages.screen import Copy, Fill, Frame, Jpeg, Lossless, Part, ScreenLayout


class Replica:
    """`picture` is (height, width, 3) uint8, red green blue; None before the first layout."""

    def __init__(self) -> None:
        self.picture: npt.NDArray[np.uint8] | None = None
        self.frames = 0
        self.kinds: list[str] = []  # of all parts so far, in order
        self.size_bytes = 0

    def take(self, message: msgspec.Struct) -> None:
        """Apply a ScreenLayout or a Frame; ignore everything else."""
        if isinstance(message, ScreenLayout):
            self.picture = np.zeros((message.height, message.width, 3), np.uint8)
        elif isinstance(message, Frame):
            self.frames += 1
            for part in message.parts:
                self.draw(part)

    def draw(self, part: Part) -> None:
        """Apply one part."""
        assert self.picture is not None
        place = self.picture[part.y : part.y + part.height, part.x : part.x + part.width]
        assert place.shape[:2] == (part.height, part.width), "outside of the picture"
        self.kinds.append(type(part).__name__)
        match part:
            case Fill(colour=colour):
                place[:] = colour >> 16, colour >> 8 & 255, colour & 255
            case Copy(from_x=x, from_y=y):
                place[:] = self.picture[y : y + part.height, x : x + part.width].copy()
            case Lossless(data=data):
                planes = np.frombuffer(zstandard.ZstdDecompressor().decompress(data), np.uint8)
                place[:] = np.moveaxis(planes.reshape(3, part.height, part.width), 0, 2)
                self.size_bytes += len(data)
            case Jpeg(data=data):
                place[:] = simplejpeg.decode_jpeg(data, "RGB")
                self.size_bytes += len(data)

    def pixel(self, x: int, y: int) -> int:
        """Return the colour 0xRRGGBB at a place; -1 before the first layout or outside."""
        if self.picture is None or y >= self.picture.shape[0] or x >= self.picture.shape[1]:
            return -1
        red, green, blue = self.picture[y, x].tolist()
        return int(red << 16 | green << 8 | blue)

    def equals(self, pixels: npt.NDArray[np.uint8]) -> bool:
        """Tell whether it shows exactly these: (height, width, 4) blue, green, red, unused."""
        return self.picture is not None and np.array_equal(self.picture, pixels[..., 2::-1])
