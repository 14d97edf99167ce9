"""Starting at log-on where that is a folder with a file for each program.

Desktops and launchd start what lies there at every log-on. So the command in a file first removes
the file, and then becomes the program itself: if only the program took its entry away, one that
cannot start any more would be tried for ever.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import textfile
from ezp2p.desktop.autostart import Entry, require_fit
from ezp2p.wire.keys import ErrorKey

_REMOVE_AND_RUN = ("/bin/sh", "-c", 'rm -f "$0"; exec "$@"')


class Format(Protocol):
    """How such a file says what to start."""

    @property
    def prefix(self) -> str:
        """How the names of our files begin."""
        ...

    @property
    def suffix(self) -> str:
        """How they end."""
        ...

    def file(self, label: str, command: Sequence[str]) -> str:
        """Return the content of a file of this name, less its suffix, that runs `command`."""
        ...

    def command(self, content: str) -> Sequence[str]:
        """Return the command in the content of a file; empty if there is none."""
        ...


class FileAutostart:
    """Files that remove themselves, in one folder."""

    def __init__(self, folder: Path, format_: Format) -> None:
        """Keep them in `folder`, which need not exist yet."""
        self._folder = folder
        self._format = format_

    def add(self, name: str, command: Sequence[str]) -> None:
        """See Autostart."""
        require_fit(name, command)
        path = self._path(name)
        words = [*_REMOVE_AND_RUN, str(path), *command]
        with _unavailable_if_refused():
            textfile.write(path, self._format.file(f"{self._format.prefix}{name}", words))

    def entries(self) -> list[Entry]:
        """See Autostart."""
        prefix, suffix = self._format.prefix, self._format.suffix
        found: list[Entry] = []
        with _unavailable_if_refused():
            for path in sorted(self._folder.glob(f"{prefix}*{suffix}")):
                words = tuple(self._format.command(textfile.read(path)))
                head = len(_REMOVE_AND_RUN)
                if words[:head] == _REMOVE_AND_RUN and len(words) > head + 1:
                    name = path.name.removeprefix(prefix).removesuffix(suffix)
                    found.append(Entry(name, words[head + 1 :]))
        return found

    def remove(self, name: str) -> None:
        """See Autostart."""
        with _unavailable_if_refused():
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._format.prefix}{name}{self._format.suffix}"


@contextlib.contextmanager
def _unavailable_if_refused() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(ErrorKey.AUTOSTART_UNAVAILABLE, why=str(error)) from error
