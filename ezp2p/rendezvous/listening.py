"""The ports of the rendezvous: one number for TCP and UDP, then others for TCP alone.

IPv4 and IPv6 together, where no address is named.
"""

from __future__ import annotations

import errno
import socket

from ezp2p.base.errors import EzError, Unavailable, UsageError
from ezp2p.wire.keys import ErrorKey

_BACKLOG = 1024
_FREE_PORT_TRIES = 20
_LAST_PORT = 0xFFFF


def listen(
    host: str, port: int, udp_host: str, udp_port: int | None
) -> tuple[socket.socket, socket.socket]:
    """Return a listening TCP socket and a bound UDP socket, both non-blocking.

    A host "" is every address of the machine; `port` 0 a free one, the same for UDP where
    `udp_port` is None. Raises Unavailable(port.taken, port=...) or UsageError(usage).
    """
    tries = _FREE_PORT_TRIES if port == 0 and udp_port is None else 1
    for attempt in range(tries):
        tcp = listen_tcp(host, port)
        wanted = tcp.getsockname()[1] if udp_port is None else udp_port
        try:
            return tcp, _udp(udp_host, wanted)
        except EzError:
            tcp.close()
            if attempt == tries - 1:
                raise
    raise AssertionError("unreachable")


def listen_beside(host: str, udp_port: int, wanted: int | None) -> socket.socket | None:
    """Return a second UDP socket: `wanted`, or the port after `udp_port`, or any free one for 0.

    One that nobody asked for may be missing: then None, and another program has its port.
    Raises as `listen` does for a port that somebody asked for.
    """
    if wanted is not None:
        return _udp(host, wanted)
    if udp_port == _LAST_PORT:
        return None
    try:
        return _udp(host, udp_port + 1)
    except EzError:
        return None


def listen_tcp(host: str, port: int) -> socket.socket:
    """Return a listening, non-blocking TCP socket; raises as `listen` does."""
    try:
        if not host and socket.has_dualstack_ipv6():
            sock = socket.create_server(
                ("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
            )
        else:
            sock = socket.create_server((host, port), family=_family(host), backlog=_BACKLOG)
    except OSError as error:
        raise _cannot(host, port, error) from None
    sock.setblocking(False)
    return sock


def _udp(host: str, port: int) -> socket.socket:
    every = not host and socket.has_dualstack_ipv6()
    sock = socket.socket(socket.AF_INET6 if every else _family(host), socket.SOCK_DGRAM)
    try:
        if every:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise _cannot(host, port, error) from None
    sock.setblocking(False)
    return sock


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _cannot(host: str, port: int, error: OSError) -> EzError:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        return Unavailable(ErrorKey.PORT_TAKEN, port=port, why=error.strerror)
    why = f"cannot listen on {host or 'any address'}, port {port}: {error.strerror or error}"
    return UsageError(ErrorKey.USAGE, why=why)
