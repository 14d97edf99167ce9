"""Where this person's data lies on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "EZP2P_HOME"


def data_folder() -> Path:
    """Return the folder, which need not exist yet; EZP2P_HOME names another one.

    ~/.local/share/ezp2p, %LOCALAPPDATA%\\ezp2p or ~/Library/Application Support/ezp2p; with
    EZP2P_HOME the program can be carried around on a stick.
    """
    elsewhere = os.environ.get(HOME_VARIABLE)
    if elsewhere:
        return Path(elsewhere).expanduser().absolute()
    return platformdirs.user_data_path("ezp2p", appauthor=False)
