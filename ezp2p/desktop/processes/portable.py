"""Processes by psutil, as it sees them on Linux and macOS; Windows adds what it cannot do."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import psutil

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.processes import CLOSE_WITHIN_S, Process
from ezp2p.desktop.processes.load import Load, Use
from ezp2p.wire.keys import ErrorKey

_KILLED_WITHIN_S = 3.0
_LOOK_EVERY_S = 0.05
_SAME_START_S = 1.0  # the clock may be set while a process runs
_THE_SYSTEM = (0, 1)  # kernel and init; Windows' idle process
_KERNEL_THREADS = "kthreadd"  # the parent of all of Linux' kernel threads

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Name:
    """What is known of a process without asking it."""

    pid: int
    parent: int
    name: str


class PsutilProcesses:
    """Sees and ends processes; not for two threads at a time."""

    def __init__(
        self,
        names: Callable[[], Iterable[Name]],
        ask_to_close: Callable[[psutil.Process], None],
    ) -> None:
        """`names` lists all processes; `ask_to_close` lets one end in its own way."""
        self._names = names
        self._ask_to_close = ask_to_close
        self._load = Load(psutil.cpu_count() or 1)

    def snapshot(self) -> list[Process]:
        """See Processes."""
        now = time.time()
        asked = [_Asked.of(name) for name in self._names()]
        shares = self._load.shares((Use(one.identity, one.cpu_s) for one in asked), now)
        return sorted((one.process(shares) for one in asked), key=lambda process: process.pid)

    def end(self, process: Process) -> None:
        """See Processes."""
        if process.pid == os.getpid() or process.pid in _THE_SYSTEM:
            raise Unavailable(ErrorKey.PROCESS_DENIED, name=process.name)
        try:
            running = psutil.Process(process.pid)
            if not _is_same(running, process):
                return
            self._ask_to_close(running)
            if not _is_gone_within(running, CLOSE_WITHIN_S):
                running.kill()
        except psutil.NoSuchProcess:
            return
        except (psutil.AccessDenied, PermissionError) as error:
            raise Unavailable(ErrorKey.PROCESS_DENIED, name=process.name) from error
        if not _is_gone_within(running, _KILLED_WITHIN_S):
            raise Unavailable(ErrorKey.PROCESS_STAYS, name=process.name)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A process and what it, or rather the system, has told of itself."""

    name: Name
    user: str = ""
    cpu_s: float = 0.0
    memory_bytes: int = 0
    started_at: float = 0.0

    @property
    def identity(self) -> tuple[int, float]:
        return self.name.pid, self.started_at

    @staticmethod
    def of(name: Name) -> _Asked:
        try:
            running = psutil.Process(name.pid)
        except (psutil.Error, OSError):  # it has ended, or belongs to the system alone
            return _Asked(name)
        with running.oneshot():
            return _Asked(
                name,
                user=_told(running.username, ""),
                cpu_s=_told(lambda: sum(running.cpu_times()[:2]), 0.0),
                memory_bytes=_told(lambda: int(running.memory_info().rss), 0),
                started_at=_told(running.create_time, 0.0),
            )

    def process(self, shares: dict[tuple[int, float], float]) -> Process:
        return Process(
            pid=self.name.pid,
            parent=self.name.parent,
            name=self.name.name,
            user=self.user,
            cpu_share=shares[self.identity],
            memory_bytes=self.memory_bytes,
            started_at=self.started_at,
        )


def _told(ask: Callable[[], T], unknown: T) -> T:
    try:
        return ask()
    except (psutil.Error, OSError, KeyError):
        return unknown


def _is_same(running: psutil.Process, process: Process) -> bool:
    return abs(_told(running.create_time, 0.0) - process.started_at) <= _SAME_START_S


def _is_gone_within(running: psutil.Process, seconds: float) -> bool:
    """Wait for the end of somebody else's child: the system tells no one but its parent."""
    until = time.monotonic() + seconds
    while not _is_gone(running):
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _is_gone(running: psutil.Process) -> bool:
    """Tell whether it has ended; a zombie has, only its parent has not looked yet."""
    try:
        return not running.is_running() or running.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, OSError):  # it is there, but does not let itself be asked
        return False


def psutil_names() -> list[Name]:
    """Return all processes but for the kernel's own threads."""
    names = [
        Name(process.pid, process.info["ppid"] or 0, process.info["name"] or "")
        for process in psutil.process_iter(["ppid", "name"])
    ]
    if sys.platform == "linux":
        kernel = {name.pid for name in names if name.pid == 2 and name.name == _KERNEL_THREADS}
        names = [name for name in names if name.pid not in kernel and name.parent not in kernel]
    return names


def open_processes() -> PsutilProcesses:
    """Return this machine's."""
    return PsutilProcesses(psutil_names, psutil.Process.terminate)
