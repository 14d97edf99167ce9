"""Waiting for the X server and for our own threads at the same time."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import Any


class Wake:
    """Lets any thread end the wait of the one that serves a connection."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)

    def set(self) -> None:
        """End the wait under way, or else the next one."""
        # So many wakes are waiting that one more changes nothing, or nobody waits any more.
        with contextlib.suppress(OSError):
            self._far.send(b"!")

    def wait(self, connection: Any, timeout_s: float | None) -> Any:
        """Return the next event; None after `set` or the time; raises xcffib's exceptions."""
        connection.flush()
        event = connection.poll_for_event()
        if event is not None:
            return event
        ready, _, _ = select.select(
            [connection.get_file_descriptor(), self._near], [], [], timeout_s
        )
        if self._near in ready:
            self._near.recv(4096)
            return None
        return connection.poll_for_event()

    def close(self) -> None:
        """Give the sockets back."""
        self._near.close()
        self._far.close()
