"""Which build of the program this is: its version, the day it was made, the commit it is of.

A package carries a small file that build/package.py wrote; a checkout asks git; what came from
neither has a version only.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import ezp2p

WRITTEN = "edition.json"  # in the package's folder: {"day": "2026-11-25", "commit": "1503c2b"}
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Edition:
    """What tells two builds apart; `day` (of the build or the commit) and `commit` may be ""."""

    version: str
    day: str = ""
    commit: str = ""

    def __str__(self) -> str:
        details = ", ".join(detail for detail in (self.day, self.commit) if detail)
        return f"{self.version} ({details})" if details else self.version


def edition(package: Path | None = None) -> Edition:
    """Return what is known about the program whose package lies there; ours otherwise."""
    package = package or Path(ezp2p.__file__).parent
    day, commit = _written(package / WRITTEN) or _of_checkout(package.parent)
    return Edition(ezp2p.__version__, day, commit)


def _written(path: Path) -> tuple[str, str] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return str(document["day"]), str(document["commit"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _of_checkout(root: Path) -> tuple[str, str]:
    """Ask git for day and commit, of a checkout of ours and not of what may lie around it."""
    if not (root / ".git").exists():
        return "", ""
    try:
        said = subprocess.run(
            ["git", "-C", str(root), "log", "-1", "--format=%cs %h"],
            capture_output=True,
            check=True,
            encoding="utf-8",
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return "", ""
    day, _, commit = said.stdout.strip().partition(" ")
    return day, commit
