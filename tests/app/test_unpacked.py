"""Folders of unpacked editions: those that nobody runs any more are deleted, no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ezp2p.app.unpacked import KEPT_S, clear_others, hold

NOW = 2_000_000_000.0
LONG_AGO = NOW - KEPT_S - 1


def unpacked(cache: Path, name: str, when: float = LONG_AGO) -> Path:
    folder = cache / name
    (folder / "ezp2p").mkdir(parents=True)
    (folder / "ezp2p.bin").write_text("a program")
    os.utime(folder, (when, when))
    return folder


def names(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir()}


def test_old_editions_go_and_ours_stays(tmp_path: Path) -> None:
    ours = unpacked(tmp_path, "0.2.0-1503c2b")
    unpacked(tmp_path, "0.1.0-98f3a1f")
    unpacked(tmp_path, "0.1.0-unknown")
    clear_others(ours, NOW)
    assert names(tmp_path) == {"0.2.0-1503c2b"}


def test_edition_that_runs_stays_until_it_has_ended(tmp_path: Path) -> None:
    ours = unpacked(tmp_path, "0.2.0-1503c2b")
    running = hold(unpacked(tmp_path, "0.1.0-98f3a1f"))
    also_running = hold(tmp_path / "0.1.0-98f3a1f")
    assert running is not None
    assert also_running is not None
    clear_others(ours, NOW)
    os.close(running)
    clear_others(ours, NOW)
    assert names(tmp_path) == {"0.2.0-1503c2b", "0.1.0-98f3a1f"}
    os.close(also_running)
    clear_others(ours, NOW)
    assert names(tmp_path) == {"0.2.0-1503c2b"}


def test_edition_that_may_be_unpacking_stays(tmp_path: Path) -> None:
    ours = unpacked(tmp_path, "0.2.0-1503c2b")
    unpacked(tmp_path, "0.3.0-abcdef0", when=NOW - 60)
    clear_others(ours, NOW)
    assert names(tmp_path) == {"0.2.0-1503c2b", "0.3.0-abcdef0"}


@pytest.mark.parametrize("name", ["package", "wine", "0.1.0", "0.1.0-98f3a1f.bak", "sessions"])
def test_what_is_no_edition_stays(tmp_path: Path, name: str) -> None:
    ours = unpacked(tmp_path, "0.2.0-1503c2b")
    unpacked(tmp_path, name)
    clear_others(ours, NOW)
    assert names(tmp_path) == {"0.2.0-1503c2b", name}


def test_link_is_not_followed(tmp_path: Path) -> None:
    ours = unpacked(tmp_path / "cache", "0.2.0-1503c2b")
    elsewhere = unpacked(tmp_path, "0.1.0-98f3a1f")
    (tmp_path / "cache" / "0.1.0-98f3a1f").symlink_to(elsewhere)
    clear_others(ours, NOW)
    assert (elsewhere / "ezp2p.bin").exists()
