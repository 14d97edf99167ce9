"""Processes of Windows: seen by a snapshot, closed by their windows, ended if need be."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.processes import Process, open_processes
from tests.windows.notepad import notepad

WAITS = "print('up', flush=True); input()"


def listed(pid: int) -> Process:
    (found,) = [process for process in open_processes().snapshot() if process.pid == pid]
    return found


def test_a_program_is_listed_with_its_name_and_parent() -> None:
    with notepad():
        ours = [p for p in open_processes().snapshot() if p.parent == os.getpid()]
        assert "notepad.exe" in [process.name.lower() for process in ours]
        assert all(0.0 <= process.cpu_share <= 1.0 for process in ours)


def test_everybody_is_listed_once() -> None:
    pids = [process.pid for process in open_processes().snapshot()]
    assert pids == sorted(set(pids))
    assert os.getpid() in pids
    assert 0 not in pids


def test_a_program_with_a_window_is_closed_as_a_person_would() -> None:
    processes = open_processes()
    with notepad():
        (seen,) = [p for p in processes.snapshot() if p.name.lower() == "notepad.exe"]
        processes.end(seen)
        assert seen.pid not in [process.pid for process in processes.snapshot()]


def test_a_program_without_a_window_is_ended() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "up"
        seen = listed(process.pid)
        open_processes().end(seen)
        assert process.wait(20) != 0
        open_processes().end(seen)
    finally:
        process.kill()
        process.communicate()


def test_ourselves_are_not_ended() -> None:
    with pytest.raises(Unavailable):
        open_processes().end(listed(os.getpid()))
