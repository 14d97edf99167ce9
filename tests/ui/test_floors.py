"""The pages' scripts stand on floors, too: core < screen < panels < pages < main."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.fake_program import WEB_ROOT

FLOORS = ["vendor", "wire", "core", "screen", "panels", "pages", "main.js"]
ALONE = {"panels"}  # each stands for itself: none imports another
SCRIPTS = [
    path
    for path in sorted(WEB_ROOT.rglob("*.js"))
    if path.relative_to(WEB_ROOT).parts[0] != "vendor"
]
IMPORT = re.compile(r"^\s*(?:import|export)\s[^;]*?from\s+'([^']+)'", re.MULTILINE)
LINE_LIMIT = 400


def floor(path: Path) -> str:
    return path.relative_to(WEB_ROOT).parts[0]


def imports(path: Path) -> list[Path]:
    names = IMPORT.findall(path.read_text(encoding="utf-8"))
    return [(path.parent / name).resolve() for name in names]


def test_there_are_scripts_on_every_floor() -> None:
    assert {floor(path) for path in SCRIPTS} == set(FLOORS) - {"vendor"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_ROOT).as_posix())
def test_script_imports_only_what_stands_below(path: Path) -> None:
    for target in imports(path):
        assert target.is_file(), target
        ours, theirs = FLOORS.index(floor(path)), FLOORS.index(floor(target))
        assert theirs < ours or (theirs == ours and floor(path) not in ALONE), target


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_ROOT).as_posix())
def test_script_is_small_enough_to_read(path: Path) -> None:
    if floor(path) != "wire":
        assert len(path.read_text(encoding="utf-8").splitlines()) < LINE_LIMIT


def test_no_cycle_hides_on_a_floor() -> None:
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, [each.name for each in (*above, path)]
        if path in done or floor(path) == "vendor":
            return
        for target in imports(path):
            visit(target, (*above, path))
        done.add(path)

    for script in SCRIPTS:
        visit(script, ())
