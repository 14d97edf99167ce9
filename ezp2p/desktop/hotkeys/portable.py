"""The end-now key on macOS, by pynput's listener."""

from __future__ import annotations

from collections.abc import Callable

from pynput import keyboard

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.hotkeys.chord import Chord, Part
from ezp2p.wire.keys import ErrorKey

_KEYS = {
    keyboard.Key.ctrl_l: Part.CONTROL,
    keyboard.Key.ctrl_r: Part.CONTROL,
    keyboard.Key.ctrl: Part.CONTROL,
    keyboard.Key.alt_l: Part.ALT,
    keyboard.Key.alt_r: Part.ALT,
    keyboard.Key.alt: Part.ALT,
    keyboard.Key.alt_gr: Part.ALT,
    keyboard.Key.end: Part.END,
}
_ONE_KEYBOARD = 0  # this system does not tell keyboards apart


class ListenedEndKey:
    """Watches by a keyboard hook."""

    def __init__(self, pressed: Callable[[], None]) -> None:
        """Call `pressed`, from the hook's thread, whenever a person presses the chord."""
        self._pressed = pressed
        self._chord = Chord()
        self._listener = keyboard.Listener(on_press=self._press, on_release=self._release)
        self._listener.start()

    def close(self) -> None:
        """Stop watching."""
        self._listener.stop()

    def _press(self, key: keyboard.Key | keyboard.KeyCode | None, injected: bool) -> None:
        if self._changed(key, injected, down=True):
            self._pressed()

    def _release(self, key: keyboard.Key | keyboard.KeyCode | None, injected: bool) -> None:
        self._changed(key, injected, down=False)

    def _changed(
        self, key: keyboard.Key | keyboard.KeyCode | None, injected: bool, *, down: bool
    ) -> bool:
        if injected or not isinstance(key, keyboard.Key) or key not in _KEYS:
            return False
        place = list(keyboard.Key).index(key)
        return self._chord.changed(_ONE_KEYBOARD, place, _KEYS[key], down=down)


def watch_end_key(pressed: Callable[[], None]) -> ListenedEndKey:
    """Watch this machine's keyboard; raises Unavailable(input.unavailable)."""
    try:
        return ListenedEndKey(pressed)
    except OSError as error:
        raise Unavailable(ErrorKey.INPUT_UNAVAILABLE, why=str(error)) from error
