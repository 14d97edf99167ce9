"""A tiny child process that lets go of all keys when this program is killed.

    parent  -- pipe -->  child       The pipe breaks when the parent is gone, however it went.
       \\                  |
        X connection  <----'          Then the child writes releases, encoded beforehand.

The X server keeps the keys of an injecting program down after its death: the person would sit
there with Ctrl held. The child is a plain fork: a built program has no interpreter to start,
and a program of our own could not answer to kill -9. It may come from a process with threads,
so the child takes no lock, allocates next to nothing, and only reads, writes and leaves.

Releases concern the XTEST device alone: keys a person holds on a real keyboard stay down.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import sys
import warnings
from typing import Any

import xcffib.xproto
import xcffib.xtest

from ezp2p.desktop import xserver
from ezp2p.wire.keys import ErrorKey

KEYCODES = range(8, 256)
BUTTONS = range(1, 10)

_FAKE_INPUT = 2  # minor opcode
_KEY_RELEASE, _BUTTON_RELEASE = 3, 5
_UNIT, _REPLY = 32, 1  # all that a server sends comes in such units; a reply's first byte
_GET_INPUT_FOCUS = struct.pack("=BxH", 43, 1)  # a request with a reply: then all is done


class KeyGuard:
    """The child, and the pipe that it watches. Close it after releasing the keys."""

    def __init__(self) -> None:
        """Start the child; raises Unavailable(input.unavailable) without a display or XTEST."""
        self._connection = xserver.connect(ErrorKey.INPUT_UNAVAILABLE)
        requests = _release_everything(self._connection)
        xserver.sync(self._connection)  # nothing of ours is left in xcb's buffer
        server = self._connection.get_file_descriptor()
        watched, self._held = os.pipe()
        self.child = _fork()
        if self.child == 0:
            _wait_and_release(watched, server, requests)
        os.close(watched)

    def close(self) -> None:
        """Let the child go, and wait for it."""
        os.close(self._held)
        with contextlib.suppress(ChildProcessError):  # somebody else has waited for it
            os.waitpid(self.child, 0)
        self._connection.disconnect()


def _fork() -> int:
    if sys.platform == "win32":  # for mypy, which checks this file for Windows too
        raise NotImplementedError
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads; the module says why this one may.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _release_everything(connection: Any) -> bytes:
    xserver.extension(connection, xcffib.xtest, ErrorKey.INPUT_UNAVAILABLE)
    name = xcffib.xtest.key.name
    opcode = int(connection.core.QueryExtension(len(name), name).reply().major_opcode)
    releases = [(_KEY_RELEASE, code) for code in KEYCODES]
    releases += [(_BUTTON_RELEASE, number) for number in BUTTONS]
    requests = [
        struct.pack("=BBHBB2xII8xhh7xB", opcode, _FAKE_INPUT, 9, kind, detail, 0, 0, 0, 0, 0)
        for kind, detail in releases
    ]
    return b"".join(requests) + _GET_INPUT_FOCUS


def _await_reply(server: int) -> None:
    """Read until the server has done everything.

    Events that nobody read (MappingNotify comes unasked) lie before the reply. Leaving with
    some unread would reset the socket, and the server would drop the releases it has not read.
    """
    received = b""
    while True:
        more = os.read(server, 4096)
        received += more
        while len(received) >= _UNIT:
            if received[0] == _REPLY:
                return
            received = received[_UNIT:]
        if not more:
            return


def _wait_and_release(watched: int, server: int, requests: bytes) -> None:
    """The child's whole life; never returns."""
    if sys.platform == "win32":  # for mypy
        raise NotImplementedError
    try:
        os.setsid()  # Ctrl+C in the terminal is not for us
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # The parent's sockets and files, the writing end of the pipe too, are not ours.
        kept = sorted((watched, server))
        os.closerange(0, kept[0])
        os.closerange(kept[0] + 1, kept[1])
        os.closerange(kept[1] + 1, os.sysconf("SC_OPEN_MAX"))
        os.read(watched, 1)  # nobody ever writes: it returns when the parent is gone
        os.set_blocking(server, True)
        while requests:
            requests = requests[os.write(server, requests) :]
        _await_reply(server)
    finally:
        os._exit(0)
