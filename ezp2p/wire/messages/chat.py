"""The chat channel: both people write, lines arrive in order."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ezp2p.wire.messages.fields import U32, Message


class ChatLine(Message, frozen=True, tag=1):
    """What one person said. `number` counts each sender's lines from 1."""

    number: U32
    text: Annotated[str, Meta(min_length=1, max_length=4000)]


ChatMessage = ChatLine
