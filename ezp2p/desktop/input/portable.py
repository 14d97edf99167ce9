"""Input on macOS, by pynput, whose mouse, keys and text are right there."""

from __future__ import annotations

import threading

from pynput import keyboard, mouse

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.input.keys import KEYS, MODIFIERS
from ezp2p.desktop.input.wheel import Wheel
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.input import MouseButton


class PortableInput:
    """The counselor's hand, through pynput."""

    def __init__(self, pointer: mouse.Controller, keys: keyboard.Controller) -> None:
        """Inject by these two of pynput's controllers."""
        self._pointer = pointer
        self._typist = keys
        self._keys: dict[str, keyboard.KeyCode] = {}  # what we hold down
        self._buttons: dict[MouseButton, mouse.Button] = {}
        self._wheel = Wheel()
        self._interrupted = threading.Event()

    def move(self, x: int, y: int) -> None:
        """Put the pointer at (x, y) of the screen."""
        self._pointer.position = (x, y)

    def button(self, button: MouseButton, *, down: bool) -> None:
        """Press or release a mouse button; ignored where this system has no such one."""
        if down == (button in self._buttons):
            return
        if not down:
            self._pointer.release(self._buttons.pop(button))
        elif (named := _button(button)) is not None:
            self._buttons[button] = named
            self._pointer.press(named)

    def wheel(self, right: int, down: int) -> None:
        """Turn the wheel, in 1/120 of a notch; fractions add up."""
        notches_right, notches_down = self._wheel.turn(right, down)
        if notches_right or notches_down:
            self._pointer.scroll(notches_right, -notches_down)

    def key(self, code: str, *, down: bool) -> None:
        """Press or release the physical key; a key held down does not repeat here by itself."""
        if not down:
            if (held := self._keys.pop(code, None)) is not None:
                self._typist.release(held)
        elif (named := _key(code)) is not None:
            self._keys[code] = named
            self._typist.press(named)

    def type_text(self, text: str) -> None:
        """Make `text` appear; modifiers that we hold are up meanwhile."""
        modifiers = [held for code, held in self._keys.items() if code in MODIFIERS]
        for held in modifiers:
            self._typist.release(held)
        for character in text:
            if self._interrupted.is_set():
                return
            self._typist.type(character)
        for held in modifiers:
            self._typist.press(held)

    def interrupt(self) -> None:
        """Stop a `type_text` of another thread; no text is typed until `release_all`."""
        self._interrupted.set()

    def release_all(self) -> None:
        """Let go of every key and button this sink holds down."""
        for held in self._keys.values():
            self._typist.release(held)
        for button in self._buttons.values():
            self._pointer.release(button)
        self._keys.clear()
        self._buttons.clear()
        self._wheel = Wheel()
        self._interrupted.clear()

    def close(self) -> None:
        """Release everything."""
        self.release_all()


def open_input() -> PortableInput:
    """Return this machine's injector; raises Unavailable(input.unavailable)."""
    try:
        return PortableInput(mouse.Controller(), keyboard.Controller())
    except OSError as error:  # no desktop of ours: a service, a bare console
        raise Unavailable(ErrorKey.INPUT_UNAVAILABLE, why=str(error)) from error


def _button(button: MouseButton) -> mouse.Button | None:
    names = {
        MouseButton.LEFT: ("left",),
        MouseButton.MIDDLE: ("middle",),
        MouseButton.RIGHT: ("right",),
        MouseButton.BACK: ("x1", "button8"),
        MouseButton.FORWARD: ("x2", "button9"),
    }
    found: mouse.Button | None = next(
        (getattr(mouse.Button, name) for name in names[button] if hasattr(mouse.Button, name)),
        None,
    )
    return found


def _key(code: str) -> keyboard.KeyCode | None:
    key = KEYS.get(code)
    return None if key is None or key.mac is None else keyboard.KeyCode.from_vk(key.mac)
