"""A whole session with a customer whose Windows, under Wine, is real to the program.

The company and the counselor run here; the keys of the person at the Windows machine are those of
the X server that Wine's desktop is shown on.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from build.setup import ROOT
from build.wine import Machine, machine_alone
from tests.support.company import Company, company
from tests.support.program import Program
from tests.support.viewer import Viewer, browser, opened_page

SENTENCE = "안녕하세요, 원격 지원입니다. 뷁!"
ACCENT = (47, 95, 208)  # of the frame around a screen that is seen


class Windows:
    """A running Windows machine: what is started there, and its person's keyboard."""

    def __init__(self, machine: Machine, display: str) -> None:
        self._machine = machine
        self._environ = machine.environ(display) | {"PYTHONPATH": f"Z:{ROOT}"}

    @contextlib.contextmanager
    def program(self, module: str, *arguments: str, **environ: str) -> Iterator[Program]:
        """Run a module of this checkout in its Python."""
        command = self._machine.command("-m", module)
        running = Program(arguments, self._environ | environ, command=command)
        try:
            yield running
        except BaseException:
            self._machine.end_everything()  # whatever still holds its pipes
            raise
        finally:
            running.close()

    @contextlib.contextmanager
    def paper(self, folder: Path) -> Iterator[Program]:
        """Open Notepad; what is written into it comes as events (tests/windows/paper.py)."""
        end = folder / "end of the paper"
        with self.program("tests.windows.paper", f"Z:{end}") as running:
            try:
                yield running
            finally:
                end.touch()
                running.exit_code()

    def press(self, chord: str) -> None:
        """Press and release keys as the person at the machine, such as `ctrl+alt+End`."""
        subprocess.run(["xdotool", "key", chord], env=self._environ, check=True)


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    with machine_alone() as (machine, display):
        yield Windows(machine, display)


@pytest.fixture(scope="module")
def hanbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company(tmp_path_factory.mktemp("hanbit")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def counselor(hanbit: Company) -> Iterator[Program]:
    with hanbit.counselor() as running:
        yield running


@pytest.fixture(scope="module")
def counselors_page(chromium: Browser, counselor: Program) -> Iterator[Page]:
    with opened_page(chromium, counselor.wait_for("ui")["url"]) as page:
        yield page


@contextlib.contextmanager
def customer(windows: Windows, hanbit: Company, code: str, grant: str) -> Iterator[Program]:
    """A customer at the Windows machine who joins by code."""
    arguments = ("customer", "--server", hanbit.url, "--headless", "--grant", grant, "--json")
    with windows.program("ezp2p", *arguments, EZP2P_CODE=code) as running:
        yield running


def test_picture_hangul_and_the_end_key(
    windows: Windows,
    hanbit: Company,
    counselor: Program,
    counselors_page: Page,
    tmp_path: Path,
) -> None:
    viewer = Viewer(counselors_page)
    code = counselor.wait_for("waiting")["code"]
    with (
        windows.paper(tmp_path) as paper,
        customer(windows, hanbit, code, "view,control") as person,
    ):
        opened = paper.wait_for("open")
        person.wait_for("session-started")
        viewer.wait_for_picture()
        viewer.wait_for_pixel(opened["x"], opened["y"], (255, 255, 255))
        viewer.wait_for_pixel(1, 400, ACCENT)
        viewer.click(opened["x"], opened["y"])
        viewer.commit_text(SENTENCE)
        paper.wait_for("text", text=SENTENCE)
        viewer.type("Abc")
        paper.wait_for("text", text=SENTENCE + "Abc")
        windows.press("ctrl+alt+End")
        assert person.wait_for("session-ended")["reason"] == "customer-ended"
        assert person.exit_code() == 0
    assert counselor.wait_for("session-ended")["reason"] == "customer-ended"


def test_view_only_customer_is_seen_and_not_touched(
    windows: Windows,
    hanbit: Company,
    counselor: Program,
    counselors_page: Page,
    tmp_path: Path,
) -> None:
    viewer = Viewer(counselors_page)
    code = counselor.wait_for("waiting")["code"]
    with (
        windows.paper(tmp_path) as paper,
        customer(windows, hanbit, code, "view") as person,
    ):
        opened = paper.wait_for("open")
        person.wait_for("session-started")
        viewer.page.locator(".stage.live .board canvas").first.wait_for()
        # The pointer may still lie where it clicked last.
        viewer.wait_for_pixel(opened["x"] - 60, opened["y"] - 60, (255, 255, 255))
        viewer.click(opened["x"], opened["y"])
        viewer.type("never")
        windows.press("ctrl+alt+End")
        assert person.wait_for("session-ended")["reason"] == "customer-ended"
        windows.press("x")
        paper.wait_for("text", text="x")
