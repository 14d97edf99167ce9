"""Which messages each channel carries: the one table."""

from __future__ import annotations

from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.codec import Codec
from ezp2p.wire.messages.chat import ChatMessage
from ezp2p.wire.messages.cursor import CursorMessage
from ezp2p.wire.messages.input import InputMessage
from ezp2p.wire.messages.screen import ScreenMessage
from ezp2p.wire.messages.session import SessionMessage

MESSAGES = {
    Channel.SESSION: SessionMessage,
    Channel.INPUT: InputMessage,
    Channel.CURSOR: CursorMessage,
    Channel.SCREEN: ScreenMessage,
    Channel.CHAT: ChatMessage,
}

CODECS: dict[Channel, Codec] = {
    channel: Codec(messages, limit_bytes=FRAME_LIMIT[channel])
    for channel, messages in MESSAGES.items()
}
