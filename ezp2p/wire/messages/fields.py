"""The kinds of fields that messages are made of, each with its limit."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

U8 = Annotated[int, Meta(ge=0, le=0xFF)]
U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]
U32 = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
U53 = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # what a JavaScript number holds exactly
I16 = Annotated[int, Meta(ge=-0x8000, le=0x7FFF)]
Milliseconds = Annotated[float, Meta(ge=0, le=1e12)]
Word = Annotated[str, Meta(max_length=64)]
Line = Annotated[str, Meta(max_length=256)]
Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]


class Message(msgspec.Struct, frozen=True, array_like=True, kw_only=False):
    """Base of every message on a link: an array that begins with the message's number."""
