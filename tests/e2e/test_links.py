"""An ezp2p:// link that somebody clicks on the customer's desktop leads to the counselor."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.company import Company
from tests.support.program import clean_environ, finished

WRONG_SECRET = "A" * 22


@contextlib.contextmanager
def ended_afterwards(link: str) -> Iterator[None]:
    """End the programs that were started with this link, as nobody else knows of them."""
    try:
        yield
    finally:
        for process in psutil.process_iter(["cmdline"]):
            if link in (process.info["cmdline"] or []):
                process.terminate()
                process.wait(30)


def started_with(link: str) -> list[str]:
    """Return the command of the program that was started with this link."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for process in psutil.process_iter(["cmdline"]):
            command = list(process.info["cmdline"] or [])
            if command[-1:] == [link] and "ezp2p" in command:
                return command
        time.sleep(0.05)
    raise AssertionError("no program was started")


@pytest.mark.parametrize("opener", ["gio open", "xdg-open"])
def test_a_clicked_link_opens_the_customer_who_calls_the_counselor(
    hanbit: Company, tmp_path: Path, opener: str
) -> None:
    environ = clean_environ(tmp_path) | {
        "EZP2P_UI": "browser",
        "BROWSER": "/bin/true",  # shows nothing
        "XDG_CURRENT_DESKTOP": "GNOME",
        "XDG_DATA_DIRS": str(tmp_path / "usr"),
    }
    code, said = finished("register", home=tmp_path, environ=environ)
    assert code == 0, said.story()
    with hanbit.counselor() as counselor:
        waiting = counselor.wait_for("waiting")
        # A wrong secret: that the counselor's program refuses it shows that it came there.
        address = waiting["link"].partition("#")[0].partition("://")[2]
        link = f"ezp2p://{address}#k={WRONG_SECRET}"
        with ended_afterwards(link):
            subprocess.run([*opener.split(), link], env=environ, check=True, timeout=30)
            assert started_with(link)[1:] == ["-m", "ezp2p", link]
            failed = counselor.wait_for("call-failed")
            assert failed["key"] == "code.wrong"
