"""Why a session is over, from why its link is."""

from __future__ import annotations

from ezp2p.link.events import LinkClosed
from ezp2p.wire.keys import EndReason, ErrorKey

_BY_ERROR = {
    ErrorKey.LINK_LOST: EndReason.LINK_LOST,
    ErrorKey.PEER_GONE: EndReason.LINK_LOST,
}


def reason_of(closed: LinkClosed) -> EndReason:
    """Return the session's end for the link's; a broken rule if it is no end we know."""
    if isinstance(closed.reason, EndReason):
        return closed.reason
    return _BY_ERROR.get(closed.reason, EndReason.PROTOCOL)
