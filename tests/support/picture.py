"""Pictures as a customer's side sends them, made from plain arrays."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard
from PIL import Image, ImageDraw

from ezp2p.wire.messages.screen import Frame, Jpeg, Lossless, Part

Pixels = npt.NDArray[np.uint8]  # height, width, 3


def lossless(x: int, y: int, pixels: Pixels) -> Lossless:
    """Return a part that shows exactly these pixels."""
    height, width, _ = pixels.shape
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)).tobytes()
    data = zstandard.ZstdCompressor(level=1).compress(planes)
    return Lossless(x, y, width, height, data)


def jpeg(x: int, y: int, pixels: Pixels) -> Jpeg:
    """Return a part that shows nearly these pixels."""
    height, width, _ = pixels.shape
    body = io.BytesIO()
    Image.fromarray(pixels).save(body, "JPEG", quality=95, subsampling=0)
    return Jpeg(x, y, width, height, body.getvalue())


def frame(number: int, *parts: Part) -> Frame:
    """Return a frame of these parts."""
    return Frame(number, list(parts))


def noise(width: int, height: int, seed: int = 1) -> Pixels:
    """Return pixels nobody could mistake for others."""
    values: Any = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return np.asarray(values, np.uint8)


def desktop(width: int, height: int) -> Pixels:
    """Return what a customer's desktop may look like, for photographs of the viewer."""
    ramp = np.linspace(0, 1, height)[:, None, None]
    top, bottom = np.array([44, 86, 140]), np.array([120, 168, 200])
    ground = (top + (bottom - top) * ramp).repeat(width, axis=1).astype(np.uint8)
    image = Image.fromarray(ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 6, height // 7, width * 4 // 5, height * 3 // 4), fill="#f7f7f5")
    draw.rectangle((width // 6, height // 7, width * 4 // 5, height // 7 + 36), fill="#3b4252")
    for line in range(16):
        y = height // 7 + 64 + 28 * line
        length = width // 4 + (line * 89) % (width // 4)
        draw.rectangle((width // 6 + 28, y, width // 6 + 28 + length, y + 9), fill="#5b6270")
    draw.rectangle((0, height - 44, width, height), fill="#1f2430")
    return np.asarray(image, np.uint8)
