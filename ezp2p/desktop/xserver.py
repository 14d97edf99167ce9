"""A connection to the X server, as input, hotkeys and notice each open one of their own.

One that blocks or dies takes nothing else with it. xcffib carries no types: what comes from it
is Any, and stays inside desktop/.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
from collections.abc import Iterator
from typing import Any

import xcffib

# All extensions that any of us uses, before anybody connects: each module enters itself into a
# table that a new connection walks through, and threads of ours load modules while others connect.
import xcffib.damage
import xcffib.randr
import xcffib.shape
import xcffib.shm
import xcffib.xfixes
import xcffib.xinput
import xcffib.xkb
import xcffib.xproto
import xcffib.xtest

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

_CHANGE_PROPERTY = 18  # the request's number in the core protocol


def connect(failure: ErrorKey) -> Any:
    """Return a new connection to $DISPLAY; raises Unavailable(failure) and says why."""
    display = os.environ.get("DISPLAY")
    if not display:
        raise Unavailable(failure, why="there is no display")
    connection: Any = xcffib.Connection
    try:
        return connection(display=display)
    except xcffib.XcffibException as error:
        raise Unavailable(failure, why=f"display {display} does not answer") from error


@contextlib.contextmanager
def unavailable_if_broken(failure: ErrorKey) -> Iterator[None]:
    """Turn what xcffib raises, a dead server above all, into Unavailable(failure)."""
    try:
        yield
    except xcffib.XcffibException as error:
        raise Unavailable(failure, why=str(error) or type(error).__name__) from error


def extension(connection: Any, module: Any, failure: ErrorKey) -> Any:
    """Return the requests of an xcffib extension module; raises Unavailable(failure) without it."""
    name = module.key.name
    if not connection.core.QueryExtension(len(name), name).reply().present:
        raise Unavailable(failure, why=f"the display has no {name}")
    return connection(module.key)


def intern(connection: Any, name: str) -> int:
    """Return the atom of `name`."""
    return int(connection.core.InternAtom(False, len(name), name).reply().atom)


def set_property(
    connection: Any, window: int, name: int, kind: int, width: int, data: bytes
) -> None:
    """Replace a window's property by `data` of 8, 16 or 32 bit wide units; raises xcffib.Error.

    xcffib's own ChangeProperty makes an object of each byte: a third of a second a megabyte.
    """
    head = struct.pack("=xB2xIIIB3xI", 0, window, name, kind, width, len(data) // (width // 8))
    connection.core.send_request(_CHANGE_PROPERTY, io.BytesIO(head + data), is_checked=True).check()


def screen_of(connection: Any) -> Any:
    """Return the first screen: root window, size in pixels and millimetres, depth, visual."""
    return connection.get_setup().roots[connection.pref_screen]


def sync(connection: Any) -> None:
    """Return once the server has carried out everything sent before."""
    connection.core.GetInputFocus().reply()
