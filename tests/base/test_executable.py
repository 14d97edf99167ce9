"""How the program starts itself again."""

from __future__ import annotations

import multiprocessing
import subprocess
from pathlib import Path

import pytest

from ezp2p.base.executable import command, is_built, lasting_command, onefile


def test_command_starts_this_very_program() -> None:
    said = subprocess.run(command("version"), capture_output=True, text=True, check=True)
    assert said.stdout.startswith("ezp2p ")
    assert not is_built()


def test_spawned_process_finds_its_way_into_the_program() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(is_built) is False


def test_what_is_kept_for_tomorrow_starts_the_same_program() -> None:
    assert lasting_command("version") == command("version")


@pytest.mark.parametrize(
    ("started_as", "file"),
    [
        ("./ezp2p", "ezp2p"),
        ("ezp2p", "ezp2p"),
        ("/home/kim/바탕 화면/ezp2p", "ezp2p"),
        ("..\\Downloads\\ezp2p-setup.exe", "ezp2p-setup.exe"),
        ("other", None),
        ("ezp2p-setup", "ezp2p-setup.exe"),
        ("", None),
        ("/", None),
    ],
)
def test_a_onefile_program_is_found_by_the_name_it_was_started_by(
    tmp_path: Path, started_as: str, file: str | None
) -> None:
    for name in ("ezp2p", "ezp2p-setup.exe"):
        (tmp_path / name).touch()
    assert onefile(tmp_path, started_as) == (tmp_path / file if file else None)
