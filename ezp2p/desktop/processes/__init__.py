"""The running programs of this machine: who they are, what they cost, and how to end one.

Command lines are left out: passwords stand there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol

# A program gets this long to save and close by itself before it is made to.
CLOSE_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running program. Pids are used again: together with `started_at` they are not."""

    pid: int
    parent: int  # 0: none
    name: str
    user: str  # empty where the system does not tell
    cpu_share: float  # of all processors together, 0.0 to 1.0
    memory_bytes: int  # in RAM, what is shared included; 0 where the system does not tell
    started_at: float  # seconds since 1970; 0.0 where the system does not tell


class Processes(Protocol):
    """Sees all processes and ends those that we may. Calls block: not on an event loop."""

    def snapshot(self) -> list[Process]:
        """Return all processes now, by pid.

        CPU shares are those since the last snapshot; of a process that was not in it, since it
        began.
        """
        ...

    def end(self, process: Process) -> None:
        """Ask it to close, then make it end; takes CLOSE_WITHIN_S and some more at worst.

        One that has ended already is no error, even if its pid belongs to another by now.
        Raises Unavailable(process.denied) if the system does not let us, and for ourselves;
        Unavailable(process.stays) if the system cannot end it.
        """
        ...


def open_processes() -> Processes:
    """Return this machine's."""
    if sys.platform == "win32":
        from ezp2p.desktop.processes import windows as system
    else:
        from ezp2p.desktop.processes import portable as system
    return system.open_processes()
