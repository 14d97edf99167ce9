"""Opening links on a Linux desktop: a desktop entry, and the person's choice of it.

    ~/.local/share/applications/ezp2p.desktop         we can open x-scheme-handler/ezp2p
    ~/.local/share/icons/hicolor/scalable/apps/ezp2p.svg
    ~/.config/mimeapps.list                           and we are the one to do it

The entry stands in the menus, too: without a link it opens the program's window. On a bare window
manager xdg-open before 1.2 takes `ezp2p:` for a file, because of the digit; desktops do not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import desktopentry, textfile
from ezp2p.desktop.urlhandler import Handler, Program
from ezp2p.desktop.urlhandler.mimeapps import programs, with_default, without
from ezp2p.wire.invitation import SCHEME
from ezp2p.wire.keys import ErrorKey

KIND = f"x-scheme-handler/{SCHEME}"
ENTRY = "ezp2p.desktop"
_ICON = Path("icons/hicolor/scalable/apps/ezp2p.svg")
_INDEX = "update-desktop-database"  # makes mimeinfo.cache for programs that look only there
_INDEX_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Folders:
    """Where desktops look: the person's own folder first, then those of the system."""

    config: tuple[Path, ...]  # of mimeapps.list
    data: tuple[Path, ...]  # above `applications`
    desktops: tuple[str, ...] = ()  # which one runs now, in lower case: "gnome"

    @staticmethod
    def of(environ: Mapping[str, str]) -> Folders:
        """Return those of somebody with these variables."""
        config = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
        data = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        desktops = environ.get("XDG_CURRENT_DESKTOP", "").lower()
        return Folders(
            (desktopentry.config_home(environ), *_absolute(config)),
            (desktopentry.data_home(environ), *_absolute(data)),
            tuple(name for name in desktops.split(":") if name.isalnum()),
        )


class DesktopUrlHandler:
    """Desktop entries and mimeapps.list, in these folders."""

    def __init__(self, folders: Folders) -> None:
        """Change what lies in the first of each kind only."""
        self._folders = folders
        self._applications = folders.data[0] / "applications"
        self._choice = folders.config[0] / "mimeapps.list"

    def handler(self) -> Handler | None:
        """See UrlHandler."""
        with _unavailable_if_refused():
            for name in self._candidates():
                for folder in self._folders.data:
                    path = folder / "applications" / name
                    if path.is_file():
                        keys = desktopentry.keys_of(textfile.read(path))
                        return Handler(name, desktopentry.command_of(keys.get("Exec", "")))
        return None

    def register(self, program: Program) -> None:
        """See UrlHandler."""
        entry = desktopentry.entry(
            {
                "Type": "Application",
                "Name": "ezp2p",
                **{_localised("Comment", language): text for language, text in _of(program)},
                "Exec": desktopentry.exec_line(program.command, desktopentry.URL),
                "Icon": "ezp2p",
                "Terminal": "false",
                "Categories": "Network;RemoteAccess;",
                "MimeType": f"{KIND};",
                "StartupNotify": "true",
            }
        )
        with _unavailable_if_refused():
            textfile.write(self._applications / ENTRY, entry)
            textfile.write(self._folders.data[0] / _ICON, program.icon.decode())
            textfile.write(self._choice, with_default(textfile.read(self._choice), KIND, ENTRY))
        self._index()

    def unregister(self) -> None:
        """See UrlHandler."""
        with _unavailable_if_refused():
            (self._applications / ENTRY).unlink(missing_ok=True)
            (self._folders.data[0] / _ICON).unlink(missing_ok=True)
            before = textfile.read(self._choice)
            after = without(before, KIND, ENTRY)
            if after != before:
                textfile.write(self._choice, after)
        self._index()

    def _candidates(self) -> Iterator[str]:
        """Yield the names of desktop entries in the order in which desktops take them."""
        names = [*(f"{desktop}-mimeapps.list" for desktop in self._folders.desktops)]
        names.append("mimeapps.list")
        folders = [*self._folders.config, *(data / "applications" for data in self._folders.data)]
        for folder in folders:
            for name in names:
                yield from programs(textfile.read(folder / name), KIND)
        for data in self._folders.data:
            yield from programs(textfile.read(data / "applications" / "mimeinfo.cache"), KIND)

    def _index(self) -> None:
        """Renew the index beside our entry where this system has the means; a help, no need."""
        tool = shutil.which(_INDEX)
        if tool is None or not self._applications.is_dir():
            return
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                [tool, str(self._applications)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_INDEX_WITHIN_S,
                check=False,
            )


def _of(program: Program) -> list[tuple[str, str]]:
    """Return the comments, English first: it is the one without a language."""
    return sorted(program.comments.items(), key=lambda item: (item[0] != "en", item[0]))


def _localised(key: str, language: str) -> str:
    return key if language == "en" else f"{key}[{language}]"


def _absolute(folders: str) -> tuple[Path, ...]:
    """Read a list of folders; relative ones do not count (XDG Base Directory Specification)."""
    return tuple(Path(folder) for folder in folders.split(":") if folder.startswith("/"))


@contextlib.contextmanager
def _unavailable_if_refused() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(ErrorKey.URLHANDLER_UNAVAILABLE, why=str(error)) from error


def open_url_handler() -> DesktopUrlHandler:
    """Return that of this person."""
    return DesktopUrlHandler(Folders.of(os.environ))
