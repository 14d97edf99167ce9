"""Real proxies, as a company's network has them: tinyproxy for HTTP, microsocks for SOCKS5.

with http_proxy(folder, login="kim", password="secret") as proxy:
    ... through f"http://kim:secret@127.0.0.1:{proxy.port}" ...
assert "CONNECT 127.0.0.1:3000" in proxy.log
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE_S = 20.0
LOOK_EVERY_S = 0.02

_PROBE = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])))"

needs_proxies = pytest.mark.skipif(
    not (shutil.which("tinyproxy") and shutil.which("microsocks")),
    reason="tinyproxy or microsocks is missing",
)


@dataclass
class RunningProxy:
    """Where it listens on this machine, and what it has written down."""

    port: int
    _file: Path

    @property
    def log(self) -> str:
        """All it has logged until now."""
        return self._file.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def http_proxy(
    folder: Path,
    login: str = "",
    password: str = "",
    host: str = "127.0.0.1",
    before: Sequence[str] = (),
) -> Iterator[RunningProxy]:
    """Run tinyproxy; with a login it asks for it. `before`: words that start it elsewhere."""
    port = _free_port()
    lines = [f"Port {port}", f"Listen {host}", "Timeout 600", "LogLevel Connect"]
    if login:
        lines.append(f"BasicAuth {login} {password}")
    config = folder / "tinyproxy.conf"
    config.write_text("\n".join(lines) + "\n")
    command = [*before, "tinyproxy", "-d", "-c", str(config)]
    probe = [*before, sys.executable, "-c", _PROBE, host, str(port)]
    with _running(command, folder / "tinyproxy.log", port, probe) as proxy:
        yield proxy


@contextlib.contextmanager
def socks_proxy(folder: Path, login: str = "", password: str = "") -> Iterator[RunningProxy]:
    """Run microsocks; with a login it asks for it."""
    port = _free_port()
    command = ["microsocks", "-i", "127.0.0.1", "-p", str(port)]
    if login:
        command += ["-u", login, "-P", password]
    probe = [sys.executable, "-c", _PROBE, "127.0.0.1", str(port)]
    with _running(command, folder / "microsocks.log", port, probe) as proxy:
        yield proxy


@contextlib.contextmanager
def _running(command: list[str], file: Path, port: int, probe: list[str]) -> Iterator[RunningProxy]:
    with file.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait_until_it_listens(probe, process)
            yield RunningProxy(port, file)
        finally:
            process.terminate()
            process.wait()


def _wait_until_it_listens(probe: list[str], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while subprocess.run(probe, capture_output=True, check=False).returncode:
        assert process.poll() is None, "the proxy has ended"
        assert time.monotonic() < deadline, "the proxy does not listen"
        time.sleep(LOOK_EVERY_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
