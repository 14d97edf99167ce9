"""pynput's mouse, as Windows and macOS use it, tried on an X server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import xcffib
import xcffib.xproto

from ezp2p.wire.messages.input import MouseButton
from tests.support.xvfb import xvfb


@pytest.fixture
def watcher() -> Iterator[Any]:
    connect: Any = xcffib.Connection
    with xvfb(400, 300) as display, display.as_ours():
        connection = connect(display=display.name)
        yield connection
        connection.disconnect()


def test_pointer_buttons_and_wheel_reach_the_screen(watcher: Any) -> None:
    from ezp2p.desktop.input import portable  # pynput needs the display when it is imported

    root = watcher.get_setup().roots[0].root
    mask = xcffib.xproto.EventMask.ButtonPress
    watcher.core.ChangeWindowAttributesChecked(root, xcffib.xproto.CW.EventMask, [mask]).check()
    sink = portable.open_input()
    sink.move(123, 45)
    for button in MouseButton:
        sink.button(button, down=True)
        sink.button(button, down=False)
    sink.wheel(120, 60)
    sink.wheel(0, 60)
    sink.button(MouseButton.LEFT, down=True)
    sink.close()
    place = watcher.core.QueryPointer(root).reply()
    assert (place.root_x, place.root_y) == (123, 45)
    assert not place.mask & 0x1F00  # no button stays down
    pressed = []
    while (event := watcher.poll_for_event()) is not None:
        pressed.append(event.detail)
    assert pressed == [1, 2, 3, 8, 9, 7, 5, 1]
