"""The input channel: the counselor's hand and keyboard, one ordered queue.

    counselor -> customer   all but InputMarked
    customer  -> counselor  InputMarked

Keys travel as physical keys (the W3C `code`, "KeyA", "ShiftLeft", "Lang1"), so that the
customer's own layout and IME apply; what an IME has committed travels as Unicode text.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from ezp2p.wire.messages.fields import I16, U16, U32, Message

# https://www.w3.org/TR/uievents-code/ - longest is "BrowserFavorites"; letters and digits only.
KeyCode = Annotated[str, Meta(max_length=24, pattern="^[A-Za-z0-9]+$")]


class MouseButton(IntEnum):
    """Numbered as a browser's MouseEvent.button."""

    LEFT = 0
    MIDDLE = 1
    RIGHT = 2
    BACK = 3
    FORWARD = 4


class PointerMoved(Message, frozen=True, tag=1):
    """The pointer goes there, in pixels of the customer's picture."""

    x: U16
    y: U16


class ButtonChanged(Message, frozen=True, tag=2):
    """A mouse button goes down or up at a place."""

    x: U16
    y: U16
    button: MouseButton
    down: bool


class WheelTurned(Message, frozen=True, tag=3):
    """The wheel turned at a place, in 1/120 of a notch; positive is right and down."""

    x: U16
    y: U16
    right: I16
    down: I16


class KeyChanged(Message, frozen=True, tag=4):
    """A physical key goes down or up."""

    code: KeyCode
    down: bool


class TextTyped(Message, frozen=True, tag=5):
    """Text to appear as it is, whatever the customer's layout."""

    text: Annotated[str, Meta(max_length=2000)]


class ReleaseAll(Message, frozen=True, tag=6):
    """Let go of every key and button: the counselor's window lost the keyboard."""


class InputMark(Message, frozen=True, tag=7):
    """Answer with InputMarked when everything before this has been injected."""

    number: U32


class InputMarked(Message, frozen=True, tag=8):
    """Everything before the InputMark of this number has been injected."""

    number: U32


InputMessage = (
    PointerMoved
    | ButtonChanged
    | WheelTurned
    | KeyChanged
    | TextTyped
    | ReleaseAll
    | InputMark
    | InputMarked
)
