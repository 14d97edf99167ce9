"""How the program starts itself again."""

from __future__ import annotations

import multiprocessing
import subprocess

from ezp2p.base.executable import command, is_built


def test_command_starts_this_very_program() -> None:
    said = subprocess.run(command("version"), capture_output=True, text=True, check=True)
    assert said.stdout.startswith("ezp2p ")
    assert not is_built()


def test_spawned_process_finds_its_way_into_the_program() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(is_built) is False
