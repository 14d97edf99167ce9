"""A font of this system that has every letter of a text, Hangul above all."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# Families in the order we like their looks; fontconfig takes the first that covers the text.
_FAMILIES = "Pretendard,Noto Sans KR,Noto Sans CJK KR,Nanum Gothic,NanumGothic,Noto Sans,sans-serif"
# Where fontconfig's own program is missing: Windows, small Linux systems.
_WINDOWS = Path(os.environ.get("SYSTEMROOT", "C:/Windows"), "Fonts")
_FILES = (
    *(str(_WINDOWS / name) for name in ("malgunbd.ttf", "malgun.ttf", "NanumGothicBold.ttf")),
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/truetype/nanum/NanumGothicBold.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
)
_TIMEOUT_S = 5.0


def font_for(text: str, size_px: int, *, bold: bool) -> Font:
    """Return a font of that height for `text`; Pillow's own (Latin only) where there is none."""
    found = _matched(frozenset(character for character in text if ord(character) > 0x7F), bold)
    for path, index in [found] if found else [(file, 0) for file in _FILES]:
        if Path(path).is_file():
            return ImageFont.truetype(path, size_px, index=index)
    return ImageFont.load_default(size_px)


@lru_cache(maxsize=32)
def _matched(letters: frozenset[str], bold: bool) -> tuple[str, int] | None:
    """Ask fontconfig: file and index within a collection."""
    if sys.platform == "win32":
        return None
    codes = " ".join(f"{ord(letter):x}" for letter in sorted(letters))
    pattern = f"{_FAMILIES}:weight={'bold' if bold else 'regular'}"
    pattern += f":charset={codes}" if codes else ""
    try:
        answer = subprocess.run(
            ["fc-match", "--format=%{file}\n%{index}", pattern],
            capture_output=True,
            check=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    path, _, index = answer.stdout.partition("\n")
    return (path, int(index)) if index.isdigit() else None
