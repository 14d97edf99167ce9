"""The built program: away from this checkout, as somebody else, without a Python beside it.

Run by `make package` (build/package.py), which says what was built; tests/e2e/test_session.py
runs on it, too.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import ezp2p
from ezp2p.app.places import LOCALE, WEB
from ezp2p.base.texts import Texts
from ezp2p.ui.assets import read_assets
from tests.support.company import company
from tests.support.people import Screen, person_s_screen, until
from tests.support.program import OURS, finished, hand_over, program

ONEFILE = os.environ["EZP2P_TEST_PART"] == "onefile"
ACCENT = (0x2F, 0x5F, 0xD0)  # "get help", the one coloured thing on the first page


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with person_s_screen(1280, 800) as running:
        yield running


def test_every_part_works(tmp_path: Path, screen: Screen) -> None:
    code, said = finished("--selftest", home=tmp_path / "home", environ=screen.environ)
    assert code == 0, said.story()
    parts = {event["name"]: event for event in said.events if event["event"] == "part"}
    assert all(part["ok"] and not part["skipped"] for part in parts.values())
    assert parts["engine"]["detail"] == ("none" if ONEFILE else "qt")
    assert parts["screen"]["detail"] == "fast 1280x800, portable 1280x800"
    assert parts["company"]["detail"] == f"{len(read_assets(WEB, LOCALE))} files"


def test_it_says_of_what_and_when_it_was_built(tmp_path: Path) -> None:
    code, said = finished("version", home=tmp_path / "home")
    assert code == 0, said.story()
    (told,) = said.events
    assert (told["version"], told["commit"]) == (ezp2p.__version__, os.environ["EZP2P_TEST_COMMIT"])
    today = datetime.datetime.now(datetime.UTC).date()
    assert datetime.date(2026, 1, 1) < datetime.date.fromisoformat(told["day"]) <= today


def test_it_speaks_korean_where_the_system_has_no_korean(tmp_path: Path) -> None:
    code, said = finished(
        *("customer", "123456789", "--headless", "--grant", "view", "--language", "ko"),
        home=tmp_path / "home",
        environ={"LANG": "C"},
        as_json=False,
    )
    assert code == 2
    assert Texts(LOCALE, "ko").text("code.mistyped") in said.stderr, said.story()


def test_its_own_window_opens_and_closing_it_ends_the_program(
    tmp_path: Path, screen: Screen
) -> None:
    with program("window", home=tmp_path / "home", environ=screen.environ) as running:
        screen.wait_for_colour(ACCENT)
        subprocess.run(["wmctrl", "-c", "ezp2p"], env=screen.display.environ, check=True)
        assert running.exit_code() == 0, running.story()


def test_two_run_at_once_and_a_killed_one_is_gone(tmp_path: Path) -> None:
    with company(tmp_path / "one") as one, company(tmp_path / "two") as two:
        one.server.kill()
        until(lambda: not answers(one.port), "the killed server gone")
        assert answers(two.port)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def test_it_starts_with_nothing_but_a_home(tmp_path: Path) -> None:
    environ = hand_over(tmp_path / "home", {"HOME": str(tmp_path / "home")})
    done = subprocess.run(
        [*OURS, "version"], env=environ, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ezp2p ")
