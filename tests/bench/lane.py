"""How fast a file goes by the bulk lane, against scp in the same run, both over loopback.

The file lies in memory (/dev/shm where there is one), so that no disk is measured. scp gets an
sshd of its own with fresh keys; without OpenSSH's server this part says what to install.

    python -m tests.bench --only lane
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.report import NotMeasured, Result, check

ROUNDS = 5
FILE_BYTES = 1 << 30
TIMEOUT_S = 120
END = Path(__file__).with_name("lane_end.py")


def run(rounds: int = ROUNDS) -> Result:
    """Measure, alternating."""
    with tempfile.TemporaryDirectory(dir=_memory()) as name, _sshd(Path(name)) as scp:
        folder = Path(name)
        source, target = folder / "source", folder / "target"
        _fill(source)
        rates: dict[str, list[float]] = {"lane": [], "scp": []}
        for _ in range(rounds):
            rates["lane"].append(_rate(_by_lane(source, target), source, target))
            rates["scp"].append(_rate(_timed([*scp(source, target)]), source, target))
    ratio = statistics.median(
        ours / theirs for ours, theirs in zip(rates["lane"], rates["scp"], strict=True)
    )
    figures = {f"{name} MB/s": round(statistics.median(all_)) for name, all_ in rates.items()}
    return {"figures": figures, "checks": {"lane against scp": check(ratio, ">=", 1.0)}}


def _by_lane(source: Path, target: Path) -> float:
    host = subprocess.Popen(
        [sys.executable, str(END), "customer", str(target)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert host.stdout is not None
        terms = host.stdout.readline()
        caller = subprocess.run(
            [sys.executable, str(END), "counselor", str(source)],
            input=terms,
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT_S,
        )
        host.wait(TIMEOUT_S)
    finally:
        host.kill()
        host.communicate()
    return float(json.loads(caller.stdout)["seconds"])


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
    return time.perf_counter() - began


def _rate(seconds: float, source: Path, target: Path) -> float:
    """Return MB/s; a copy of another size is no copy."""
    if target.stat().st_size != source.stat().st_size:
        raise RuntimeError(f"{target.stat().st_size} bytes have arrived")
    target.unlink()
    return FILE_BYTES / 1e6 / seconds


def _fill(path: Path) -> None:
    piece = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(FILE_BYTES // len(piece)):
            file.write(piece)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


class _Scp:
    """The words of a copy by scp."""

    def __init__(self, port: int, key: Path) -> None:
        self._options = [
            *("-P", str(port), "-i", str(key), "-q", "-o", "BatchMode=yes"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
        ]

    def __call__(self, source: Path, target: Path) -> list[str]:
        return ["scp", *self._options, str(source), f"127.0.0.1:{target}"]


@contextlib.contextmanager
def _sshd(folder: Path) -> Iterator[_Scp]:
    server = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    if server is None or shutil.which("scp") is None:
        raise NotMeasured("apt-get install openssh-server openssh-client")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it separates its privileges
    for name in ("host", "client"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(made, check=True)
    port = _free_port()
    settings = {
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "client.pub",
        "ListenAddress": f"127.0.0.1:{port}",
        "PidFile": "none",
        "StrictModes": "no",
        "PermitRootLogin": "yes",
        "UsePAM": "no",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "sshd_config").write_text("".join(f"{k} {v}\n" for k, v in settings.items()))
    running = subprocess.Popen(
        [server, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.PIPE, text=True
    )
    try:
        assert running.stderr is not None
        if "Server listening" not in running.stderr.readline():
            raise NotMeasured("sshd does not start here")
        yield _Scp(port, folder / "client")
    finally:
        running.terminate()
        running.communicate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
