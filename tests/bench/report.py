"""What a part of the benchmark hands back, and how all of it is shown.

A part returns {"figures": whatever it measured, "checks": {name: check(...)}}; a check is one line
of TARGETS: the value, the target beside it, and whether it was met.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Result = dict[str, Any]

_MET = {
    ">=": lambda value, target: value >= target,
    "<=": lambda value, target: value <= target,
}


class NotMeasured(Exception):
    """Something that a part needs is missing; the message says what to do."""


def check(value: float, sign: str, target: float) -> dict[str, Any]:
    """Return a line of the table; `sign` is ">=" or "<="."""
    return {
        "value": round(value, 4),
        "target": f"{sign} {target:g}",
        "met": bool(_MET[sign](value, target)),
    }


def table(results: Mapping[str, Result]) -> str:
    """Return all checks as one Markdown table."""
    lines = ["| | measured | target | |", "|---|---:|---:|---|"]
    for part, result in results.items():
        if "missing" in result:
            lines.append(f"| {part} | | | not measured: {result['missing']} |")
        for name, line in result.get("checks", {}).items():
            verdict = "ok" if line["met"] else "**miss**"
            lines.append(f"| {part}: {name} | {line['value']:.4g} | {line['target']} | {verdict} |")
    return "\n".join(lines)


def figures(results: Mapping[str, Result]) -> str:
    """Return what else was measured, a line for each figure."""
    lines = []
    for part, result in results.items():
        lines += [f"{part} {name}: {value}" for name, value in _flat(result.get("figures", {}))]
    return "\n".join(lines)


def _flat(tree: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in tree.items():
        here = f"{path} {name}".strip()
        if isinstance(value, Mapping):
            flat += _flat(value, here)
        else:
            flat.append((here, value))
    return flat
