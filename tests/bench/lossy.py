"""How the link fares on a long line, in bad weather and beside others, against the kernel's TCP.

    alone      ours, TCP cubic and TCP BBR, one after the other over the same line
    beside     two flows at once; the second begins some seconds later

The line is tests/lab: two network namespaces and an emulator, so this needs root and Linux. Ours
types beside its bulk, and what a key stroke takes is measured, too.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.report import NotMeasured, Result, check
from tests.lab.line import FAR, NEAR, Line, Weather, long_line
from tests.support.network import can_make_networks

ENDS = Path(__file__).with_name("lossy_ends.py")
ROUNDS = 2
OURS, CUBIC, BBR = "ours", "cubic", "bbr"
# TARGETS.md, Link [2]
BAD = Weather(delay_ms=25, loss_percent=1, rate_mbit=100, queue_ms=50)
WORSE = Weather(delay_ms=25, loss_percent=3, rate_mbit=20, queue_ms=50)
CALM = Weather(delay_ms=25, loss_percent=0, rate_mbit=20, queue_ms=50)
TIMES_CUBIC = 8.0
TIMES_BBR = 0.6
FAIR_OURS = 0.35
FAIR_CUBIC = 0.25
# Seconds: a flow alone, and from when on it counts; both together, and the second's delay.
ALONE_S, ALONE_FROM_S = 12.0, 3.0
BESIDE_S, SECOND_AFTER_S, BESIDE_FROM_S = 26.0, 3.0, 10.0


@dataclass
class Flow:
    """One that ran, and what it took."""

    kind: str
    began_at: float
    taken: list[tuple[float, int]] = field(default_factory=list)
    echo_ms: list[float] = field(default_factory=list)

    def mb_per_s(self, since: float, until: float) -> float:
        """Megabytes a second between two times of the system's clock."""
        inside = [(at, taken) for at, taken in self.taken if since <= at <= until]
        if len(inside) < 2:
            return 0.0
        return (inside[-1][1] - inside[0][1]) / (until - since) / 1e6


def run() -> Result:
    """Measure; return the figures and the lines of the table."""
    if not can_make_networks():
        raise NotMeasured("it makes network namespaces: run it as root on Linux")
    control = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
    missing = {CUBIC, BBR} - set(control.read_text().split())
    if missing:
        raise NotMeasured(f"this kernel has no TCP {', '.join(sorted(missing))}")
    bad, worse = _alone(BAD), _alone(WORSE)
    pairs = {f"{one} + {two}": _beside(one, two) for one, two in _pairs()}
    cubic = [share for pair, shares in pairs.items() if CUBIC in pair for share in shares]
    return {
        "figures": {
            "50 ms, 1 %, 100 Mbit/s, MB/s": bad,
            "50 ms, 3 %, 20 Mbit/s, MB/s": worse,
            "shares of 20 Mbit/s": {
                pair: " / ".join(f"{share:.2f}" for share in shares)
                for pair, shares in pairs.items()
            },
        },
        "checks": {
            "50 ms, 1 % loss: ours / TCP cubic": check(bad[OURS] / bad[CUBIC], ">=", TIMES_CUBIC),
            "50 ms, 1 % loss: ours / TCP BBR": check(bad[OURS] / bad[BBR], ">=", TIMES_BBR),
            "two of ours: the smaller share": check(min(pairs["ours + ours"]), ">=", FAIR_OURS),
            "beside TCP cubic: the smaller share": check(min(cubic), ">=", FAIR_CUBIC),
        },
    }


def _pairs() -> Iterator[tuple[str, str]]:
    yield OURS, OURS
    for theirs in (CUBIC, BBR):
        yield OURS, theirs
        yield theirs, OURS


def _alone(weather: Weather) -> dict[str, float]:
    """Return each kind's median rate; rounds alternate, so that a busy machine is so for all."""
    rates: dict[str, list[float]] = {OURS: [], CUBIC: [], BBR: []}
    echo_ms: list[float] = []
    for _ in range(ROUNDS):
        for kind, measured in rates.items():
            with long_line(weather) as line:
                (flow,) = _run(line, [(kind, 0.0, ALONE_S)])
            began = flow.began_at
            measured.append(flow.mb_per_s(began + ALONE_FROM_S, began + ALONE_S))
            echo_ms += flow.echo_ms
    figures = {kind: round(statistics.median(measured), 2) for kind, measured in rates.items()}
    figures["a key stroke beside it, p50 ms"] = round(statistics.median(echo_ms), 1)
    figures["p95 ms"] = round(statistics.quantiles(echo_ms, n=20)[18], 1)
    return figures


def _beside(first: str, second: str) -> tuple[float, float]:
    """Return both flows' shares of what passes while both run."""
    with long_line(CALM) as line:
        one, other = _run(
            line,
            [(first, 0.0, BESIDE_S), (second, SECOND_AFTER_S, BESIDE_S - SECOND_AFTER_S)],
        )
    since, until = one.began_at + BESIDE_FROM_S, one.began_at + BESIDE_S
    rates = one.mb_per_s(since, until), other.mb_per_s(since, until)
    return rates[0] / sum(rates), rates[1] / sum(rates)


def _run(line: Line, plan: list[tuple[str, float, float]]) -> list[Flow]:
    """Let flows run together: each of a kind, begun after so long, for so long."""
    with ExitStack() as stack:
        receivers = [
            stack.enter_context(
                _end(line.inside(line.far), _receiver(kind), FAR),
            )
            for kind, _after, _seconds in plan
        ]
        wheres = [_line_of(receiver) for receiver in receivers]
        senders = []
        flows = []
        started = time.monotonic()
        for (kind, after, seconds), where in zip(plan, wheres, strict=True):
            time.sleep(max(0.0, started + after - time.monotonic()))
            words = (
                ["our-sender", NEAR, str(seconds), where, FAR]
                if kind == OURS
                else ["tcp-sender", FAR, where, kind, str(seconds)]
            )
            flows.append(Flow(kind, time.monotonic()))
            senders.append(stack.enter_context(_end(line.inside(line.near), *words)))
        for flow, sender, receiver in zip(flows, senders, receivers, strict=True):
            said, _ = sender.communicate(timeout=120)
            if flow.kind == OURS:
                flow.echo_ms = json.loads(said)["echo_ms"]
            told, _ = receiver.communicate(timeout=60)
            flow.taken = [(at, taken) for at, taken in json.loads(told)["taken"]]
    return flows


def _receiver(kind: str) -> str:
    return "our-receiver" if kind == OURS else "tcp-receiver"


@contextmanager
def _end(inside: list[str], *words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*inside, sys.executable, str(ENDS), *words], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


if __name__ == "__main__":
    result: dict[str, Any] = run()
    print(json.dumps(result, indent=1, ensure_ascii=False))
