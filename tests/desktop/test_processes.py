"""Other programs: seen, measured and ended, all of them real."""

from __future__ import annotations

import contextlib
import getpass
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.processes import Process, Processes, open_processes
from ezp2p.desktop.processes.fake import FakeProcesses
from ezp2p.desktop.processes.load import Load, Use

PATIENCE_S = 30
OBEDIENT = "print('up', flush=True); input()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {OBEDIENT}"
POLITE = (
    "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(7)));"
    + OBEDIENT
)


@contextlib.contextmanager
def running(program: str) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program that says `up` and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def listed(processes: Processes, pid: int) -> Process:
    (found,) = [process for process in processes.snapshot() if process.pid == pid]
    return found


def process(pid: int, name: str = "program", started_at: float = 0.0) -> Process:
    return Process(
        pid=pid,
        parent=0,
        name=name,
        user="",
        cpu_share=0.0,
        memory_bytes=0,
        started_at=started_at,
    )


def test_a_program_is_listed_with_what_it_is() -> None:
    with running(OBEDIENT) as program:
        found = listed(open_processes(), program.pid)
    assert found.parent == os.getpid()
    assert found.name.startswith("python")
    assert found.user == getpass.getuser()
    assert found.memory_bytes > 1_000_000
    assert found.started_at > 1_700_000_000


def test_everybody_is_listed_once_and_the_kernel_not_at_all() -> None:
    pids = [process.pid for process in open_processes().snapshot()]
    assert pids == sorted(set(pids))
    assert os.getpid() in pids
    assert 0 not in pids
    assert not any(p.name == "kthreadd" for p in open_processes().snapshot())


def test_a_program_that_calculates_is_seen_to() -> None:
    processes = open_processes()
    with running("print('up', flush=True)\nwhile True: pass") as busy, running(OBEDIENT) as idle:
        processes.snapshot()
        share = 0.0
        while share == 0.0:  # the system counts in hundredths of a second
            now = {process.pid: process for process in processes.snapshot()}
            share = now[busy.pid].cpu_share
        assert now[idle.pid].cpu_share < share <= 1.0


def test_an_obedient_program_closes_by_itself() -> None:
    processes = open_processes()
    with running(POLITE) as program:
        processes.end(listed(processes, program.pid))
        assert program.communicate(timeout=PATIENCE_S)[0] == "bye\n"
        assert program.returncode == 7


def test_a_stubborn_program_is_made_to_end() -> None:
    processes = open_processes()
    with running(STUBBORN) as program:
        processes.end(listed(processes, program.pid))
        assert program.wait(PATIENCE_S) != 0


def test_ending_what_has_ended_is_no_error() -> None:
    processes = open_processes()
    with running(OBEDIENT) as program:
        seen = listed(processes, program.pid)
        program.communicate(timeout=PATIENCE_S)
        processes.end(seen)


def test_the_next_owner_of_a_pid_is_left_alone() -> None:
    processes = open_processes()
    with running(OBEDIENT) as program:
        now = listed(processes, program.pid)
        processes.end(process(now.pid, now.name, now.started_at - 3600))
        assert program.poll() is None


def test_ourselves_and_the_system_are_not_ended() -> None:
    for pid in (os.getpid(), 1, 0):
        with pytest.raises(Unavailable) as caught:
            open_processes().end(process(pid, "vital"))
        assert (caught.value.key, caught.value.fields["name"]) == ("process.denied", "vital")


NOBODY = """
import os, sys
from ezp2p.base.errors import Unavailable
from ezp2p.desktop.processes import open_processes
processes = open_processes()
os.setgroups([]); os.setgid(65534); os.setuid(65534)
(found,) = [p for p in processes.snapshot() if p.pid == int(sys.argv[1])]
print(found.user)
try:
    processes.end(found)
except Unavailable as error:
    print(error.key)
"""


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can become another")
def test_another_users_program_is_seen_but_not_ended() -> None:
    with running(OBEDIENT) as program:
        said = subprocess.run(
            [sys.executable, "-c", NOBODY, str(program.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.split() == ["root", "process.denied"]
        assert program.poll() is None


def test_the_share_is_that_since_the_last_round() -> None:
    load = Load(processors=4)
    one, two = (10, 100.0), (11, 190.0)
    first = load.shares([Use(one, 100.0), Use(two, 0.0)], now=200.0)
    assert first == {one: 100 / (100 * 4), two: 0.0}
    second = load.shares([Use(one, 104.0), Use(two, 8.0)], now=202.0)
    assert second == {one: 0.5, two: 1.0}


@pytest.mark.parametrize(
    ("story", "before", "after", "now", "share"),
    [
        ("pid_used_again", Use((10, 100.0), 50.0), Use((10, 201.0), 1.0), 202.0, 0.5),
        ("clock_set_back", Use((10, 100.0), 50.0), Use((10, 100.0), 51.0), 150.0, 0.0),
        ("start_unknown", Use((10, 0.0), 50.0), Use((10, 0.0), 51.0), 202.0, 0.25),
        ("counted_more_than_passed", Use((10, 1.0), 0.0), Use((10, 1.0), 9.0), 202.0, 1.0),
    ],
)
def test_shares_stay_between_nothing_and_all(
    story: str, before: Use, after: Use, now: float, share: float
) -> None:
    load = Load(processors=2)
    load.shares([before], now=200.0)
    assert load.shares([after], now=now) == {after.identity: share}, story


def test_the_processes_of_tests_behave_like_real_ones() -> None:
    one, two = process(1, "one"), process(2, "two")
    fake = FakeProcesses([two, one], protected={1})
    assert fake.snapshot() == [one, two]
    with pytest.raises(Unavailable):
        fake.end(one)
    fake.end(two)
    fake.end(two)
    assert (fake.snapshot(), fake.ended) == ([one], [two])
