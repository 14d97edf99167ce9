"""What forwarding costs: `ezp2p relay` with tickets, budgets and limits, loaded by another process.

Counted in CPU seconds of the relay's process, so that a busy machine makes it slower, not dearer:
packets a second are those that one core would forward if it did nothing else.

    python -m tests.bench --only relay
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ezp2p.base.clock import SystemClock
from ezp2p.base.executable import command
from ezp2p.rendezvous.config import parse_relays
from ezp2p.rendezvous.folder import write_public_key
from ezp2p.rendezvous.tickets import RelayAddress, TicketOffice
from ezp2p.wire.keys import Role
from tests.bench.report import Result, check

ROUNDS = 3
SECONDS = 3.0
PAIRS = 8
KINDS = ("udp", "runs", "tube", "mixed")
LOAD = Path(__file__).with_name("relay_load.py")

# TARGETS.md, Link [2]
UDP_PACKETS_PER_S = 150_000
TUBE_CPU_S_PER_GB = 6.0


def run(rounds: int = ROUNDS) -> Result:
    """Measure each kind in turn, round after round; figures are medians."""
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="ezp2p-bench-") as name:
        folder = Path(name)
        key = Ed25519PrivateKey.generate()
        write_public_key(folder, key)
        for _ in range(rounds):
            for kind in KINDS:
                # A relay of its own each: what one kind leaves behind is not the next one's cost.
                with _relay(folder) as (process, url, address):
                    tickets = _tickets(folder, key, address)
                    found[kind].append(_load(process, kind, url, address.udp_port, tickets))
    figures = {
        kind: {what: statistics.median(each[what] for each in values) for what in values[0]}
        for kind, values in found.items()
    }
    return {
        "figures": figures,
        "checks": {
            "UDP, packets/s a core, one by one": check(
                figures["udp"]["packets_per_cpu_s"], ">=", UDP_PACKETS_PER_S
            ),
            "UDP, packets/s a core, in runs": check(
                figures["runs"]["packets_per_cpu_s"], ">=", UDP_PACKETS_PER_S
            ),
            "WebSocket, CPU s/GB": check(figures["tube"]["cpu_s_per_gb"], "<=", TUBE_CPU_S_PER_GB),
        },
    }


@contextmanager
def _relay(folder: Path) -> Iterator[tuple[psutil.Process, str, RelayAddress]]:
    process = subprocess.Popen(
        [
            *command("relay", "--host", "127.0.0.1", "--port", "0", "--json"),
            *("--rendezvous-key", str(folder / "relay.pub")),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOME": str(folder)},
    )
    try:
        assert process.stdout is not None
        listening: dict[str, Any] = json.loads(process.stdout.readline())
        (address,) = parse_relays(listening["relay"].split(","))
        yield psutil.Process(process.pid), listening["url"], address
    finally:
        process.terminate()
        process.wait()


def _tickets(folder: Path, key: Ed25519PrivateKey, address: RelayAddress) -> Path:
    office = TicketOffice(key, [address], SystemClock())
    file = folder / "tickets"
    lines = []
    for _ in range(PAIRS):
        call = os.urandom(16).hex()
        for role in Role:
            (offer,) = office.offers(call, role)
            lines.append(base64.b64encode(offer.ticket).decode())
    file.write_text("\n".join(lines))
    return file


def _load(
    process: psutil.Process, kind: str, url: str, udp_port: int, tickets: Path
) -> dict[str, float]:
    before, started = sum(process.cpu_times()[:2]), time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(LOAD), kind, url, str(udp_port), str(tickets), str(SECONDS)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    cpu_s = sum(process.cpu_times()[:2]) - before
    carried = json.loads(done.stdout)
    return {
        "packets_per_cpu_s": carried["packets"] / cpu_s,
        "cpu_s_per_gb": cpu_s / carried["bytes"] * 1e9,
        "mb_per_s": carried["bytes"] / (time.perf_counter() - started) / 1e6,
    }
