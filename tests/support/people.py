"""A person in front of a screen: looks at it, moves the mouse, types, and uses a terminal.

    with person_s_screen() as screen, terminal(screen, folder) as paper:
        screen.click(300, 300)
        screen.type("hello")
        paper.wait_for("hello")

The mouse and keyboard are xdotool's, the eyes look at the X server's own pixels.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import mss
import numpy as np
import xcffib
import xcffib.xproto
import xcffib.xtest
from PIL import Image

from tests.support.person import person_s_keyboard
from tests.support.xvfb import Display, xvfb

T = TypeVar("T")
Colour = tuple[int, int, int]

PATIENCE_S = 30.0
LOOK_EVERY_S = 0.03
FRAME_S = 0.5  # a manager that is there takes some milliseconds
_LEFT_ALT, _LEFT_CONTROL, _END = 64, 37, 115  # evdev keycodes, as Xvfb has them


def until(what: Callable[[], T | None], why: str, timeout_s: float = PATIENCE_S) -> T:
    """Look again and again until there is something to see; return it."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen = what()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"never seen: {why} (last: {seen!r})")
        time.sleep(LOOK_EVERY_S)


class Screen:
    """A display with a window manager, and a person in front of it."""

    def __init__(self, display: Display) -> None:
        self.display = display
        connect: Any = xcffib.Connection
        with display.as_ours():
            self._connection = connect(display=display.name)
        self._root = self._connection.get_setup().roots[0].root

    @property
    def environ(self) -> dict[str, str]:
        """What a program needs to be shown here."""
        return {name: self.display.environ[name] for name in ("DISPLAY", "XAUTHORITY")}

    # --- hands

    def xdotool(self, *words: str) -> str:
        """Run xdotool on this display; return what it prints."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self.display.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    def click(self, x: int, y: int) -> None:
        """Click with the left button."""
        self.xdotool("mousemove", "--sync", str(x), str(y), "click", "1")

    def move(self, x: int, y: int) -> None:
        """Put the pointer there."""
        self.xdotool("mousemove", "--sync", str(x), str(y))

    def type(self, text: str) -> None:
        """Type ASCII, key by key."""
        self.xdotool("type", "--delay", "15", text)

    def key(self, *names: str) -> None:
        """Press and release keys, as `Return` or `ctrl+c`."""
        self.xdotool("key", *names)

    def press_end_now(self) -> None:
        """Press Ctrl+Alt+End on the machine's own keyboard, not as a program would."""
        press = person_s_keyboard(self._connection)
        chord = (_LEFT_CONTROL, _LEFT_ALT, _END)
        for code in chord:
            press(code, True)
        for code in reversed(chord):
            press(code, False)

    # --- eyes

    def shot(self) -> Image.Image:
        """Return the whole screen."""
        with self.display.as_ours(), mss.MSS() as camera:
            grabbed = camera.grab(camera.monitors[0])
            return Image.frombytes("RGB", grabbed.size, grabbed.rgb)

    def pixel(self, x: int, y: int) -> Colour:
        """Return red, green and blue there."""
        reply = self._connection.core.GetImage(
            xcffib.xproto.ImageFormat.ZPixmap, self._root, x, y, 1, 1, 0xFFFFFFFF
        ).reply()
        blue, green, red = bytes(reply.data.buf())[:3]
        return red, green, blue

    def middle_of(self, colour: Colour, least: int = 400) -> tuple[int, int] | None:
        """Return a place amid pixels of exactly this colour, if there are at least so many."""
        rows, columns = np.nonzero((np.asarray(self.shot()) == colour).all(axis=2))
        if len(rows) < least:
            return None
        return int(np.median(columns)), int(np.median(rows))

    def wait_for_colour(self, colour: Colour, least: int = 400) -> tuple[int, int]:
        """Wait until it is on the screen; return the middle of it."""
        try:
            return until(lambda: self.middle_of(colour, least), f"colour {colour}")
        except AssertionError as error:
            with tempfile.NamedTemporaryFile(suffix=".png", delete=False) as file:
                self.shot().save(file)
            raise AssertionError(f"{error}; the screen is in {file.name}") from None

    # --- what is held down, and what is shown

    def keys_down(self) -> set[int]:
        """Return the keycodes that are down for the X server."""
        bits = bytes(self._connection.core.QueryKeymap().reply().keys)
        return {code for code in range(256) if bits[code // 8] & 1 << code % 8}

    def buttons_down(self) -> int:
        """Return the mask of mouse buttons that are down."""
        return int(self._connection.core.QueryPointer(self._root).reply().mask) & 0x1F00

    def pointer(self) -> tuple[int, int]:
        """Return where the pointer is."""
        reply = self._connection.core.QueryPointer(self._root).reply()
        return int(reply.root_x), int(reply.root_y)

    def hold_key(self, code: int, down: bool) -> None:
        """Press or release a key as a program does (XTEST)."""
        xtest = self._connection(xcffib.xtest.key)
        xtest.FakeInputChecked(2 if down else 3, code, 0, 0, 0, 0, 0).check()

    @contextlib.contextmanager
    def block(
        self, x: int, y: int, width: int, height: int, colour: Colour
    ) -> Iterator[Callable[[Colour], None]]:
        """Show a block of one colour above everything; yields what gives it another one."""
        core, xproto = self._connection.core, xcffib.xproto
        window = self._new_window(x, y, width, height, colour, managed=False)

        def paint(other: Colour) -> None:
            core.ChangeWindowAttributes(window, xproto.CW.BackPixel, [_number(other)])
            core.ClearAreaChecked(False, window, 0, 0, 0, 0).check()

        try:
            yield paint
        finally:
            core.DestroyWindowChecked(window).check()

    def _new_window(
        self, x: int, y: int, width: int, height: int, colour: Colour, *, managed: bool
    ) -> int:
        core, xproto = self._connection.core, xcffib.xproto
        window = int(self._connection.generate_id())
        core.CreateWindowChecked(
            xproto.WindowClass.CopyFromParent,
            window,
            self._root,
            x,
            y,
            width,
            height,
            0,
            xproto.WindowClass.InputOutput,
            0,
            xproto.CW.BackPixel | xproto.CW.OverrideRedirect,
            [_number(colour), 0 if managed else 1],
        ).check()
        core.MapWindowChecked(window).check()
        return window

    def wait_for_manager(self) -> None:
        """Wait until a window gets its frame: an xterm that comes earlier waits for 5 s.

        A manager that is just starting may overlook a window for ever: then try another one.
        """
        until(self._frames_a_window, "a window manager")

    def _frames_a_window(self) -> bool:
        core = self._connection.core
        window = self._new_window(0, 0, 80, 40, (0, 0, 0), managed=True)
        try:
            until(
                lambda: core.QueryTree(window).reply().parent != self._root,
                "a frame",
                FRAME_S,
            )
        except AssertionError:
            return False
        finally:
            core.DestroyWindowChecked(window).check()
        return True

    def close(self) -> None:
        """Look away."""
        with contextlib.suppress(xcffib.XcffibException):
            self._connection.disconnect()


@dataclass(frozen=True, slots=True)
class Paper:
    """A terminal's window, and the file that takes what is typed into it."""

    screen: Screen
    x: int
    y: int
    title: str
    file: Path

    @property
    def text(self) -> str:
        """What has been typed until now."""
        return self.file.read_text(encoding="utf-8") if self.file.exists() else ""

    def wait_for_keyboard(self) -> None:
        """Wait until what is typed goes here: a window manager takes its time after a click."""
        words = ("getactivewindow", "getwindowname")
        until(lambda: self.screen.xdotool(*words) == self.title, f"the keyboard in {self.title}")

    def wait_for(self, text: str) -> None:
        """Wait until exactly this has been typed."""
        deadline = time.monotonic() + PATIENCE_S
        while self.text != text:
            if time.monotonic() > deadline:
                raise AssertionError(f"typed {self.text!r}, not {text!r}")
            time.sleep(LOOK_EVERY_S)


@contextlib.contextmanager
def person_s_screen(width: int = 1280, height: int = 800) -> Iterator[Screen]:
    """Start an X server with a window manager."""
    with xvfb(width, height) as display:
        manager = subprocess.Popen(
            ["openbox"], env=display.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        screen = Screen(display)
        try:
            screen.wait_for_manager()
            yield screen
        finally:
            screen.close()
            manager.terminate()
            manager.wait()


@contextlib.contextmanager
def terminal(screen: Screen, folder: Path, *, x: int = 60, y: int = 200) -> Iterator[Paper]:
    """Open a real xterm whose every typed character goes into a file at once."""
    file = folder / f"typed-{x}-{y}.txt"
    title = f"paper {x} {y}"
    shell = f"stty -icanon -echo -icrnl; : > '{file}'; exec cat > '{file}'"
    process = subprocess.Popen(
        ["xterm", "-u8", "-fn", "fixed", "-geometry", f"60x16+{x}+{y}", "-T", title, "-e", shell],
        env=screen.display.environ | {"LC_ALL": "C.UTF-8"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: _is_shown(screen, title, process), title)
        until(file.exists, f"the file of {title}")
        paper = Paper(screen, x + 150, y + 120, title, file)
        # A new window gets the keyboard; no later click shall meet its coming.
        paper.wait_for_keyboard()
        yield paper
    finally:
        process.kill()
        process.communicate()


def _is_shown(screen: Screen, title: str, process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, process.communicate()[1]
    return bool(screen.xdotool("search", "--onlyvisible", "--name", title))


def _number(colour: Colour) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue
