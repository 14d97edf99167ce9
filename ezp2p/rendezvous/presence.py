"""Who is connected, and how to reach them.

With several rendezvous nodes a message may have to travel to the node that owns the connection;
whoever sends does not care. One process needs no more than `LocalPresence`.
"""

from __future__ import annotations

from typing import Protocol

from ezp2p.wire.signalling import RendezvousSays


class Mailbox(Protocol):
    """Where a connection's letters are put; never waits."""

    def put(self, message: RendezvousSays) -> None:
        """Queue a message; a reader too slow is let go."""
        ...


class Presence(Protocol):
    """Finds connections by name."""

    def arrive(self, peer: str, mailbox: Mailbox) -> None:
        """This connection is here now."""
        ...

    def leave(self, peer: str) -> None:
        """It is gone."""
        ...

    def deliver(self, peer: str, message: RendezvousSays) -> None:
        """Send to a connection; one that has just gone gets nothing."""
        ...


class LocalPresence:
    """All connections of one process."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, Mailbox] = {}

    def arrive(self, peer: str, mailbox: Mailbox) -> None:
        """This connection is here now."""
        self._mailboxes[peer] = mailbox

    def leave(self, peer: str) -> None:
        """It is gone."""
        self._mailboxes.pop(peer, None)

    def deliver(self, peer: str, message: RendezvousSays) -> None:
        """Send to a connection; one that has just gone gets nothing."""
        mailbox = self._mailboxes.get(peer)
        if mailbox is not None:
            mailbox.put(message)
