"""Starting at log-on on macOS: agents of launchd in ~/Library/LaunchAgents (launchd.plist(5))."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from pathlib import Path
from xml.parsers.expat import ExpatError

from ezp2p.desktop.autostart.files import FileAutostart


class LaunchAgents:
    """See Format."""

    prefix = "ezp2p.once."
    suffix = ".plist"

    def file(self, label: str, command: Sequence[str]) -> str:
        """See Format."""
        agent = {
            "Label": label,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "LimitLoadToSessionType": "Aqua",  # with a screen and a person before it
        }
        return plistlib.dumps(agent).decode()

    def command(self, content: str) -> Sequence[str]:
        """See Format."""
        try:
            agent = plistlib.loads(content.encode("utf-8", "surrogateescape"))
        except (plistlib.InvalidFileException, ExpatError, ValueError):
            return []
        arguments = agent.get("ProgramArguments") if isinstance(agent, dict) else None
        return [str(argument) for argument in arguments] if isinstance(arguments, list) else []


def open_autostart() -> FileAutostart:
    """Return that of this person."""
    return FileAutostart(Path.home() / "Library" / "LaunchAgents", LaunchAgents())
