"""A UDP port of the server: many datagrams a wake-up, each answered or passed on at once.

Without asyncio's transports, which cost a callback per datagram. On Linux, equal datagrams of one
sender may come in one call (UDP_GRO); an office that can passes such a run on whole, in one call
again (UDP_SEGMENT). A full send buffer drops, as any router does. Figures: docs/benchmarks.md.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from ezp2p.base.clock import Clock

# A socket's address as the system gives it: (host, port) or IPv6's four parts. Only compared.
Address = tuple[Any, ...]
# The one datagram that follows from another, and where it goes.
Answer = tuple[bytes, Address]

_BATCH = 128  # calls, about a millisecond; then the rest of the server has its turn
_BUFFER_BYTES = 4 * 1024 * 1024
_READ_BYTES = 9216  # jumbo frames; what is longer is nobody's of ours
_READ_RUN_BYTES = 65_536

_UDP_SEGMENT = 103  # linux/udp.h
_UDP_GRO = 104
_INT = struct.Struct("=i")
_SHORT = struct.Struct("=H")
_CONTROL_BYTES = 64  # room for one control message with an int
# What sendmsg says where the kernel or the network card cannot split this run.
_NO_SEGMENTS = {errno.EINVAL, errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE}


class Office(Protocol):
    """Who deals with datagrams of some kinds."""

    def receive(self, data: bytes, source: Address, now: float, wall: float) -> Answer | None:
        """Return what follows from this datagram, if anything does."""
        ...


class RunOffice(Protocol):
    """Who can deal with a whole run of datagrams at once."""

    def is_run(self, run: bytes, size_bytes: int) -> bool:
        """Whether these datagrams of so many bytes (the last may be shorter) go the same way."""
        ...

    def receive_run(
        self, run: bytes, size_bytes: int, source: Address, now: float
    ) -> Answer | None:
        """Return the run that follows from this one, if any does."""
        ...


class UdpPort:
    """Hands what comes to a bound, non-blocking UDP socket, which it owns, to its offices."""

    def __init__(
        self,
        offices: Mapping[int, Office],
        udp: socket.socket,
        clock: Clock,
        runs: RunOffice | None = None,
    ) -> None:
        """`offices` by the first byte of a datagram; what no office takes is dropped.

        With `runs`, runs are asked of the system, and given to it whole where they can be.
        """
        self._offices = offices
        self._udp = udp
        self._clock = clock
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            udp.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        self._runs = runs if runs is not None and _receives_runs(udp) else None

    def start(self) -> None:
        """Begin to read. The running loop must be a selector loop (on Windows too)."""
        read = self._read if self._runs is None else self._read_runs
        asyncio.get_running_loop().add_reader(self._udp, read)

    def send(self, data: bytes, to: Address) -> None:
        """Send a datagram; what the system does not take is lost."""
        with suppress(OSError):  # buffer full, or no route to there any more
            self._udp.sendto(data, to)

    def close(self) -> None:
        """Stop and close the socket."""
        asyncio.get_running_loop().remove_reader(self._udp)
        self._udp.close()

    def _read(self) -> None:
        now, wall = self._clock.now(), self._clock.wall()
        for _ in range(_BATCH):
            try:
                data, source = self._udp.recvfrom(_READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                continue  # an earlier datagram's port was closed (ICMP); the next may be fine
            self._take(data, source, now, wall)

    def _read_runs(self) -> None:
        now, wall = self._clock.now(), self._clock.wall()
        # Windows' sockets have none; its type stubs neither. It does not come here.
        receive: Callable[..., Any] = getattr(self._udp, "recvmsg")  # noqa: B009
        for _ in range(_BATCH):
            try:
                data, controls, _flags, source = receive(_READ_RUN_BYTES, _CONTROL_BYTES)
            except BlockingIOError:
                return
            except OSError:
                continue
            if controls:  # nothing else was asked for
                self._take_run(data, _INT.unpack(controls[0][2][: _INT.size])[0], source, now, wall)
            else:
                self._take(data, source, now, wall)

    def _take(self, data: bytes, source: Address, now: float, wall: float) -> None:
        office = self._offices.get(data[0]) if data else None
        if office is None:
            return
        answer = office.receive(data, source, now, wall)
        if answer is not None:
            try:
                self._udp.sendto(*answer)
            except OSError:
                return

    def _take_run(self, run: bytes, size: int, source: Address, now: float, wall: float) -> None:
        runs = self._runs
        if runs is not None and size < len(run) and runs.is_run(run, size):
            answer = runs.receive_run(run, size, source, now)
            if answer is not None:
                self._send_run(*answer, size)
            return
        for start in range(0, len(run), max(size, 1)):
            self._take(run[start : start + size], source, now, wall)

    def _send_run(self, run: bytes, to: Address, size: int) -> None:
        send: Callable[..., int] = getattr(self._udp, "sendmsg")  # noqa: B009
        try:
            send([run], [(socket.SOL_UDP, _UDP_SEGMENT, _SHORT.pack(size))], 0, to)
        except OSError as error:
            if error.errno in _NO_SEGMENTS:
                for start in range(0, len(run), size):
                    self.send(run[start : start + size], to)


def _receives_runs(udp: socket.socket) -> bool:
    """Have the system hand over runs, if it can (Linux 5.0 and later); return whether it will."""
    if not hasattr(socket, "SOL_UDP") or not hasattr(udp, "recvmsg"):
        return False
    try:
        udp.getsockopt(socket.SOL_UDP, _UDP_SEGMENT)
        udp.setsockopt(socket.SOL_UDP, _UDP_GRO, 1)
    except OSError:
        return False
    return True
