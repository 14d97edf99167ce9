"""Starting at log-on on Windows: values under RunOnce, which Windows deletes and then runs.

https://learn.microsoft.com/windows/win32/setupapi/run-and-runonce-registry-keys: a `*` before a
value's name has it run in safe mode, too; a line has at most 260 characters.
"""

from __future__ import annotations

import sys
import winreg
from collections.abc import Sequence

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import win32
from ezp2p.desktop.autostart import Entry, require_fit
from ezp2p.desktop.windows_command import command_of, line_of
from ezp2p.wire.keys import ErrorKey

assert sys.platform == "win32"  # elsewhere there is no such module, and no types to check

_KEY = r"Software\Microsoft\Windows\CurrentVersion\RunOnce"
_PREFIX = "*ezp2p-"
_LINE_CHARACTERS = 260


class RunOnce:
    """The values of this person that are ours."""

    def add(self, name: str, command: Sequence[str]) -> None:
        """See Autostart."""
        require_fit(name, command)
        line = line_of(command)
        if len(line) > _LINE_CHARACTERS:
            why = f"Windows takes {_LINE_CHARACTERS} characters, not {len(line)}"
            raise Unavailable(ErrorKey.AUTOSTART_UNAVAILABLE, why=why)
        with win32.unavailable_if_refused(ErrorKey.AUTOSTART_UNAVAILABLE), _opened() as key:
            winreg.SetValueEx(key, _PREFIX + name, 0, winreg.REG_SZ, line)

    def entries(self) -> list[Entry]:
        """See Autostart."""
        found: list[Entry] = []
        with win32.unavailable_if_refused(ErrorKey.AUTOSTART_UNAVAILABLE), _opened() as key:
            for i in range(winreg.QueryInfoKey(key)[1]):
                name, value, kind = winreg.EnumValue(key, i)
                if name.startswith(_PREFIX) and kind == winreg.REG_SZ:
                    found.append(Entry(name.removeprefix(_PREFIX), command_of(value)))
        return sorted(found, key=lambda entry: entry.name)

    def remove(self, name: str) -> None:
        """See Autostart."""
        with win32.unavailable_if_refused(ErrorKey.AUTOSTART_UNAVAILABLE), _opened() as key:
            try:
                winreg.DeleteValue(key, _PREFIX + name)
            except FileNotFoundError:
                return


def _opened() -> winreg.HKEYType:
    access = winreg.KEY_READ | winreg.KEY_SET_VALUE
    return winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, _KEY, 0, access)


def open_autostart() -> RunOnce:
    """Return that of this person."""
    return RunOnce()
