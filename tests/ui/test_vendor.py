"""The libraries of others in ui/web/vendor: what the README says is what is there."""

from __future__ import annotations

import hashlib
import re

from tests.support.fake_program import WEB_ROOT

VENDOR = WEB_ROOT / "vendor"
README = (VENDOR / "README.md").read_text(encoding="utf-8")


def ours() -> set[str]:
    line = next(line for line in README.splitlines() if line.startswith("Ours"))
    return set(re.findall(r"`([^`]+)`", line))


def test_every_vendored_file_has_the_hash_in_the_readme() -> None:
    listed = {file: hash_ for hash_, file in re.findall(r"\| ([0-9a-f]{64}) \| (\S+) \|", README)}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert {file: found[file] for file in found if file not in ours()} == listed


def test_every_package_comes_with_its_licence() -> None:
    folders = re.findall(r"^\| (\w+) \| \[", README, re.MULTILINE)
    assert set(folders) == {path.name for path in VENDOR.iterdir() if path.is_dir()}
    assert all((VENDOR / folder / "LICENSE").is_file() for folder in folders)
