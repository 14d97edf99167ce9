"""Another run of this very program, started as a part of something: its events, its end.

with started(["serve", "--port", "0"], {}, log) as server:
    url = server.wait_for("listening")["url"]
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from ezp2p.base.errors import EzError
from ezp2p.base.executable import command
from ezp2p.wire.keys import ErrorKey

STEP_TIMEOUT_S = 60.0
END_TIMEOUT_S = 10.0


class Part:
    """One started program that prints a JSON object a line."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: TextIO
    ) -> None:
        """Start it; what it says beside its events goes into `log`."""
        self.name = arguments[0]
        self.process = subprocess.Popen(
            command(*arguments, "--json"),
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
        )
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, kind: str, timeout_s: float = STEP_TIMEOUT_S) -> dict[str, Any]:
        """Return the next event of this kind; raises EzError with the part's own error."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                event = None
            if event is None:
                raise EzError(ErrorKey.INTERNAL, why=f"{self.name}: no {kind}")
            if event["event"] == "error" and kind != "error":
                fields = {name: value for name, value in event.items() if name != "key"}
                raise EzError(event["key"], **{**fields, "why": self.name})
            if event["event"] == kind:
                return event

    def end(self) -> None:
        """Ask it to stop, and see that it does."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END_TIMEOUT_S)
            return
        self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with suppress(ValueError):
                self._events.put(json.loads(line))
        self._events.put(None)


@contextmanager
def started(
    arguments: Sequence[str], environment: Mapping[str, str], log: TextIO
) -> Iterator[Part]:
    """Run it while the context lasts, with `environment` on top of ours."""
    part = Part(arguments, environment, log)
    try:
        yield part
    finally:
        part.end()
