"""A bell: one thread rings, another that waits on file descriptors wakes up."""

from __future__ import annotations

import contextlib
import socket
import threading


class Bell:
    """Readable, as `fileno`, from the first `ring` until it is silenced.

    Any thread may ring, also while or after the bell is closed.
    """

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._lock = threading.Lock()
        self._closed = False

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._near.fileno()

    def ring(self) -> None:
        """Wake the other thread now, or at its next wait."""
        # A full buffer rings loudly enough already.
        with self._lock, contextlib.suppress(BlockingIOError):
            if not self._closed:
                self._far.send(b"\0")

    def silence(self) -> bool:
        """Forget all rings; tell whether there were any."""
        rung = False
        with contextlib.suppress(BlockingIOError):
            while self._near.recv(4096):
                rung = True
        return rung

    def close(self) -> None:
        """Give the descriptors back."""
        with self._lock:
            self._closed = True
            self._near.close()
            self._far.close()
