"""The screen channel: the customer's screen as exact pixels that change.

    counselor -> customer   ShowScreen, FrameShown, RefreshScreen, UseDriver
    customer  -> counselor  ScreenLayout, Frame, ScreenUnavailable

A Frame is applied as a whole (no tearing between its parts), in the order of its parts. The
viewer answers each with FrameShown; the customer's side keeps at most a round trip in flight.
A large change is spread over several Frames, so that no message comes near its limit.
Part kinds double as codec numbers: a viewer names those it can show in ShowScreen.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.messages.fields import U16, U32, Line, Message, Milliseconds, Word

Pixels = Annotated[bytes, Meta(max_length=FRAME_LIMIT[Channel.SCREEN])]
Side = Annotated[int, Meta(ge=1, le=16384)]


class ScreenCodec(StrEnum):
    """Ways to write a rectangle. A viewer announces the ones it can read."""

    LOSSLESS = "planar-zstd"
    JPEG = "jpeg"


class ScreenDriver(StrEnum):
    """How pixels are taken from the screen (S41, S81)."""

    AUTO = "auto"
    FAST = "fast"
    PORTABLE = "portable"


class Fill(Message, frozen=True, tag=1):
    """One colour (0xRRGGBB) over a rectangle."""

    x: U16
    y: U16
    width: Side
    height: Side
    colour: U32


class Copy(Message, frozen=True, tag=2):
    """The rectangle shows what stood at (from_x, from_y) before; the two may overlap."""

    x: U16
    y: U16
    width: Side
    height: Side
    from_x: U16
    from_y: U16


class Lossless(Message, frozen=True, tag=3):
    """Exact pixels: zstd of all reds, then all greens, then all blues, row by row."""

    x: U16
    y: U16
    width: Side
    height: Side
    data: Pixels


class Jpeg(Message, frozen=True, tag=4):
    """A photo: one JPEG picture, replaced by exact pixels once it is still."""

    x: U16
    y: U16
    width: Side
    height: Side
    data: Pixels


Part = Fill | Copy | Lossless | Jpeg


class ScreenLayout(Message, frozen=True, tag=1):
    """Size of the picture from now on, in pixels; the next Frames cover all of it."""

    width: Side
    height: Side
    driver: Word


class Frame(Message, frozen=True, tag=2):
    """What changed since the frame before. Numbers count up by one and wrap at 2**32."""

    number: U32
    parts: Annotated[list[Part], Meta(max_length=8192)]


class ScreenUnavailable(Message, frozen=True, tag=3):
    """There is no picture, and why: a text key, with details in English for the log."""

    key: Word
    details: Line = ""


class ShowScreen(Message, frozen=True, tag=16):
    """A viewer is ready and reads these codecs; the next Frames cover the whole screen."""

    codecs: Annotated[list[Word], Meta(max_length=16)]


class FrameShown(Message, frozen=True, tag=17):
    """This frame is on the viewer's canvas, after so much decoding and painting."""

    number: U32
    decode_ms: Milliseconds = 0.0
    paint_ms: Milliseconds = 0.0


class RefreshScreen(Message, frozen=True, tag=18):
    """Send the whole picture again (S77)."""


class UseDriver(Message, frozen=True, tag=19):
    """Take pixels this way from now on (S41, S81)."""

    driver: ScreenDriver


ScreenMessage = (
    ScreenLayout | Frame | ScreenUnavailable | ShowScreen | FrameShown | RefreshScreen | UseDriver
)
