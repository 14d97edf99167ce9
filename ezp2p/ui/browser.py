"""The system's browser as our window, where the program has no web engine of its own.

Browsers built on Chromium show one page without bars (`--app=ADDRESS`), and know nothing of a
person's tabs and extensions when they get a profile of their own; ours is made for one window
and deleted with it. Started so, the browser's process lasts as long as its window: that is how we
see that it was closed. Other browsers have no such mode; in them the pages are a tab.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger(__name__)

# As Linux systems call them, those first that ask nothing when they meet a new profile.
_BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("microsoft-edge", "microsoft-edge-stable", "brave-browser", "vivaldi-stable", "vivaldi"),
)
_SIZE = "1100,760"
_LOOK_EVERY_S = 0.2
_END_TIMEOUT_S = 5.0
# A browser that ends sooner may have shown nothing, or handed the page to another process.
_LEAST_S = 2.0
# Chromium writes this into its profile when it ends in order ...
_ORDERLY = "Local State"
# ... and holds this while it runs.
_RUNNING = "SingletonLock"


def show_in_app_mode(address: str, ended: threading.Event) -> bool:
    """Show `address` in a window without bars and return True when it is closed.

    `ended` closes the window from our side. Returns False where no browser can do it.
    """
    # Not in the home folder: a browser in a sandbox of its own (a snap) sees no hidden folders.
    with tempfile.TemporaryDirectory(prefix="ezp2p-", ignore_cleanup_errors=True) as profile:
        command = _command(address, profile)
        if command is None:
            return False
        try:
            browser = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            _log.warning("%s cannot be started: %s", command[0], error)
            return False
        try:
            return _was_closed(browser, Path(profile), ended)
        finally:
            _end(browser)


def _command(address: str, profile: str) -> list[str] | None:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None or not _has_display():
        return None
    command = [
        found,
        f"--app={address}",
        f"--user-data-dir={profile}",
        f"--window-size={_SIZE}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-extensions",
    ]
    if sys.platform == "linux" and os.geteuid() == 0:
        # Chromium's sandbox refuses to run as root, which only test machines do.
        command.append("--no-sandbox")
    return command


def _has_display() -> bool:
    return sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _was_closed(browser: subprocess.Popen[bytes], profile: Path, ended: threading.Event) -> bool:
    """Wait for the window's end, whoever ends it; False if there has been none."""
    begun = time.monotonic()
    while browser.poll() is None:
        if ended.wait(_LOOK_EVERY_S):
            return True
    # Somebody in a hurry closes it at once, and does not want to see the page in a tab.
    orderly = (profile / _ORDERLY).exists() and not (profile / _RUNNING).is_symlink()
    if time.monotonic() - begun > _LEAST_S or (browser.returncode == 0 and orderly):
        return True
    _log.warning("the browser ended at once, with %s", browser.returncode)
    return False


def _end(browser: subprocess.Popen[bytes]) -> None:
    if browser.poll() is not None:
        return
    browser.terminate()
    with suppress(subprocess.TimeoutExpired):
        browser.wait(_END_TIMEOUT_S)
        return
    browser.kill()
    browser.wait()
