"""Which build this is: written down at the build, asked of git in a checkout, or unknown."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import ezp2p
from ezp2p.app.edition import WRITTEN, Edition, edition


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Kim", "-c", "user.email=kim@example.com")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "ezp2p"
    folder.mkdir(parents=True)
    return folder


def test_packaged_program_says_what_was_written_at_its_build(package: Path) -> None:
    (package / WRITTEN).write_text(json.dumps({"day": "2026-11-25", "commit": "1503c2b"}))
    assert str(edition(package)) == f"{ezp2p.__version__} (2026-11-25, 1503c2b)"


def test_checkout_says_its_commit(package: Path) -> None:
    git(package.parent, "init", "--quiet")
    git(package.parent, "commit", "--quiet", "--allow-empty", "-m", "first")
    commit = git(package.parent, "log", "-1", "--format=%h")
    found = edition(package)
    assert (found.commit, len(found.day)) == (commit, len("2026-11-25"))


def test_neither_gives_the_version_alone(package: Path) -> None:
    git(package.parent.parent, "init", "--quiet")  # a checkout of something else around it
    assert edition(package) == Edition(ezp2p.__version__)
    assert str(edition(package)) == ezp2p.__version__


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"day": "2026-11-25"}', "\xff"])
def test_damaged_note_counts_as_none(package: Path, damaged: str) -> None:
    (package / WRITTEN).write_text(damaged, encoding="latin-1")
    assert edition(package) == Edition(ezp2p.__version__)
