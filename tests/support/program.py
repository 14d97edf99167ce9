"""Our own program as whoever installed it starts it: its command line, its events, its exit code.

    with program("serve", "--port", "0", home=folder) as server:
        url = server.wait_for("listening")["url"]

Each has a home folder of its own, so that nothing of this machine's person gets in or is changed.
It is ended by its own process id, whatever the test does.

`make package` lets the same tests start the program it has built, as a user who owns nothing of
this checkout (EZP2P_TEST_PROGRAM, EZP2P_TEST_USER=NAME:GROUP).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Event = dict[str, Any]

PATIENCE_S = 40.0  # for a machine that does much else
END_S = 15.0
_BUILT = os.environ.get("EZP2P_TEST_PROGRAM")
_USER, _, _GROUP = os.environ.get("EZP2P_TEST_USER", "").partition(":")
_AS_USER = ("setpriv", f"--reuid={_USER}", f"--regid={_GROUP}", "--clear-groups") if _USER else ()
OURS = (*_AS_USER, _BUILT) if _BUILT else (sys.executable, "-m", "ezp2p")
# Of this process' environment, what a program needs to run at all; a built one needs nothing but
# the system's own programs.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")
_PLAIN = {"PATH": "/usr/bin:/bin"}


def clean_environ(home: Path, language: str = "en") -> dict[str, str]:
    """Return the environment of somebody who has just got this computer."""
    home.mkdir(parents=True, exist_ok=True)
    runtime = home / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return (_PLAIN if _BUILT else kept) | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_DIRS": str(home / "etc"),
        "LANG": f"{language}_{'KR' if language == 'ko' else 'US'}.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }


def hand_over(home: Path, environ: dict[str, str]) -> dict[str, str]:
    """Let the program's user have his home, the folder around it, and the key to his display.

    Returns `environ` with what has another place for him.
    """
    home.mkdir(parents=True, exist_ok=True)
    if not _USER:
        return environ
    for folder in home.parents:
        if folder.owner() != _USER and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)  # he may pass
    own = [home.parent, home, *home.rglob("*")]
    if "XAUTHORITY" in environ:
        key = home / "Xauthority"
        shutil.copyfile(environ["XAUTHORITY"], key)
        own.append(key)
        environ = environ | {"XAUTHORITY": str(key)}
    for path in own:
        shutil.chown(path, _USER, _GROUP)
    return environ


class Program:
    """A running program. Events are taken one by one: each `wait_for` takes the one it returns."""

    def __init__(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        before: Sequence[str] = (),
        command: Sequence[str] = OURS,
    ) -> None:
        """`before` are words before the command, such as those that lead to another network."""
        self.arguments = list(arguments)
        self.process = subprocess.Popen(
            [*before, *command, *arguments],
            env=dict(environ),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.lines: list[str] = []  # of stdout that are no events
        self.events: list[Event] = []  # all of them, as they came
        self._left: list[Event] = []
        self._complaints: list[str] = []
        self._is_over = False
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_complaints, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def stderr(self) -> str:
        """What it has written there until now."""
        return "".join(self._complaints)

    def wait_for(self, kind: str, /, *, timeout_s: float = PATIENCE_S, **fields: object) -> Event:
        """Take and return the first event of this kind with these fields that is not yet taken."""
        deadline = time.monotonic() + timeout_s
        with self._news:
            while True:
                for event in self._left:
                    if event["event"] == kind and fields.items() <= event.items():
                        self._left.remove(event)
                        return event
                left_s = deadline - time.monotonic()
                if left_s <= 0 or self._is_over:
                    why = "ended" if self._is_over else "is late"
                    raise AssertionError(f"no {kind!r} {fields}: {why}\n{self.story()}")
                self._news.wait(left_s)

    def has_said(self, kind: str, /, **fields: object) -> bool:
        """Tell whether such an event has come, taken or not."""
        with self._news:
            return any(e["event"] == kind and fields.items() <= e.items() for e in self.events)

    def exit_code(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait until it has ended by itself and everything it said is here."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end\n{self.story()}") from None
        for reader in self._readers:
            reader.join(END_S)
        return code

    def interrupt(self) -> None:
        """Ask it to end, as a system that shuts down."""
        self.process.send_signal(signal.SIGTERM)

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """Stop it in the middle of whatever it does, as a laptop whose lid is closed."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Let it die at once, as in a crash."""
        self.process.kill()
        self.exit_code()

    def close(self) -> None:
        """See that it is gone."""
        if self.process.poll() is None:
            self.interrupt()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_S)
        if self.process.poll() is None:
            self.process.kill()
        self.exit_code()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def story(self) -> str:
        """Return what it did, for the message of a test that failed."""
        said = "\n".join(json.dumps(event, ensure_ascii=False) for event in self.events)
        return f"$ ezp2p {' '.join(self.arguments)}\n{said}\n--- stderr\n{self.stderr[-6000:]}"

    def _read_events(self) -> None:
        for line in self.process.stdout or ():
            try:
                event = json.loads(line)
            except ValueError:
                event = None
            with self._news:
                if isinstance(event, dict) and "event" in event:
                    self.events.append(event)
                    self._left.append(event)
                else:
                    self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._is_over = True
            self._news.notify_all()

    def _read_complaints(self) -> None:
        for line in self.process.stderr or ():
            self._complaints.append(line)


@contextlib.contextmanager
def program(
    *arguments: str,
    home: Path,
    environ: Mapping[str, str] | None = None,
    language: str = "en",
    as_json: bool = True,
    before: Sequence[str] = (),
) -> Iterator[Program]:
    """Run it while the context lasts; `environ` comes on top of a clean one."""
    given = [*arguments, "--json"] if as_json else list(arguments)
    environment = clean_environ(home, language) | dict(environ or {})
    running = Program(given, hand_over(home, environment), before)
    try:
        yield running
    finally:
        running.close()


def finished(
    *arguments: str,
    home: Path,
    environ: Mapping[str, str] | None = None,
    language: str = "en",
    as_json: bool = True,
) -> tuple[int, Program]:
    """Run it until it ends by itself; return its exit code and what it said."""
    with program(
        *arguments, home=home, environ=environ, language=language, as_json=as_json
    ) as running:
        return running.exit_code(), running
