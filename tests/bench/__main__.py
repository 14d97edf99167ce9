"""Measure the product against its targets, in one run: one table, and JSON.

    python -m tests.bench                         everything; some minutes
    python -m tests.bench --only link,joining     parts of it

A machine that does something else meanwhile makes times worse and ratios uncertain; so every
target is a ratio or far from the edge. A miss is a line in the table, not an error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import (
    crossing,
    failover,
    hangul,
    joining,
    lane,
    link,
    lossy,
    relay,
    screen,
    yardstick,
)
from tests.bench.report import NotMeasured, Result, figures, table

JSON = Path("dist/bench.json")


def parts(options: argparse.Namespace) -> dict[str, Callable[[], Result]]:
    """Return what can be measured, in the order of its doing."""
    repeat = options.repeat
    return {
        "joining": lambda: joining.run(repeat or joining.ROUNDS),
        "link": link.run,
        "lossy": lossy.run,
        "failover": lambda: failover.run(repeat or failover.ROUNDS),
        "relay": lambda: relay.run(repeat or relay.ROUNDS),
        "lane": lambda: lane.run(repeat or lane.ROUNDS),
        "capture": screen.run,
        "crossing": crossing.run,
        "screen": lambda: yardstick.run(repeat or yardstick.REPEAT, options.seconds),
        "hangul": lambda: hangul.run(repeat or hangul.ROUNDS),
    }


def main() -> int:
    """Measure what was asked for; return 0 if all of it could be measured."""
    options = _options()
    known = parts(options)
    chosen = options.only.split(",") if options.only else list(known)
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        print(f"no part {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    results: dict[str, Result] = {}
    for name in chosen:
        print(f"measuring {name} ...", flush=True)
        try:
            results[name] = known[name]()
        except NotMeasured as error:
            results[name] = {"missing": str(error)}
        except Exception as error:
            # The border: what the other parts have measured is not lost.
            traceback.print_exc()
            results[name] = {"missing": f"it failed: {type(error).__name__}"}
    print(f"\n{figures(results)}\n\n{table(results)}")
    _write(options.json, results)
    return 1 if any("missing" in result for result in results.values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--only",
        metavar="PART,...",
        help="joining, link, lossy, failover, relay, lane, capture, crossing, screen, hangul",
    )
    parser.add_argument("--repeat", type=int, help="rounds of joining, screen, hangul")
    parser.add_argument(
        "--seconds", type=float, default=yardstick.SECONDS, help="of each phase of screen"
    )
    parser.add_argument("--json", type=Path, default=JSON, metavar="FILE")
    return parser.parse_args()


def _write(path: Path, results: dict[str, Result]) -> None:
    """Keep everything that was measured, and on what."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    whole: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "commit": commit.stdout.strip(),
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "load": [round(load, 1) for load in os.getloadavg()],
        },
        "parts": results,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{path}")


if __name__ == "__main__":
    raise SystemExit(main())
