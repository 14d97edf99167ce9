"""Our own window: the system's web engine, showing the program's pages.

    main thread    run_window() ... until the window is closed
    other threads  ProgramWindow: to the front, size, full screen, close

The engine is WebView2 on Windows, WebKit on macOS, Qt's on Linux; it follows the system's dark
or light look by itself. Where there is none, or no display, Unavailable says so before anything
is shown, and the pages open in a browser instead. The single file for Linux is built without an
engine (Qt's would triple it), so its library is looked for only when a window is wanted.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

if TYPE_CHECKING:
    import webview

SIZE = (1100, 760)
LEAST_SIZE = (340, 480)
X_SOCKETS = "/tmp/.X11-unix/X"
X_PORT = 6000


class ProgramWindow:
    """The window, for every thread but the main one. Calls on a closed window do nothing."""

    def __init__(self, window: webview.Window) -> None:
        self._window = window
        self._lock = threading.Lock()
        self._is_full = False
        self._is_maximized = False
        self._is_closed = False
        window.events.closed += self._closed
        window.events.maximized += self._maximized
        window.events.restored += self._restored

    def bring_to_front(self) -> None:
        """Show the window above the others, also when it was minimized."""
        with self._lock:
            if self._is_closed or self._is_full:
                return
            maximized = self._is_maximized
            self._window.show()
            self._window.restore()
            if maximized:
                self._window.maximize()

    def resize(self, width: int, height: int) -> None:
        """Make the window this large, in logical pixels, unless it fills the screen."""
        with self._lock:
            if not (self._is_closed or self._is_full or self._is_maximized):
                self._window.resize(width, height)

    def full_screen(self, on: bool) -> None:
        """Cover the whole screen, above everything (S56), or no longer."""
        with self._lock:
            if self._is_closed or on == self._is_full:
                return
            self._is_full = on
            if on:
                self._window.on_top = True
            self._window.toggle_fullscreen()
            if not on:
                self._window.on_top = False

    def close(self) -> None:
        """Close the window; run_window() returns."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._window.destroy()

    def _closed(self) -> None:
        self._is_closed = True

    def _maximized(self) -> None:
        self._is_maximized = True

    def _restored(self) -> None:
        self._is_maximized = False


def load_engine() -> None:
    """Load the engine's library. Main thread only, and before the program has other threads.

    Qt's binding walks through the table of loaded modules while it starts; if another thread
    loads one meanwhile, Python ends the process ("libshiboken: could not initialize").
    """
    with contextlib.suppress(ImportError):  # run_window says so, to a person
        _import_engine()


def engine() -> str:
    """Return the name of the engine that this program would use: "qt", "edgechromium", "cocoa".

    Loads it, so the same as for load_engine() goes. Raises ImportError if it is not there.
    """
    _import_engine()
    return _engine()


def _import_engine() -> None:
    import webview

    if sys.platform == "linux":
        import webview.platforms.qt  # noqa: F401 - loaded for later


def run_window(
    url: str,
    title: str,
    *,
    opened: Callable[[ProgramWindow], None],
    closed: Callable[[], None],
) -> None:
    """Show `url` in a window and return when it is closed. Main thread only.

    `opened` gets the window before it shows, `closed` is called when a person or the program
    has closed it; both on whatever thread. Raises Unavailable(window.unavailable).
    """
    check_window()
    try:
        import webview
        from webview.errors import WebViewException
    except ImportError as error:
        raise Unavailable(ErrorKey.WINDOW_UNAVAILABLE, why=error) from None
    if sys.platform == "linux" and os.geteuid() == 0:
        # Chromium's sandbox refuses to run as root, which only test machines do.
        os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
    window = webview.create_window(
        title,
        url,
        width=SIZE[0],
        height=SIZE[1],
        min_size=LEAST_SIZE,
        text_select=True,
        zoomable=True,
    )
    if window is None:
        raise Unavailable(ErrorKey.WINDOW_UNAVAILABLE, why="no window")
    window.events.closed += closed
    opened(ProgramWindow(window))
    try:
        webview.start(gui=_engine())
    except (WebViewException, ImportError) as error:
        raise Unavailable(ErrorKey.WINDOW_UNAVAILABLE, why=error) from None


def _engine() -> Literal["qt", "edgechromium", "cocoa"]:
    """Name the engine: never the ancient one that pywebview would fall back to on Windows."""
    if sys.platform == "win32":
        return "edgechromium"
    return "cocoa" if sys.platform == "darwin" else "qt"


def check_window() -> None:
    """Qt ends the whole process when it cannot reach the display: look before it does."""
    if sys.platform != "linux" or os.environ.get("WAYLAND_DISPLAY"):
        return
    display = os.environ.get("DISPLAY", "")
    try:
        _reach_display(display)
    except (OSError, ValueError) as error:
        raise Unavailable(
            ErrorKey.WINDOW_UNAVAILABLE, why=f"display {display!r}: {error}"
        ) from None


def _reach_display(display: str) -> None:
    """Connect to an X server as X(7) names it, `[HOST]:NUMBER[.SCREEN]`, and hang up."""
    host, _, rest = display.rpartition(":")
    number = int(rest.partition(".")[0])
    if sys.platform != "win32" and host in ("", "unix"):
        path = f"{X_SOCKETS}{number}"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path if Path(path).exists() else f"\0{path}")
        return
    socket.create_connection((host, X_PORT + number), timeout=5).close()
