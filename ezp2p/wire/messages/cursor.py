"""The cursor channel: the customer's mouse pointer, apart from the picture.

The viewer draws it itself, so it never lags behind the counselor's hand.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.messages.fields import U16, Message

CursorSide = Annotated[int, Meta(ge=0, le=256)]


class CursorShape(Message, frozen=True, tag=1):
    """What the pointer looks like: a PNG with alpha; no bytes at all means it is hidden."""

    width: CursorSide
    height: CursorSide
    hot_x: CursorSide
    hot_y: CursorSide
    png: Annotated[bytes, Meta(max_length=FRAME_LIMIT[Channel.CURSOR] // 2)]


class CursorMoved(Message, frozen=True, tag=2):
    """Where the pointer is, in pixels of the picture."""

    x: U16
    y: U16


CursorMessage = CursorShape | CursorMoved
