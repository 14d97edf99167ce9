"""Where the program's own files lie, from source and in a built package alike."""

from __future__ import annotations

from pathlib import Path

import platformdirs

import ezp2p

_PACKAGE = Path(ezp2p.__file__).resolve().parent

PROGRAM = _PACKAGE.parent  # of a built program: all its files
WEB = _PACKAGE / "ui" / "web"
LOCALE = _PACKAGE / "ui" / "locale"
ICON = WEB / "icon.svg"


def server_data() -> Path:
    """Return the folder of a rendezvous that was not told another."""
    return platformdirs.user_data_path("ezp2p", appauthor=False) / "server"
