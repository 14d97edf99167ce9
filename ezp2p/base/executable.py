"""The program as the system starts it: an interpreter with our sources, or one built executable.

Whoever needs another process of this very program (the demo's parts, a worker, a helper) starts
command(). `multiprocessing` with the method "spawn" works in both forms by itself: Nuitka makes
`sys.executable` the built file that runs (in a onefile the unpacked one, which need not be
unpacked again) and answers the command line that multiprocessing starts it with.
"""

from __future__ import annotations

import sys


def is_built() -> bool:
    """Tell whether this is the packaged program, without an interpreter beside it."""
    return "__compiled__" in globals()


def command(*arguments: str) -> list[str]:
    """Return the command line that starts this very program with `arguments`."""
    if is_built():
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "ezp2p", *arguments]
