"""The system's browser as our window: a real Chromium on a real X server."""

from __future__ import annotations

import http.server
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from ezp2p.ui.browser import show_in_app_mode
from tests.support.people import Screen, person_s_screen, until

GREEN = (16, 200, 64)
PATIENCE_S = 40.0


class GreenPage(http.server.BaseHTTPRequestHandler):
    """Answers everything with a green page."""

    def do_GET(self) -> None:
        body = f"<title>ezp2p</title><body style='background: rgb{GREEN}'>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), GreenPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with person_s_screen(1280, 800) as running, running.display.as_ours():
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home folder, and temporary folders of her own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def shown(address: str, ended: threading.Event) -> Future[bool]:
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(show_in_app_mode, address, ended)
    finally:
        pool.shutdown(wait=False)


def test_page_fills_a_window_of_its_own_until_we_end_it(
    screen: Screen, address: str, home: Path
) -> None:
    ended = threading.Event()
    window = shown(address, ended)
    screen.wait_for_colour(GREEN)
    assert not window.done()
    ended.set()
    assert window.result(PATIENCE_S) is True
    until(lambda: screen.middle_of(GREEN) is None, "the window gone")
    assert list(home.glob("ezp2p-*")) == []


def test_closing_the_window_is_seen(screen: Screen, address: str, home: Path) -> None:
    window = shown(address, threading.Event())
    screen.wait_for_colour(GREEN)
    subprocess.run(["wmctrl", "-c", "ezp2p"], env=screen.display.environ, check=True)
    assert window.result(PATIENCE_S) is True


def test_browser_that_cannot_do_it_is_not_waited_for(
    screen: Screen, address: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = home / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{home}{os.pathsep}/bin")
    assert show_in_app_mode(address, threading.Event()) is False


def test_nothing_is_shown_without_a_browser_or_a_display(
    screen: Screen, address: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(home))
    assert show_in_app_mode(address, threading.Event()) is False
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("DISPLAY", "")
    assert show_in_app_mode(address, threading.Event()) is False
