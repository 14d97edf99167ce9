"""Opening links on Windows: a key of this person's classes in the registry.

    HKCU\\Software\\Classes\\ezp2p            URL Protocol
        shell\\open\\command                  "C:\\...\\ezp2p.exe" "%1"

https://learn.microsoft.com/previous-versions/windows/internet-explorer/ie-developer/
platform-apis/aa767914(v=vs.85). Windows puts the link where %1 stands, quotes and all: it may
bring words of its own, which is why the command line takes nothing behind a link.
"""

from __future__ import annotations

import contextlib
import sys
import winreg

from ezp2p.desktop import win32
from ezp2p.desktop.urlhandler import Handler, Program
from ezp2p.desktop.windows_command import command_of, line_of
from ezp2p.wire.invitation import SCHEME
from ezp2p.wire.keys import ErrorKey

assert sys.platform == "win32"  # elsewhere there is no such module, and no types to check

_CLASSES = r"Software\Classes"
_CLASS = rf"{_CLASSES}\{SCHEME}"
_COMMAND = r"shell\open\command"
# Where Windows keeps what a person has chosen in its own dialog: it goes before the class.
_CHOICE = rf"Software\Microsoft\Windows\Shell\Associations\UrlAssociations\{SCHEME}\UserChoice"
_LINK = "%1"
_ASSOCIATIONS_CHANGED = 0x08000000


class RegistryUrlHandler:
    """The classes of this person."""

    def handler(self) -> Handler | None:
        """See UrlHandler."""
        with win32.unavailable_if_refused(ErrorKey.URLHANDLER_UNAVAILABLE):
            chosen = _value(winreg.HKEY_CURRENT_USER, _CHOICE, "ProgId")
            for name in filter(None, (chosen, SCHEME)):
                line = _command_of_class(name)
                if line:
                    words = command_of(line)
                    return Handler(name, tuple(word for word in words if word != _LINK))
        return None

    def register(self, program: Program) -> None:
        """See UrlHandler; the icon is the one inside the program's file."""
        line = f'{line_of(program.command)} "{_LINK}"'
        values = {
            (_CLASS, ""): f"URL:{program.comments['en']}",
            (_CLASS, "URL Protocol"): "",
            (rf"{_CLASS}\DefaultIcon", ""): f'"{program.command[0]}",0',
            (rf"{_CLASS}\{_COMMAND}", ""): line,
        }
        with win32.unavailable_if_refused(ErrorKey.URLHANDLER_UNAVAILABLE):
            for (path, name), value in values.items():
                with winreg.CreateKey(winreg.HKEY_CURRENT_USER, path) as key:
                    winreg.SetValueEx(key, name, 0, winreg.REG_SZ, value)
        _tell_the_desktop()

    def unregister(self) -> None:
        """See UrlHandler."""
        with win32.unavailable_if_refused(ErrorKey.URLHANDLER_UNAVAILABLE):
            _delete(_CLASS)
        _tell_the_desktop()


def _command_of_class(name: str) -> str | None:
    """Return what opens things of a class: as this person, or else the machine, has it.

    HKEY_CLASSES_ROOT shows both as one on Windows; under Wine 8 it shows the machine's alone.
    """
    path = rf"{_CLASSES}\{name}\{_COMMAND}"
    return _value(winreg.HKEY_CURRENT_USER, path) or _value(winreg.HKEY_LOCAL_MACHINE, path)


def _value(root: int, path: str, name: str = "") -> str | None:
    """Return a value of the registry; None where there is none."""
    try:
        with winreg.OpenKey(root, path) as key:
            return str(winreg.QueryValueEx(key, name)[0])
    except FileNotFoundError:
        return None


def _delete(path: str) -> None:
    """Delete a key of this person with all below it, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
            below = [winreg.EnumKey(key, i) for i in range(winreg.QueryInfoKey(key)[0])]
        for name in below:
            _delete(rf"{path}\{name}")
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, path)


def _tell_the_desktop() -> None:
    win32.library("shell32").SHChangeNotify(_ASSOCIATIONS_CHANGED, 0, None, None)


def open_url_handler() -> RegistryUrlHandler:
    """Return that of this person."""
    return RegistryUrlHandler()
