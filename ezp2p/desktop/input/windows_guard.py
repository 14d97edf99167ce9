"""A small child process that lets go of all keys and buttons when this program is killed.

    parent <-- pipe -->  child      It says that it is there. What goes down is told before it
                                    does, what is up after. The pipe breaks when the parent is
                                    gone, however it went.

Windows keeps the keys of an injecting program down after its death: the person would sit there
with Ctrl held. The child knows what this program holds, so that it lets go of nothing else.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
from multiprocessing.connection import Connection

from ezp2p.desktop.input.sending import Input, send

_log = logging.getLogger(__name__)

_START_S = 10.0
_END_S = 5.0
_READY, _DOWN, _UP = b"!", b"+", b"-"


class WindowsGuard:
    """The child, and our end of the pipe. Close it after releasing everything."""

    def __init__(self) -> None:
        """Start the child; raises OSError where no process can be started."""
        context = multiprocessing.get_context("spawn")
        theirs, self._pipe = context.Pipe()
        self._is_ready = False
        with theirs:
            self._child = context.Process(
                target=watch, args=(theirs,), name="ezp2p key guard", daemon=True
            )
            self._child.start()

    def goes_down(self, release: Input) -> None:
        """Something will be pressed that `release` lets go of.

        Returns once the child would do so; at the first time that takes as long as its start.
        """
        self._await_child()
        self._tell(_DOWN + bytes(release))

    def is_up(self, release: Input) -> None:
        """`release` has been sent."""
        self._tell(_UP + bytes(release))

    def close(self) -> None:
        """Let the child go, and wait for it."""
        self._pipe.close()
        self._child.join(_END_S)
        if self._child.is_alive():
            self._child.kill()
            self._child.join()
        self._child.close()

    def _await_child(self) -> None:
        if self._is_ready:
            return
        self._is_ready = True  # or else never: asked once
        try:
            if self._pipe.poll(_START_S):
                self._pipe.recv_bytes()
            else:
                _log.warning("the key guard does not start")
        except (EOFError, OSError) as error:
            _log.warning("the key guard has died: %s", error)

    def _tell(self, message: bytes) -> None:
        try:
            self._pipe.send_bytes(message)
        except OSError as error:  # somebody has ended the child; the session goes on without
            _log.warning("nobody guards the keys any more: %s", error)


def watch(pipe: Connection) -> None:
    """The child's whole life: wait until the parent is gone, then let go of what it held."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the console is not for us
    held: dict[bytes, None] = {}
    try:
        pipe.send_bytes(_READY)
        while True:
            message = pipe.recv_bytes()
            if message[:1] == _DOWN:
                held[message[1:]] = None
            else:
                held.pop(message[1:], None)
    except (EOFError, OSError):
        releases = [Input.from_buffer_copy(release) for release in reversed(held)]
        if releases:
            send(*releases)
