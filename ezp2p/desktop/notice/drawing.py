"""What the notice looks like: a dark strip with who is here, since when, and a red button.

      .---------------------------------------------------------------.
      |  ::  (o)  Kim Minji of Hanbit Support is connected  [ End now  ] |
      |  ::       can see and control - since 10:42         [Ctrl+Alt+End] |
      '---------------------------------------------------------------'

All lengths are in pixels of a 96 dpi screen, multiplied by `scale`; the grid is 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from PIL import Image, ImageDraw

from ezp2p.desktop.notice import NoticeText
from ezp2p.desktop.notice.fonts import Font, font_for

HEIGHT = 64
RADIUS = 12
MARGIN = 16  # from the edges of the screen
BORDER = 3  # of the frame around the screen
ACCENT = (47, 95, 208)  # the frame: somebody sees this

_STRIP, _EDGE = (27, 31, 39), (70, 78, 92)
_TITLE, _DETAILS, _GRIP = (255, 255, 255), (190, 198, 211), (108, 117, 134)
_LIVE, _LIVE_HALO = (110, 160, 255), (45, 63, 104)
_SMOOTH = 4  # round things are drawn this much larger, then reduced
_ELLIPSIS = "…"


class ButtonState(Enum):
    """How the end button is being touched."""

    RESTING = auto()
    HOVERED = auto()
    PRESSED = auto()


_BUTTON = {
    ButtonState.RESTING: (209, 44, 36),
    ButtonState.HOVERED: (184, 36, 29),
    ButtonState.PRESSED: (148, 24, 19),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle within the strip, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    def contains(self, x: int, y: int) -> bool:
        """Tell whether the point lies in it."""
        return self.left <= x < self.right and self.top <= y < self.bottom


@dataclass(frozen=True, slots=True)
class Strip:
    """A drawn strip."""

    picture: Image.Image  # RGB
    mask: Image.Image  # mode "1": where the strip is, its corners left out
    button: Box


def draw_strip(text: NoticeText, state: ButtonState, scale: float, max_width: int) -> Strip:
    """Draw the strip, as wide as its text needs, at most `max_width` pixels."""
    return _Drawing(scale).strip(text, state, max_width)


class _Drawing:
    """One strip at one scale."""

    def __init__(self, scale: float) -> None:
        self._scale = scale

    def strip(self, text: NoticeText, state: ButtonState, max_width: int) -> Strip:
        px = self._px
        # One face for all: the strip looks like one piece, and finding a font takes 12 ms.
        letters = text.title + text.details + text.end_button + text.end_hint
        title_font = label_font = font_for(letters, px(15), bold=True)
        hint_font = font_for(letters, px(11), bold=False)
        details_font = font_for(letters, px(13), bold=False)
        inner = max(_width(label_font, text.end_button), _width(hint_font, text.end_hint))
        button_width = max(px(112), inner + 2 * px(16))
        left = px(64)
        room = max(px(80), max_width - left - px(24) - button_width - px(8))
        title = _shortened(title_font, text.title, room)
        details = _shortened(details_font, text.details, room)
        words = max(_width(title_font, title), _width(details_font, details))
        width = left + words + px(24) + button_width + px(8)
        height = px(HEIGHT)
        box = Box(width - px(8) - button_width, px(8), width - px(8), height - px(8))

        picture = self._background(width, height, box, _BUTTON[state])
        pen = ImageDraw.Draw(picture)
        pen.text((left, px(26)), title, _TITLE, title_font, anchor="ls")
        pen.text((left, px(47)), details, _DETAILS, details_font, anchor="ls")
        middle = (box.left + box.right) // 2
        pen.text((middle, px(30)), text.end_button, _TITLE, label_font, anchor="ms")
        pen.text((middle, px(46)), text.end_hint, (255, 226, 223), hint_font, anchor="ms")
        return Strip(picture, self._mask(width, height), box)

    def _background(
        self, width: int, height: int, button: Box, red: tuple[int, int, int]
    ) -> Image.Image:
        """Everything but the words, drawn large and reduced so that it is smooth."""

        def big(length: float) -> int:
            return round(length * self._scale * _SMOOTH)

        size = (width * _SMOOTH, height * _SMOOTH)
        picture = Image.new("RGB", size, _EDGE)
        pen = ImageDraw.Draw(picture)
        line = max(_SMOOTH, big(1))
        inside = (line, line, size[0] - 1 - line, size[1] - 1 - line)
        pen.rounded_rectangle(inside, big(RADIUS) - line, _STRIP)
        for column in (14, 20):
            for row in (22, 29, 36, 43):
                pen.ellipse(_circle(big(column), big(row - 0.5), big(1.5)), _GRIP)
        pen.ellipse(_circle(big(42), big(32), big(9)), _LIVE_HALO)
        pen.ellipse(_circle(big(42), big(32), big(5)), _LIVE)
        corners = [_SMOOTH * n for n in (button.left, button.top, button.right, button.bottom)]
        pen.rounded_rectangle((corners[0], corners[1], corners[2] - 1, corners[3] - 1), big(8), red)
        return picture.reduce(_SMOOTH)

    def _mask(self, width: int, height: int) -> Image.Image:
        large = Image.new("L", (width * _SMOOTH, height * _SMOOTH), 0)
        radius = round(RADIUS * self._scale * _SMOOTH)
        corner = (large.width - 1, large.height - 1)
        ImageDraw.Draw(large).rounded_rectangle((0, 0, *corner), radius, 255)
        return large.reduce(_SMOOTH).point(lambda level: 255 if level > 127 else 0).convert("1")

    def _px(self, length: float) -> int:
        return round(length * self._scale)


def _circle(x: int, y: int, radius: int) -> tuple[int, int, int, int]:
    return x - radius, y - radius, x + radius, y + radius


def _width(font: Font, text: str) -> int:
    return round(font.getlength(text))


def _shortened(font: Font, text: str, room: int) -> str:
    if _width(font, text) <= room:
        return text
    while text and _width(font, text.rstrip() + _ELLIPSIS) > room:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS
