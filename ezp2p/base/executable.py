"""The program as the system starts it: an interpreter with our sources, or one built executable.

Whoever needs another process of this very program (the demo's parts, a worker, a helper) starts
command(). `multiprocessing` with the method "spawn" works in both forms by itself: Nuitka answers
the command line that multiprocessing starts it with.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def is_built() -> bool:
    """Tell whether this is the packaged program, without an interpreter beside it."""
    return _built() is not None


def is_unpacked() -> bool:
    """Tell whether a single file has unpacked this program to where it runs from."""
    built = _built()
    return built is not None and bool(built.onefile)


def command(*arguments: str) -> list[str]:
    """Return the command line that starts this very program with `arguments`.

    What a single file has unpacked is started itself, and need not be unpacked again.
    """
    built = _built()
    if built is not None:
        # Nuitka's `sys.executable` is the name of a Python that is not there.
        return [str(built.process_exe), *arguments]
    return [sys.executable, "-m", "ezp2p", *arguments]


def lasting_command(*arguments: str) -> list[str]:
    """Return the command line that starts this program tomorrow, too: for others to keep.

    A onefile program runs from a copy that may be cleared away; the file a person has is meant.
    """
    built = _built()
    original = built.original_argv0 if built else None  # None but in a onefile
    kept = onefile(Path(built.containing_dir), original) if original else None
    return [str(kept), *arguments] if kept else command(*arguments)


def onefile(folder: Path, started_as: str) -> Path | None:
    """Return the file in `folder` that was started by this name; None if there is none.

    On Windows a program may be started without its extension.
    """
    name = started_as.replace("\\", "/").rpartition("/")[2]
    candidates = (folder / name, folder / f"{name}.exe")
    return next((file for file in candidates if name and file.is_file()), None)


def _built() -> Any:
    """Return what Nuitka tells a built module; None from source."""
    return globals().get("__compiled__")
