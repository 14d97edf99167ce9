"""The end-now key on Windows, against a program's keys; a person's are in tests/wine."""

import threading

from ezp2p.desktop.hotkeys import watch_end_key
from ezp2p.desktop.input import open_input
from tests.windows.notepad import notepad


def test_program_cannot_press_the_end_key() -> None:
    pressed = threading.Event()
    key = watch_end_key(pressed.set)
    hand = open_input()
    try:
        with notepad() as paper:
            for down in (True, False):
                for code in ("ControlLeft", "AltLeft", "End"):
                    hand.key(code, down=down)
            hand.type_text("after")
            paper.wait_for("after")  # so the hook has seen what was injected before
    finally:
        hand.close()
        key.close()
    assert not pressed.is_set()
