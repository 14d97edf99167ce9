"""The link's one UDP socket: discovery, pings, relay and QUIC share it, and so its NAT mapping.

Read in bursts: up to BURST datagrams are handed over together, so that QUIC answers them with
one transmit instead of one each, which is what makes the difference in CPU time. Written in
bursts too: on Linux equal datagrams to one address leave in one system call (UDP_SEGMENT).

It needs a loop with `add_reader`: on Windows a SelectorEventLoop, since the Proactor's UDP stops
reading for ever after an ICMP port-unreachable, which trying candidates provokes all the time.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ezp2p.nat.route import Address, address_of

BURST = 64
BUFFER_BYTES = 4 * 1024 * 1024  # asked of the kernel, which may give less
_READ_BYTES = 9216  # jumbo frames; longer datagrams are nobody's of ours and arrive cut

_UDP_SEGMENT = 103  # linux/udp.h
_IP_MTU_DISCOVER = 10  # linux/in.h
_IPV6_MTU_DISCOVER = 23  # linux/in6.h
_PMTUDISC_PROBE = 3  # never fragment, and do not trust the kernel's idea of the path
_MAX_SEGMENTS = 60  # the kernel takes 64 (UDP_MAX_SEGMENTS)
_MAX_SEGMENTED_BYTES = 64_000
# What sendmsg says where the kernel or the network card cannot split datagrams.
_NO_SEGMENTS = {errno.EINVAL, errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE}

Received = tuple[bytes, Address]
Receiver = Callable[[list[Received]], None]


@dataclass(slots=True)
class Counts:
    """What went through the socket since it was opened; refused ones are not sent ones."""

    datagrams_sent: int = 0
    bytes_sent: int = 0
    datagrams_received: int = 0
    bytes_received: int = 0
    datagrams_refused: int = 0  # by our own system: no route, buffer full


class UdpSocket:
    """A non-blocking UDP socket on the running loop. Errors of the network are not errors here."""

    def __init__(self, sock: socket.socket, *, segments: bool, unfragmented: bool) -> None:
        """Wrap a bound socket; use `open_socket` instead."""
        self.counts = Counts()
        self.port: int = sock.getsockname()[1]
        self.with_ipv6 = sock.family == socket.AF_INET6
        self.unfragmented = unfragmented
        self._sock = sock
        # Windows' sockets have none; its type stubs neither.
        self._send_segments: Callable[..., int] = getattr(sock, "sendmsg", _no_segments)
        self._segments = segments
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._loop = asyncio.get_running_loop()
        self._names: dict[tuple[object, ...], Address | None] = {}

    def listen(self, receiver: Receiver) -> None:
        """Hand every burst of datagrams to `receiver` from now on."""
        self._loop.add_reader(self._sock.fileno(), self._read, receiver)

    def send(self, datagrams: Sequence[bytes], to: Address) -> None:
        """Send them in order. What the system does not take is lost, as on any network."""
        target = self._target(to)
        if target is None:
            self.counts.datagrams_refused += len(datagrams)
            return
        first = 0
        while first < len(datagrams):
            last = _run_end(datagrams, first) if self._segments else first + 1
            if last - first == 1:
                self._send_one(datagrams[first], target)
            else:
                self._send_run(datagrams[first:last], target)
            first = last

    def close(self) -> None:
        """Stop reading and give the port back."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()

    def _read(self, receiver: Receiver) -> None:
        burst: list[Received] = []
        for _ in range(BURST):
            try:
                size, name = self._sock.recvfrom_into(self._buffer)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # Windows reports ICMP errors of earlier datagrams here (WSAECONNRESET).
                continue
            self.counts.bytes_received += size
            sender = self._sender(name)
            if sender is not None and size:
                burst.append((bytes(self._buffer[:size]), sender))
        self.counts.datagrams_received += len(burst)
        if burst:
            receiver(burst)

    def _send_one(self, data: bytes, target: tuple[object, ...]) -> None:
        try:
            self._sock.sendto(data, target)
        except OSError:
            self.counts.datagrams_refused += 1
        else:
            self._sent(1, len(data))

    def _send_run(self, run: Sequence[bytes], target: tuple[object, ...]) -> None:
        size = struct.pack("=H", len(run[0]))
        try:
            self._send_segments(run, [(socket.SOL_UDP, _UDP_SEGMENT, size)], 0, target)
        except OSError as error:
            if error.errno not in _NO_SEGMENTS:
                self.counts.datagrams_refused += len(run)
                return
            self._segments = False
            for data in run:
                self._send_one(data, target)
        else:
            self._sent(len(run), sum(map(len, run)))

    def _sent(self, datagrams: int, size_bytes: int) -> None:
        self.counts.datagrams_sent += datagrams
        self.counts.bytes_sent += size_bytes

    def _target(self, to: Address) -> tuple[object, ...] | None:
        is_ipv6 = ":" in to.host
        if self.with_ipv6:
            return (to.host if is_ipv6 else f"::ffff:{to.host}", to.port)
        return None if is_ipv6 else (to.host, to.port)

    def _sender(self, name: tuple[object, ...]) -> Address | None:
        try:
            return self._names[name]
        except KeyError:
            if len(self._names) > 1024:
                self._names.clear()  # strangers; the peer's few are soon back
            address = address_of(str(name[0]), int(str(name[1])))
            self._names[name] = address
            return address


def open_socket(port: int = 0, *, host: str | None = None) -> UdpSocket:
    """Open the link's socket on every interface, for IPv6 and IPv4 where the system can.

    `host` narrows it to one address. Raises OSError if the port is taken.
    """
    sock = _bind(port, host)
    sock.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
    return UdpSocket(sock, segments=_can_segment(sock), unfragmented=_forbid_fragments(sock))


def _bind(port: int, host: str | None) -> socket.socket:
    if host is None and socket.has_dualstack_ipv6():
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind(("::", port))
        except OSError as error:
            sock.close()
            if error.errno == errno.EADDRINUSE:
                raise
        else:
            return sock
    family = socket.AF_INET6 if host is not None and ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.bind((host or "0.0.0.0", port))
    except OSError:
        sock.close()
        raise
    return sock


def _no_segments(*_arguments: object) -> int:
    raise OSError(errno.EOPNOTSUPP, "this system sends datagrams one by one")


def _can_segment(sock: socket.socket) -> bool:
    if not hasattr(socket, "SOL_UDP") or not hasattr(sock, "sendmsg"):
        return False
    try:
        sock.getsockopt(socket.SOL_UDP, _UDP_SEGMENT)
    except OSError:
        return False
    return True


def _forbid_fragments(sock: socket.socket) -> bool:
    """Have datagrams sent whole or refused; return whether that can be had (on Linux so far)."""
    if not _can_segment(sock):
        return False
    try:
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
    except OSError:
        return False
    return True


def _run_end(datagrams: Sequence[bytes], first: int) -> int:
    """Return where the run of equally long datagrams ends; its last may be shorter."""
    size = len(datagrams[first])
    last = first + 1
    limit = min(len(datagrams), first + min(_MAX_SEGMENTS, _MAX_SEGMENTED_BYTES // size))
    while last < limit and len(datagrams[last]) == size:
        last += 1
    if last < limit and len(datagrams[last]) < size:
        last += 1
    return last
