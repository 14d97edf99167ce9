"""Pictures as a screen shows them: text, a photo, noise; (height, width, 4) blue green red."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Picture = npt.NDArray[np.uint8]


def text(width: int, height: int, *, scrolled: int = 0) -> Picture:
    """A page of dark letters on white, `scrolled` rows further down."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for line in range(scrolled // 14, (height + scrolled) // 14 + 1):
        words = f"{line:5} the quick brown fox {line * 7919} jumps over {line * 104729}"
        draw.text((4, line * 14 - scrolled), words, fill=(20, 20, 60))
    return of(image)


def gradient(width: int, height: int) -> Picture:
    """A wallpaper: no two pixels alike nearby, and yet nothing but a rule."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 0] = np.arange(width) * 255 // width
    picture[..., 1] = (np.arange(height) * 255 // height)[:, None]
    return picture


def photo(width: int, height: int, *, seed: int = 1) -> Picture:
    """Soft shapes with a camera's grain."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 255, (height // 16 + 2, width // 16 + 2, 3), np.uint8)
    soft = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))
    grain = random.normal(0, 3, soft.shape)
    return of(Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8)))


def noise(width: int, height: int, *, seed: int = 1) -> Picture:
    """What no codec can make smaller."""
    random = np.random.default_rng(seed)
    return random.integers(0, 255, (height, width, 4), np.uint8)


def of(image: Image.Image) -> Picture:
    """Return an RGB image as a screen's picture."""
    pixels = np.asarray(image)
    picture = np.zeros((*pixels.shape[:2], 4), np.uint8)
    picture[..., :3] = pixels[..., ::-1]
    return picture
