"""Where the demo plays: the person's own display, or one in memory with a program on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

SIZE = "1280x800x24"
END_TIMEOUT_S = 3

# Reads and shows Hangul whatever the locale is.
_TERMINAL = ("xterm", "-u8", "-fa", "Monospace", "-fd", "Noto Sans Mono CJK KR", "-fs", "12")

# Text that changes ten times a second, so that there is something to see and to measure.
_CLOCK = (
    'n=0; while :; do n=$((n+1)); printf "\\r  ezp2p demo  %s  line %05d  " '
    '"$(date +%H:%M:%S)" $n; sleep 0.1; done'
)


# A display in memory is an X server's, whatever the person's own session is.
IN_MEMORY = {"WAYLAND_DISPLAY": "", "XDG_SESSION_TYPE": "x11"}


def can_view() -> bool:
    """Tell whether this person has a display where a window can open."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY"))


def can_share() -> bool:
    """Tell whether the person's own screen can be shared: not yet on Wayland."""
    wayland = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland"
    return can_view() and not wayland


@contextmanager
def display_in_memory(*, with_program: bool) -> Iterator[str]:
    """Start an Xvfb with a window manager (and a terminal to look at); give its name.

    Raises Unavailable(display.none) if Xvfb is not installed or does not start.
    """
    if shutil.which("Xvfb") is None:
        raise Unavailable(ErrorKey.DISPLAY_NONE)
    started: list[subprocess.Popen[bytes]] = []
    reader, writer = os.pipe()
    try:
        started.append(
            subprocess.Popen(
                ["Xvfb", "-displayfd", str(writer), "-screen", "0", SIZE, "-noreset"],
                pass_fds=(writer,),
                stderr=subprocess.DEVNULL,
            )
        )
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as answer:
            number = answer.readline().strip()
        if not number:
            raise Unavailable(ErrorKey.DISPLAY_NONE)
        display = f":{number}"
        started += _people_it(display, with_program=with_program)
        yield display
    finally:
        for process in reversed(started):
            _end(process)


def _people_it(display: str, *, with_program: bool) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, **IN_MEMORY, "DISPLAY": display, "LC_ALL": "C.UTF-8"}
    commands = [["openbox"], ["xsetroot", "-solid", "#3b4a5f"]]
    if with_program:
        commands.append([*_TERMINAL, "-geometry", "60x2+60+650", "-e", "sh", "-c", _CLOCK])
        commands.append([*_TERMINAL, "-geometry", "90x24+60+80"])
    for command in commands:
        if shutil.which(command[0]):
            yield subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_TIMEOUT_S)
        return
    process.kill()
    process.wait()
