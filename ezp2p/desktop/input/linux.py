"""Input on X11, by the XTEST extension: as if it came from one more mouse and keyboard.

Keys go by keycode, so that the customer's layout and input method apply to them; text goes by
borrowed keycodes (see borrowed.py), so that neither of them does. docs/decisions/0006 says why.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import xcffib.xkb
import xcffib.xproto
import xcffib.xtest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import xserver
from ezp2p.desktop.input.borrowed import Batch, Borrowed, is_free, keysym
from ezp2p.desktop.input.guard import KeyGuard
from ezp2p.desktop.input.keymap import Keymap
from ezp2p.desktop.input.keys import MODIFIERS, x11_keycode
from ezp2p.desktop.input.reading import Reading
from ezp2p.desktop.input.wheel import Wheel
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.input import MouseButton

# Until programs that cannot be asked have taken a new map.
SETTLE_S = 0.04
# A program that is too busy to read its keys for longer gets them all the same.
READ_WITHIN_S = 3.0
# Ctrl, Alt or Super held by the person would turn text into shortcuts: wait for them this long.
FOREIGN_MODIFIERS_S = 0.5
_POLL_S = 0.01

_KEY_PRESS, _KEY_RELEASE, _BUTTON_PRESS, _BUTTON_RELEASE, _MOTION = 2, 3, 4, 5, 6
_BUTTONS = {
    MouseButton.LEFT: 1,
    MouseButton.MIDDLE: 2,
    MouseButton.RIGHT: 3,
    MouseButton.BACK: 8,
    MouseButton.FORWARD: 9,
}
_WHEEL_UP, _WHEEL_DOWN, _WHEEL_LEFT, _WHEEL_RIGHT = 4, 5, 6, 7
# Bits of the modifier state: Lock (Caps Lock), Control, Mod1, Mod4.
_LOCK, _CONTROL, _ALT, _SUPER = 1 << 1, 1 << 2, 1 << 3, 1 << 6
_NATIVE = {"\n": "Enter", "\t": "Tab"}


class X11Input:
    """The counselor's hand on an X display."""

    def __init__(self, connection: Any, guard: KeyGuard) -> None:
        """Inject over `connection`; `guard` lets go of the keys if we are killed."""
        self._connection = connection
        self._guard = guard
        self._xtest = xserver.extension(connection, xcffib.xtest, ErrorKey.INPUT_UNAVAILABLE)
        xkb = xserver.extension(connection, xcffib.xkb, ErrorKey.INPUT_UNAVAILABLE)
        self._root = xserver.screen_of(connection).root
        self._keymap = Keymap(connection, xkb)
        symbols = self._keymap.symbols()
        self._borrowed = Borrowed(code for code, meant in symbols.items() if is_free(meant))
        self._keys: dict[str, int] = {}  # what we hold down: W3C code -> keycode
        self._buttons: dict[MouseButton, None] = {}
        self._wheel = Wheel()
        self._interrupted = threading.Event()
        self._reading = Reading(connection, self._interrupted)

    def move(self, x: int, y: int) -> None:
        """Put the pointer at (x, y) of the screen."""
        self._fake(_MOTION, 0, min(x, 0x7FFF), min(y, 0x7FFF))
        self._sync()

    def button(self, button: MouseButton, *, down: bool) -> None:
        """Press or release a mouse button where the pointer is."""
        if down == (button in self._buttons):
            return
        if down:
            self._buttons[button] = None
        else:
            del self._buttons[button]
        self._fake(_BUTTON_PRESS if down else _BUTTON_RELEASE, _BUTTONS[button])
        self._sync()

    def wheel(self, right: int, down: int) -> None:
        """Turn the wheel, in 1/120 of a notch; fractions add up."""
        notches_right, notches_down = self._wheel.turn(right, down)
        self._notches(notches_right, _WHEEL_RIGHT, _WHEEL_LEFT)
        self._notches(notches_down, _WHEEL_DOWN, _WHEEL_UP)
        self._sync()

    def key(self, code: str, *, down: bool) -> None:
        """Press or release the physical key; the X server repeats one that stays down."""
        keycode = x11_keycode(code)
        if keycode is None or down == (code in self._keys):
            return
        if down:
            self._keys[code] = keycode
        else:
            del self._keys[code]
        self._fake(_KEY_PRESS if down else _KEY_RELEASE, keycode)
        self._sync()

    def type_text(self, text: str) -> None:
        """Make `text` appear; what no key can type (control characters) is left out."""
        with xserver.unavailable_if_broken(ErrorKey.INPUT_UNAVAILABLE), self._neutral_modifiers():
            self._check_borrowed()
            self._type(text.replace("\r\n", "\n").replace("\r", "\n"))

    def interrupt(self) -> None:
        """Stop a `type_text` of another thread; no text is typed until `release_all`."""
        self._interrupted.set()

    def release_all(self) -> None:
        """Let go of every key and button this sink holds down."""
        for keycode in self._keys.values():
            self._fake(_KEY_RELEASE, keycode)
        for button in self._buttons:
            self._fake(_BUTTON_RELEASE, _BUTTONS[button])
        self._keys.clear()
        self._buttons.clear()
        self._wheel = Wheel()
        self._interrupted.clear()
        self._sync()

    def close(self) -> None:
        """Release everything, give the borrowed keycodes back, let the guard go."""
        try:
            self.release_all()
            with xserver.unavailable_if_broken(ErrorKey.INPUT_UNAVAILABLE):
                self._give_back()
        finally:
            self._guard.close()
            self._connection.disconnect()

    def _give_back(self) -> None:
        lent = {keycode: 0 for keycode, meant in self._borrowed.meanings.items() if meant}
        if lent:
            self._await_reading(self._borrowed.free_at - time.monotonic())
            self._keymap.change(lent)

    def _type(self, text: str) -> None:
        """Type line by line: Enter and Tab have keys of their own in every layout."""
        run: list[int] = []
        for character in text:
            if character in _NATIVE:
                self._type_run(run)
                run = []
                self._tap(x11_keycode(_NATIVE[character]))
            elif symbol := keysym(character):
                run.append(symbol)
        self._type_run(run)

    def _type_run(self, keysyms: list[int]) -> None:
        for batch in self._borrowed.batches(keysyms):
            if not self._prepare(batch):
                return
            for keycode in batch.keycodes:
                self._tap(keycode)
                self._borrowed.pressed(keycode, time.monotonic())

    def _prepare(self, batch: Batch) -> bool:
        """Set the batch's keycodes; False when interrupted meanwhile."""
        if batch.changes:
            if batch.unread:
                self._await_reading(batch.not_before - time.monotonic())
            if self._interrupted.is_set():
                return False
            self._keymap.change(batch.changes)
            self._await_reading(SETTLE_S)
        return not self._interrupted.is_set()

    def _await_reading(self, otherwise_s: float) -> None:
        """Wait until all has been read, or as long as given where nobody can tell."""
        if self._reading.wait(READ_WITHIN_S):
            self._borrowed.read()
        else:
            self._interrupted.wait(max(0.0, otherwise_s))

    def _tap(self, keycode: int | None) -> None:
        if keycode is None or self._interrupted.is_set():
            return
        self._fake(_KEY_PRESS, keycode)
        self._fake(_KEY_RELEASE, keycode)
        self._sync()

    @contextlib.contextmanager
    def _neutral_modifiers(self) -> Iterator[None]:
        """Type without Shift, Ctrl, Alt, Super and Caps Lock; they are as before afterwards."""
        held = [keycode for code, keycode in self._keys.items() if code in MODIFIERS]
        # GTK and Chromium change the case of any letter while Caps Lock is on.
        caps_lock = self._keymap.locked_modifiers() & _LOCK
        for keycode in held:
            self._fake(_KEY_RELEASE, keycode)
        if caps_lock:
            self._keymap.lock(_LOCK, locked=False)
        self._await_no_foreign_modifiers()
        yield
        if caps_lock:
            self._keymap.lock(_LOCK, locked=True)
        if not self._interrupted.is_set():
            for keycode in held:
                self._fake(_KEY_PRESS, keycode)
        self._sync()

    def _await_no_foreign_modifiers(self) -> None:
        until = time.monotonic() + FOREIGN_MODIFIERS_S
        while self._keymap.held_modifiers() & (_CONTROL | _ALT | _SUPER):
            if time.monotonic() > until or self._interrupted.wait(_POLL_S):
                return

    def _check_borrowed(self) -> None:
        """See whether somebody else changed the map: another layout, another program like us."""
        symbols = self._keymap.symbols()
        self._borrowed.found(
            {
                keycode: next(iter(symbols[keycode]), 0) if is_free(symbols[keycode]) else None
                for keycode in self._borrowed.meanings
            }
        )

    def _notches(self, count: int, forward: int, backward: int) -> None:
        for _ in range(abs(count)):
            for kind in (_BUTTON_PRESS, _BUTTON_RELEASE):
                self._fake(kind, forward if count > 0 else backward)

    def _fake(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        with xserver.unavailable_if_broken(ErrorKey.INPUT_UNAVAILABLE):
            self._xtest.FakeInput(kind, detail, 0, self._root, x, y, 0)

    def _sync(self) -> None:
        with xserver.unavailable_if_broken(ErrorKey.INPUT_UNAVAILABLE):
            xserver.sync(self._connection)


def open_input() -> X11Input:
    """Return the injector of $DISPLAY; raises Unavailable(input.unavailable)."""
    connection = xserver.connect(ErrorKey.INPUT_UNAVAILABLE)
    with xserver.unavailable_if_broken(ErrorKey.INPUT_UNAVAILABLE):
        guard = KeyGuard()
        try:
            return X11Input(connection, guard)
        except Unavailable:
            guard.close()
            raise
