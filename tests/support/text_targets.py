"""Real programs to type into, and what arrived in them.

with xterm(display) as target:        also: qt, gtk, chromium
    sink.type_text("안녕")
    assert target.text_of_length(2) == "안녕"
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xcffib
import xcffib.xproto
import xcffib.xtest
from playwright.sync_api import Page, TimeoutError, sync_playwright

from tests.support.xvfb import Display

TITLE = "typing target"
_PATIENCE_S = 30.0

_GTK = """
import ctypes as C, sys
g, o = C.CDLL("libgtk-3.so.0"), C.CDLL("libgobject-2.0.so.0")
for name in ("gtk_window_new", "gtk_text_view_new", "gtk_text_view_get_buffer",
             "gtk_text_buffer_get_text"):
    getattr(g, name).restype = C.c_void_p
g.gtk_init(None, None)
window, view = C.c_void_p(g.gtk_window_new(0)), C.c_void_p(g.gtk_text_view_new())
buffer = C.c_void_p(g.gtk_text_view_get_buffer(view))
g.gtk_window_set_title(window, sys.argv[2].encode())
g.gtk_container_add(window, view)
g.gtk_window_set_default_size(window, 600, 300)
g.gtk_text_buffer_get_text.argtypes = [C.c_void_p] * 3 + [C.c_int]
Changed = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)
@Changed
def changed(_, __):
    start, end = (C.c_byte * 200)(), (C.c_byte * 200)()
    g.gtk_text_buffer_get_bounds(buffer, start, end)
    text = g.gtk_text_buffer_get_text(buffer, C.addressof(start), C.addressof(end), 1)
    open(sys.argv[1], "wb").write(C.string_at(text))
P = C.c_void_p
o.g_signal_connect_data.argtypes = [P, C.c_char_p, Changed, P, P, C.c_int]
o.g_signal_connect_data(buffer, b"changed", changed, None, None, 0)
g.gtk_widget_show_all(window)
g.gtk_main()
"""

_QT = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication, QPlainTextEdit
app = QApplication([])
edit = QPlainTextEdit()
edit.setWindowTitle(sys.argv[2])
edit.resize(600, 300)
edit.textChanged.connect(lambda: Path(sys.argv[1]).write_text(edit.toPlainText()))
edit.show()
app.exec()
"""


@dataclass
class Target:
    """A window with the keyboard, and what stands in it."""

    read: Callable[[], str]
    pid: int = 0

    def text_of_length(self, length: int) -> str:
        """Return the text once it is that long, or as it is when it will not grow any more."""
        until = time.monotonic() + _PATIENCE_S
        while len(self.read()) < length and time.monotonic() < until:
            time.sleep(0.05)
        return self.read()


@contextlib.contextmanager
def xterm(display: Display, folder: Path) -> Iterator[Target]:
    """A terminal in which `cat` writes into a file."""
    file = folder / "xterm.txt"
    shell = f"stty -icanon -echo -icrnl; : > {file}; exec cat > {file}"
    command = ["xterm", "-u8", "-fn", "fixed", "-T", TITLE, "-e", shell]
    with _running(command, display, file) as target:
        yield Target(lambda: target.read().replace("\r", "\n"))


@contextlib.contextmanager
def gtk(display: Display, folder: Path) -> Iterator[Target]:
    """A GTK 3 text view."""
    file = folder / "gtk.txt"
    with _running([sys.executable, "-c", _GTK, str(file), TITLE], display, file) as target:
        yield target


@contextlib.contextmanager
def qt(display: Display, folder: Path) -> Iterator[Target]:
    """A Qt 6 text field."""
    file = folder / "qt.txt"
    with _running([sys.executable, "-c", _QT, str(file), TITLE], display, file) as target:
        yield target


@contextlib.contextmanager
def chromium(display: Display, folder: Path) -> Iterator[Target]:
    """A text area in a browser's page."""
    page_text = f"<title>{TITLE}</title><textarea id=t autofocus rows=20 cols=60></textarea>"
    environ: dict[str, str | float | bool] = dict(display.environ)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            headless=False,
            args=["--no-sandbox", "--ozone-platform=x11"],
            env=environ,
        )
        page = browser.new_page()
        page.set_content(page_text)
        _give_keyboard(display)
        page.focus("#t")
        _until_keys_arrive(display, page)
        yield Target(lambda: str(page.eval_on_selector("#t", "area => area.value")))
        browser.close()


def _until_keys_arrive(display: Display, page: Page) -> None:
    """Press a key until it shows: the browser's processes agree on the focus among themselves."""
    connect: Any = xcffib.Connection
    with display.as_ours():
        connection = connect(display=display.name)
    until = time.monotonic() + _PATIENCE_S
    while not page.eval_on_selector("#t", "area => area.value"):
        assert time.monotonic() < until, "the browser takes no keys"
        for kind in (2, 3):
            connection(xcffib.xtest.key).FakeInput(kind, 38, 0, 0, 0, 0, 0)
        connection.core.GetInputFocus().reply()
        with contextlib.suppress(TimeoutError):
            page.wait_for_function("document.getElementById('t').value", timeout=2000)
    connection.disconnect()
    page.eval_on_selector("#t", "area => { area.value = '' }")


@contextlib.contextmanager
def _running(command: list[str], display: Display, file: Path) -> Iterator[Target]:
    process = subprocess.Popen(
        command,
        env=display.environ | {"LC_ALL": "C.UTF-8", "QT_IM_MODULE": "compose"},
        stderr=subprocess.DEVNULL,
    )
    try:
        _give_keyboard(display)
        yield Target(lambda: file.read_text(encoding="utf-8") if file.exists() else "", process.pid)
    finally:
        process.kill()
        process.wait()


def _give_keyboard(display: Display) -> None:
    """Wait until the target's window is there and give it the keyboard, as a window manager."""
    connect: Any = xcffib.Connection
    with display.as_ours():
        connection = connect(display=display.name)
    root = connection.get_setup().roots[0].root
    until = time.monotonic() + _PATIENCE_S
    while (window := _window(connection, root)) is None:
        assert time.monotonic() < until, "the target shows no window"
        time.sleep(0.05)
    connection.core.SetInputFocusChecked(1, window, 0).check()
    connection.disconnect()


def _window(connection: Any, root: int) -> int | None:
    core = connection.core
    for window in core.QueryTree(root).reply().children:
        named = core.GetProperty(False, window, 39, 0, 0, 64).reply()  # 39: WM_NAME
        title = bytes(named.value.buf()).decode("utf-8", "replace") if named.value_len else ""
        viewable = core.GetWindowAttributes(window).reply().map_state == 2
        if viewable and title.startswith(TITLE):
            return int(window)
    return None
