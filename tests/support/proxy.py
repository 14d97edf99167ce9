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
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE_S = 20.0
LOOK_EVERY_S = 0.02

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
def http_proxy(folder: Path, login: str = "", password: str = "") -> Iterator[RunningProxy]:
    """Run tinyproxy; with a login it asks for it."""
    port = _free_port()
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 600", "LogLevel Connect"]
    if login:
        lines.append(f"BasicAuth {login} {password}")
    config = folder / "tinyproxy.conf"
    config.write_text("\n".join(lines) + "\n")
    with _running(["tinyproxy", "-d", "-c", str(config)], folder / "tinyproxy.log", port) as proxy:
        yield proxy


@contextlib.contextmanager
def socks_proxy(folder: Path, login: str = "", password: str = "") -> Iterator[RunningProxy]:
    """Run microsocks; with a login it asks for it."""
    port = _free_port()
    command = ["microsocks", "-i", "127.0.0.1", "-p", str(port)]
    if login:
        command += ["-u", login, "-P", password]
    with _running(command, folder / "microsocks.log", port) as proxy:
        yield proxy


@contextlib.contextmanager
def _running(command: list[str], file: Path, port: int) -> Iterator[RunningProxy]:
    with file.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait_for(port, process)
            yield RunningProxy(port, file)
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert process.poll() is None, "the proxy has ended"
        assert time.monotonic() < deadline, "the proxy does not listen"
        time.sleep(LOOK_EVERY_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
