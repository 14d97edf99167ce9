"""The folder that a single file has unpacked the program to, and those of other editions.

    ~/.cache/ezp2p/0.1.0-1503c2b/     we run from here, and have it locked
                   0.1.0-98f3a1f/     nobody runs from here: deleted, if it is older than a day

Each edition has a folder of its own (build/package.py says where) of some 200 MB; they would pile
up in a person's home with every update. Windows lets nobody delete what runs, nor lock a folder.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
from pathlib import Path

# Another edition may be unpacking itself at this moment, and has no lock yet.
KEPT_S = 24 * 3600

_EDITION = re.compile(r"[0-9]+(\.[0-9]+)+-([0-9a-f]{7,}|unknown)")
_log = logging.getLogger(__name__)


def hold(folder: Path) -> int | None:
    """Lock `folder` for as long as this process lives or the handle is open; return the handle.

    None means that it cannot be locked here.
    """
    return _locked(folder, alone=False)


def clear_others(folder: Path, now: float) -> None:
    """Delete the editions beside `folder` that nobody runs; `now` is the wall clock's, seconds."""
    for other in sorted(folder.parent.iterdir()):
        if other == folder or other.is_symlink() or not _EDITION.fullmatch(other.name):
            continue
        try:
            if now - other.stat().st_mtime < KEPT_S:
                continue
        except OSError:
            continue  # somebody else was faster
        handle = _locked(other, alone=True)
        if handle is not None:
            _log.info("deleting %s", other)
            shutil.rmtree(other, ignore_errors=True)
            os.close(handle)


def _locked(folder: Path, *, alone: bool) -> int | None:
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
