"""What a link tells the session, and the reasons for which a link ends."""

from __future__ import annotations

from dataclasses import dataclass

from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.packet import QuicErrorCode

from ezp2p.nat.route import Address
from ezp2p.wire.channel import Channel
from ezp2p.wire.keys import EndReason, ErrorKey, PathKind, PathWhy

Reason = EndReason | ErrorKey

# Our own closes carry this application error code and the reason's key as their phrase.
CLOSE_CODE = 1
_CRYPTO_ERRORS = range(QuicErrorCode.CRYPTO_ERROR, QuicErrorCode.CRYPTO_ERROR + 0x100)
_SILENCE = ("Idle timeout", "No validated network path")


@dataclass(frozen=True, slots=True)
class LinkReady:
    """Both ends have proved who they are; every channel may be used."""


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """A whole message of the peer, not yet decoded."""

    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True)
class PathChanged:
    """The link takes another way: its kind, the address datagrams go to, its round trip."""

    kind: PathKind
    address: Address
    rtt_s: float


@dataclass(frozen=True, slots=True)
class PathExplained:
    """Why the path in use is no better one, as far as is known now; None: it is direct."""

    why: PathWhy | None


@dataclass(frozen=True, slots=True)
class LinkSilent:
    """Nothing was heard of the peer for SILENT_S; the link goes on trying."""


@dataclass(frozen=True, slots=True)
class LinkBack:
    """The peer is heard again after a LinkSilent; nothing was lost."""


@dataclass(frozen=True, slots=True)
class LinkClosed:
    """The link is over, for this reason, and who said so. Always the last event."""

    reason: Reason
    by_peer: bool


LinkEvent = (
    LinkReady | ChannelMessage | PathChanged | PathExplained | LinkSilent | LinkBack | LinkClosed
)


def closed_by(end: ConnectionTerminated, *, peer: bool) -> LinkClosed:
    """Return the event for QUIC's end; a peer's own words count only if they are a known key."""
    if end.error_code in _CRYPTO_ERRORS:
        return LinkClosed(ErrorKey.PEER_UNTRUSTED, peer)
    if not peer:
        lost = end.reason_phrase in _SILENCE
        return LinkClosed(ErrorKey.LINK_LOST if lost else ErrorKey.PEER_PROTOCOL, peer)
    if end.error_code == QuicErrorCode.APPLICATION_ERROR and end.frame_type is not None:
        # RFC 9000, 10.2.3: what a program's own close becomes during the handshake.
        return LinkClosed(ErrorKey.PEER_GONE, peer)
    for reasons in (EndReason, ErrorKey):
        if end.reason_phrase in set(reasons):
            return LinkClosed(reasons(end.reason_phrase), peer)
    return LinkClosed(ErrorKey.PEER_PROTOCOL, peer)
