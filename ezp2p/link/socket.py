"""The link's one UDP socket: discovery, pings, relay and QUIC share it, and so its NAT mapping.

Read in bursts: some BURST datagrams are handed over together, so that QUIC answers them with
one transmit instead of one each, which is what makes the difference in CPU time. Written in
bursts too. On Linux equal datagrams of one address come and go by the run, a system call for up
to sixty of them (UDP_GRO, UDP_SEGMENT).

It needs a loop with `add_reader`: on Windows a SelectorEventLoop, since the Proactor's UDP stops
reading for ever after an ICMP port-unreachable, which trying candidates provokes all the time.
Windows is told not to report those at all; where it does, the report is passed over.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from ezp2p.nat.route import Address, address_of

BURST = 64
BUFFER_BYTES = 4 * 1024 * 1024  # asked of the kernel, which may give less
_READ_BYTES = 65_536  # the longest run; single datagrams are shorter

_UDP_SEGMENT = 103  # linux/udp.h
_UDP_GRO = 104
_INT = struct.Struct("=i")
# Room for one control message with an int; CMSG_SPACE is missing on Windows, where none come.
_CONTROL_BYTES = 64
_IP_MTU_DISCOVER = 10  # linux/in.h
_IPV6_MTU_DISCOVER = 23  # linux/in6.h
_PMTUDISC_PROBE = 3  # never fragment, and do not trust the kernel's idea of the path
_MAX_SEGMENTS = 60  # the kernel takes 64 (UDP_MAX_SEGMENTS)
_MAX_SEGMENTED_BYTES = 64_000
# What sendmsg says where the kernel or the network card cannot split datagrams.
_NO_SEGMENTS = {errno.EINVAL, errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE}

# mswsock.h: whether ICMP's "port unreachable" and "time exceeded" come as errors of later calls.
_SIO_UDP_CONNRESET = 0x9800000C
_SIO_UDP_NETRESET = 0x9800000F

Received = tuple[bytes, Address]
_Control = tuple[int, int, bytes]
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

    def __init__(
        self, sock: socket.socket, *, segments: bool, runs: bool, unfragmented: bool
    ) -> None:
        """Wrap a bound socket; use `open_socket` instead."""
        self.counts = Counts()
        self.port: int = sock.getsockname()[1]
        self.with_ipv6 = sock.family == socket.AF_INET6
        self.unfragmented = unfragmented
        self._sock = sock
        # Windows' sockets have none; its type stubs neither.
        self._send_segments: Callable[..., int] = getattr(sock, "sendmsg", _no_segments)
        self._receive_run: Callable[..., tuple[int, list[_Control], int, tuple[object, ...]]]
        self._receive_run = getattr(sock, "recvmsg_into", _no_segments)
        self._segments = segments
        self._runs = runs
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
                size, segment, name = self._receive()
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error of an earlier datagram, where Windows does not obey
            self.counts.bytes_received += size
            sender = self._sender(name)
            if sender is not None:
                for start in range(0, size, segment):
                    burst.append((bytes(self._buffer[start : min(start + segment, size)]), sender))
            if len(burst) >= BURST:
                break
        self.counts.datagrams_received += len(burst)
        if burst:
            receiver(burst)

    def _receive(self) -> tuple[int, int, tuple[object, ...]]:
        """Return how many bytes came, how many of them are a datagram, and from whom."""
        if not self._runs:
            size, name = self._sock.recvfrom_into(self._buffer)
            return size, max(size, 1), name
        size, controls, _flags, name = self._receive_run([self._buffer], _CONTROL_BYTES)
        if controls:  # nothing else was asked for
            return size, max(_INT.unpack(controls[0][2][: _INT.size])[0], 1), name
        return size, max(size, 1), name

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
    _pass_over_unreachables(sock)
    return UdpSocket(
        sock,
        segments=_can_segment(sock),
        runs=_receives_runs(sock),
        unfragmented=_forbid_fragments(sock),
    )


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


def _no_segments(*_arguments: object) -> NoReturn:
    raise OSError(errno.EOPNOTSUPP, "this system sends datagrams one by one")


def _can_segment(sock: socket.socket) -> bool:
    if not hasattr(socket, "SOL_UDP") or not hasattr(sock, "sendmsg"):
        return False
    try:
        sock.getsockopt(socket.SOL_UDP, _UDP_SEGMENT)
    except OSError:
        return False
    return True


def _receives_runs(sock: socket.socket) -> bool:
    """Have equal datagrams of one sender handed over together; return whether they will be."""
    if not _can_segment(sock):
        return False
    try:
        sock.setsockopt(socket.SOL_UDP, _UDP_GRO, 1)
    except OSError:  # Linux before 5.0
        return False
    return True


def _pass_over_unreachables(sock: socket.socket) -> None:
    """Have Windows keep ICMP's complaints to itself; other systems do so unasked.

    Python's own `ioctl` takes three codes only, and these are not among them.
    """
    load = getattr(ctypes, "WinDLL", None)
    if load is None:
        return
    control = load("ws2_32").WSAIoctl
    word = ctypes.c_uint32
    pointer = ctypes.c_void_p
    control.argtypes = [ctypes.c_size_t, word, pointer, word, pointer, word, pointer, pointer]
    control.argtypes += [pointer]
    report, answered = word(0), word(0)
    for code in (_SIO_UDP_CONNRESET, _SIO_UDP_NETRESET):
        # A Windows that does not know the code reports as before, which `_read` survives.
        control(
            sock.fileno(),
            code,
            ctypes.byref(report),
            ctypes.sizeof(report),
            None,
            0,
            ctypes.byref(answered),
            None,
            None,
        )


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
