"""Our own window on a real X server with a real window manager."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import mss
import numpy as np
import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.ui.window import run_window
from tests.support.xvfb import Display, xvfb

WIDTH, HEIGHT = 1280, 800
PATIENCE_S = 30.0
ACCENT = (0x2F, 0x5F, 0xD0)  # "get help", the one coloured thing on the first page

LEAST_PIXELS = 5000


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    with xvfb(WIDTH, HEIGHT) as each:
        manager = subprocess.Popen(["openbox"], env=each.environ, stderr=subprocess.DEVNULL)
        try:
            yield each
        finally:
            manager.terminate()
            manager.wait()


class Program:
    """tests/support/window_program.py on a display."""

    def __init__(self, display: Display) -> None:
        self.display = display
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.window_program"],
            env=display.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self.lines.put(line.strip())

    def tell(self, order: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()

    def line(self) -> str:
        return self.lines.get(timeout=PATIENCE_S)

    def click(self, colour: tuple[int, int, int]) -> str:
        """Click what has this colour until the page says something."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            x, y = until_seen(self.display, colour)
            xdotool(self.display, "mousemove", str(x), str(y), "click", "1")
            # The page may have been moving to its place when we looked.
            with contextlib.suppress(queue.Empty):
                return self.lines.get(timeout=2)
        raise AssertionError("the click did not arrive")

    def geometry(self) -> tuple[int, int]:
        text = xdotool(self.display, "search", "--name", "ezp2p", "getwindowgeometry", "--shell")
        facts = dict(line.split("=") for line in text.splitlines() if "=" in line)
        # Going to full screen makes a new X window: for a moment there is none.
        return int(facts.get("WIDTH", 0)), int(facts.get("HEIGHT", 0))


@pytest.fixture
def program(display: Display) -> Iterator[Program]:
    each = Program(display)
    try:
        yield each
    finally:
        each.process.kill()
        each.process.wait()
        for pipe in (each.process.stdin, each.process.stdout):
            if pipe is not None:
                pipe.close()


def xdotool(display: Display, *words: str) -> str:
    done = subprocess.run(
        ["xdotool", *words], env=display.environ, capture_output=True, text=True, check=False
    )
    return done.stdout


def find_colour(display: Display, colour: tuple[int, int, int]) -> tuple[int, int] | None:
    """Return where the middle one of this colour's pixels is on the screen."""
    with display.as_ours(), mss.MSS() as camera:
        shot = camera.grab(camera.monitors[0])
    pixels = np.frombuffer(shot.rgb, np.uint8).reshape(shot.height, shot.width, 3)
    rows, columns = np.nonzero((pixels == colour).all(axis=2))
    if len(rows) < LEAST_PIXELS:
        return None
    return int(columns[len(columns) // 2]), int(rows[len(rows) // 2])


def until_seen(display: Display, colour: tuple[int, int, int]) -> tuple[int, int]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        place = find_colour(display, colour)
        if place is not None:
            return place
    raise AssertionError("the page did not appear")


def until_size(program: Program, fits: tuple[int, int]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    size = (0, 0)
    while time.monotonic() < deadline:
        size = program.geometry()
        if size == fits:
            return
    raise AssertionError(f"{size} is not {fits}")


def test_window_shows_the_page_and_a_click_arrives(display: Display, program: Program) -> None:
    assert json.loads(program.click(ACCENT)) == {"do": "go-to", "page": "code"}


def test_window_obeys_other_threads(display: Display, program: Program) -> None:
    until_seen(display, ACCENT)
    program.tell("full")
    until_size(program, (WIDTH, HEIGHT))
    assert json.loads(program.click(ACCENT))["do"] == "go-to"
    program.tell("normal")
    program.tell("small")
    until_size(program, (400, 600))
    program.tell("close")
    assert program.line() == "closed"
    assert program.line() == "returned"
    assert program.process.wait(PATIENCE_S) == 0


def test_window_comes_back_to_the_front(display: Display, program: Program) -> None:
    until_seen(display, ACCENT)
    cover = subprocess.Popen(
        ["xterm", "-geometry", "300x80+0+0", "-bg", "#102030"], env=display.environ
    )
    try:
        until_seen(display, (0x10, 0x20, 0x30))
        assert find_colour(display, ACCENT) is None
        program.tell("front")
        until_seen(display, ACCENT)
    finally:
        cover.terminate()
        cover.wait()


@pytest.mark.parametrize("name", ["", ":4711", "nowhere.invalid:0", "nonsense"])
def test_without_a_display_it_says_so_and_lives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", name)
    with pytest.raises(Unavailable) as error:
        run_window("http://127.0.0.1:9/", "x", opened=lambda _: None, closed=lambda: None)
    assert error.value.key == "window.unavailable"
