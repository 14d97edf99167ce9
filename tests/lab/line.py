"""Two machines at the ends of a long line: namespaces with an emulator between them.

near 10.79.1.1 ------------ emulator ------------ far 10.79.1.2
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEAR, FAR = "10.79.1.1", "10.79.1.2"
_DEVICE = "line"


@dataclass(frozen=True, slots=True)
class Weather:
    """What a line is like; delay and loss are of each way."""

    delay_ms: float
    loss_percent: float
    rate_mbit: float
    queue_ms: float

    @property
    def round_trip_s(self) -> float:
        """There and back when nothing waits."""
        return 2 * self.delay_ms / 1e3

    @property
    def rate(self) -> float:
        """Bytes per second."""
        return self.rate_mbit * 1e6 / 8


@dataclass(frozen=True, slots=True)
class Line:
    """Names of the two namespaces."""

    near: str
    far: str

    def inside(self, namespace: str) -> list[str]:
        """Return the words before a command that shall run there."""
        return ["ip", "netns", "exec", namespace]


@contextlib.contextmanager
def long_line(weather: Weather, seed: int = 1) -> Iterator[Line]:
    """Make the line, and take it away at the end. Needs root (see tests/support/network.py)."""
    line = Line(f"ezl{os.getpid()}n", f"ezl{os.getpid()}f")
    with contextlib.ExitStack() as stack:
        for name in (line.near, line.far):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "delete", name)
            _ip("-n", name, "link", "set", "lo", "up")
        stack.enter_context(_emulator(line, weather, seed))
        for name, address in ((line.near, NEAR), (line.far, FAR)):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", _DEVICE)
            _ip("-n", name, "link", "set", _DEVICE, "up")
        yield line


@contextlib.contextmanager
def _emulator(line: Line, weather: Weather, seed: int) -> Iterator[None]:
    options = {
        "--delay-ms": weather.delay_ms,
        "--loss-percent": weather.loss_percent,
        "--rate-mbit": weather.rate_mbit,
        "--queue-ms": weather.queue_ms,
        "--seed": seed,
    }
    words = [f"{name}={value}" for name, value in options.items()]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.lab.emulator", line.near, _DEVICE, line.far, _DEVICE, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "up\n":
                raise RuntimeError("the emulator did not come up")
            yield
        finally:
            process.terminate()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)
