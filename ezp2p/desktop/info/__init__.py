"""What this machine is, as its program introduces it to the other one.

Nothing personal beyond the name the machine has been given: no user, address or serial number.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """A machine's own name and its operating system with version."""

    name: str
    system: str


def facts() -> MachineFacts:
    """Return this machine's: ("reception-2", "Debian GNU/Linux 12"), (..., "Windows 11 23H2")."""
    return MachineFacts(name=platform.node().partition(".")[0], system=_system())


def _system() -> str:
    if sys.platform == "win32":
        return f"Windows {platform.release()} {_windows_version()}".strip()
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}".strip()
    return _distribution() or f"{platform.system()} {platform.release()}"


def _distribution() -> str:
    """Return a Linux distribution's name and version; rolling ones have no version."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f"{release['NAME']} {release.get('VERSION_ID', '')}".strip()


def _windows_version() -> str:
    """Return what Microsoft calls the update, "23H2"; empty before Windows 10 20H2."""
    if sys.platform != "win32":
        return ""
    import winreg

    path = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            return str(winreg.QueryValueEx(key, "DisplayVersion")[0])
    except OSError:
        return ""
