"""How much of what was written to a TCP connection waits at this end, and how to keep it little.

Who carries datagrams over TCP must drop, not queue: what waits delays all that follows. asyncio
tells how much it holds; the system's own buffer, which grows to megabytes, is told to hold little.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

_KERNEL_BYTES = 16 * 1024
# asyncio's TLS stops handing down at this, the default high-water mark of the transport below,
# and does not show what it has handed down.
_BELOW_TLS_BYTES = 64 * 1024


def limit_unsent(transport: asyncio.Transport) -> None:
    """Have the system hold little, where it can be told (Linux and macOS, TCP_NOTSENT_LOWAT)."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is not None:
        with suppress(OSError):
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.IPPROTO_TCP, option, _KERNEL_BYTES)


def unsent_bytes(transport: asyncio.Transport) -> int:
    """Return how much waits in asyncio, at least."""
    shown = transport.get_write_buffer_size()
    if shown and transport.get_extra_info("sslcontext") is not None:
        return shown + _BELOW_TLS_BYTES
    return shown
