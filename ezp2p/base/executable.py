"""The program as the system starts it: an interpreter with our sources, or one built executable.

Whoever needs another process of this very program (the demo's parts, a worker, a helper) starts
command(). `multiprocessing` with the method "spawn" works in both forms by itself: Nuitka makes
`sys.executable` the built file that runs (in a onefile the unpacked one, which need not be
unpacked again) and answers the command line that multiprocessing starts it with.
"""

from __future__ import annotations

import sys
from pathlib import Path


def is_built() -> bool:
    """Tell whether this is the packaged program, without an interpreter beside it."""
    return "__compiled__" in globals()


def command(*arguments: str) -> list[str]:
    """Return the command line that starts this very program with `arguments`."""
    if is_built():
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "ezp2p", *arguments]


def lasting_command(*arguments: str) -> list[str]:
    """Return the command line that starts this program tomorrow, too: for others to keep.

    A onefile program runs from a copy that may be cleared away; the file a person has is meant.
    """
    compiled = globals().get("__compiled__")  # what Nuitka tells a built module
    original = compiled.original_argv0 if compiled else None  # None but in a onefile
    kept = onefile(Path(compiled.containing_dir), original) if compiled and original else None
    return [str(kept), *arguments] if kept else command(*arguments)


def onefile(folder: Path, started_as: str) -> Path | None:
    """Return the file in `folder` that was started by this name; None if there is none.

    On Windows a program may be started without its extension.
    """
    name = started_as.replace("\\", "/").rpartition("/")[2]
    candidates = (folder / name, folder / f"{name}.exe")
    return next((file for file in candidates if name and file.is_file()), None)
