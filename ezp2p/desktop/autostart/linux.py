"""Starting at log-on on a Linux desktop: entries in ~/.config/autostart.

Format: freedesktop's Desktop Application Autostart Specification 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence

from ezp2p.desktop import desktopentry
from ezp2p.desktop.autostart.files import FileAutostart


class DesktopEntries:
    """See Format."""

    prefix = "ezp2p-once-"
    suffix = ".desktop"

    def file(self, label: str, command: Sequence[str]) -> str:
        """See Format."""
        return desktopentry.entry(
            {
                "Type": "Application",
                "Name": "ezp2p",
                "Exec": desktopentry.exec_line(command),
                "Terminal": "false",
                "NoDisplay": "true",
            }
        )

    def command(self, content: str) -> Sequence[str]:
        """See Format."""
        return desktopentry.command_of(desktopentry.keys_of(content).get("Exec", ""))


def open_autostart() -> FileAutostart:
    """Return that of this person."""
    return FileAutostart(desktopentry.config_home() / "autostart", DesktopEntries())
