"""How fast the link is: ours against aioquic as shipped, in one run, each end a process of its own.

    throughput   one bulk stream over loopback: MB/s, and CPU seconds per GB of both ends together
    echo idle    a small message there and back in a quiet link
    echo bulk    the same while bulk fills the link

Each end prints one JSON line; the counselor's end measures. Rounds alternate between the two, so
that a noisy machine is noisy for both; the table shows medians, and ratios within the run.

    python -m tests.bench.link
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROUNDS = 3
BULK_BYTES = 60_000_000
ENDS = Path(__file__).with_name("link_ends.py")

# TARGETS.md, Link [1]
THROUGHPUT_RATIO = 3.0
CPU_S_PER_GB = 40.0
ECHO_IDLE_MS = 2.0
ECHO_BULK_MS = 10.0


def run() -> dict[str, Any]:
    """Measure; return the figures, the targets and whether they were met."""
    rounds: dict[str, list[dict[str, Any]]] = {"shipped": [], "ours": []}
    for _ in range(ROUNDS):
        for engine, results in rounds.items():
            results.append(_measure(engine))
    figures = {engine: _medians(results) for engine, results in rounds.items()}
    ratios = [
        ours["mb_per_s"] / shipped["mb_per_s"]
        for ours, shipped in zip(rounds["ours"], rounds["shipped"], strict=True)
    ]
    ours = figures["ours"]
    base_ms = ours["round_trip_ms"]
    checks = {
        "throughput ratio": (statistics.median(ratios), ">=", THROUGHPUT_RATIO),
        "CPU s/GB, both ends": (ours["cpu_s_per_gb"], "<=", CPU_S_PER_GB),
        "echo idle p50 - RTT, ms": (ours["echo_idle_p50_ms"] - base_ms, "<=", ECHO_IDLE_MS),
        "echo bulk p99 - RTT, ms": (ours["echo_bulk_p99_ms"] - base_ms, "<=", ECHO_BULK_MS),
    }
    return {
        "figures": figures,
        "checks": {
            name: {
                "value": round(value, 2),
                "target": f"{sign} {target:g}",
                "met": value >= target if sign == ">=" else value <= target,
            }
            for name, (value, sign, target) in checks.items()
        },
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures and the checks as tables."""
    figures = result["figures"]
    print(f"{'link, loopback, medians of ' + str(ROUNDS):44}{'aioquic':>10}{'ours':>10}")
    for name in figures["ours"]:
        print(f"{name:44}{figures['shipped'][name]:>10}{figures['ours'][name]:>10}")
    for name, check in result["checks"].items():
        verdict = "met" if check["met"] else "MISSED"
        print(f"{name:44}{check['value']:>10}{check['target']:>10}  {verdict}")


def _measure(engine: str) -> dict[str, Any]:
    """Run both ends once; the customer says its address on one line, then obeys its input."""
    customer = _start(engine, "customer")
    try:
        assert customer.stdout is not None
        where = customer.stdout.readline()
        counselor = _start(engine, "counselor", where.strip(), str(BULK_BYTES))
        out, _ = counselor.communicate(timeout=120)
        result: dict[str, Any] = json.loads(out.splitlines()[-1])
        customer_out, _ = customer.communicate(timeout=30)
        cpu_s = result.pop("cpu_s") + json.loads(customer_out.splitlines()[-1])["cpu_s"]
    finally:
        customer.kill()
        customer.wait()
    result["cpu_s_per_gb"] = cpu_s / BULK_BYTES * 1e9
    return result


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ENDS), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"BENCH_BULK_BYTES": str(BULK_BYTES)},
    )


def _medians(results: list[dict[str, Any]]) -> dict[str, float]:
    return {
        name: round(statistics.median(result[name] for result in results), 2) for name in results[0]
    }


if __name__ == "__main__":
    show(run())
