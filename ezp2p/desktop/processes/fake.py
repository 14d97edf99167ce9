"""Processes that do not run: for tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.processes import Process
from ezp2p.wire.keys import ErrorKey


@dataclass
class FakeProcesses:
    """Lists what it is given, and remembers what it ended."""

    running: list[Process] = field(default_factory=list)
    protected: set[int] = field(default_factory=set)  # pids that may not be ended
    ended: list[Process] = field(default_factory=list)

    def snapshot(self) -> list[Process]:
        """Return those that still run, by pid."""
        return sorted(self.running, key=lambda process: process.pid)

    def end(self, process: Process) -> None:
        """Let it run no more; raises Unavailable(process.denied) for a protected one."""
        if process.pid in self.protected:
            raise Unavailable(ErrorKey.PROCESS_DENIED, name=process.name)
        if process in self.running:
            self.running.remove(process)
            self.ended.append(process)
