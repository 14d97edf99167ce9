"""What a built program does first, on a system that its builder has never seen."""

from __future__ import annotations

import os
import ssl
import threading
import time

from ezp2p.app.places import PROGRAM
from ezp2p.app.trust import find_authorities
from ezp2p.app.unpacked import clear_others, hold
from ezp2p.base.executable import is_built, is_unpacked


def settle_in() -> None:
    """Find the system's authorities, hold on to our own files; nothing to do from source."""
    if is_built():
        paths = ssl.get_default_verify_paths()
        find_authorities(os.environ, paths.cafile, paths.capath)
    if is_unpacked() and hold(PROGRAM) is not None:
        clearing = threading.Thread(
            target=clear_others, args=(PROGRAM, time.time()), name="old editions", daemon=True
        )
        clearing.start()
