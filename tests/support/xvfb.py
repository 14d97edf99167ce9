"""An X server without a screen of its own, for one test or for a whole module.

    with xvfb(1280, 720) as display:
        subprocess.run(["xterm"], env=display.environ)

It picks a free display number by itself, is ready when the `with` block begins, is shut to
everybody without the cookie in its own authority file, and is ended by its process id.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

EXIT_S = 20.0  # a loaded machine needs a while
# Families of an authority entry: every host (what libX11 and libxcb look for in the end), and
# this host by name (all that python-xlib knows).
_WILD, _LOCAL = 0xFFFF, 256
# What tells programs of another screen than ours.
_HIDDEN = ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "DISPLAY", "XAUTHORITY")


@dataclass(frozen=True, slots=True)
class Display:
    """A running X server."""

    name: str  # ":7"
    authority: Path
    environ: dict[str, str]  # for programs that shall use it
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Let the server die at once, as in a crash."""
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def as_ours(self) -> Iterator[None]:
        """Make it this process' own screen meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            for name in _HIDDEN:
                patch.delenv(name, raising=False)
            patch.setenv("DISPLAY", self.name)
            patch.setenv("XAUTHORITY", str(self.authority))
            yield


@contextlib.contextmanager
def xvfb(width: int = 1280, height: int = 720, *, depth: int = 24) -> Iterator[Display]:
    """Run an X server with one screen of this size."""
    with tempfile.TemporaryDirectory(prefix="xvfb-") as folder:
        authority = Path(folder) / "Xauthority"
        _write_cookie(authority)
        process, number = _started(width, height, depth, authority)
        environ = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
        environ |= {"DISPLAY": f":{number}", "XAUTHORITY": str(authority)}
        try:
            yield Display(f":{number}", authority, environ, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _started(
    width: int, height: int, depth: int, authority: Path
) -> tuple[subprocess.Popen[bytes], int]:
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x{depth}"]
    command += ["-auth", str(authority), "-noreset", "-nolisten", "tcp"]
    with open(reader, "rb", buffering=0) as ready:  # noqa: PTH123 - a descriptor, no path
        try:
            process = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
        finally:
            os.close(writer)
        # One line with the number once clients may connect; nothing if it died.
        line = b""
        while not line.endswith(b"\n") and (more := ready.read(16)):
            line += more
    if not line:
        process.wait(EXIT_S)
        raise RuntimeError(f"Xvfb ended with {process.returncode}")
    return process, int(line)


def _write_cookie(path: Path) -> None:
    """Write an authority file (the format is that of libXau) with one random cookie."""
    name, cookie = b"MIT-MAGIC-COOKIE-1", secrets.token_bytes(16)
    entries = b""
    for family, address in ((_WILD, b""), (_LOCAL, socket.gethostname().encode())):
        entries += struct.pack(">H", family)
        for field in (address, b"", name, cookie):  # no display number: good for every one
            entries += struct.pack(">H", len(field)) + field
    path.write_bytes(entries)
    path.chmod(0o600)
