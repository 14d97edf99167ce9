"""A person at the machine: key presses of the screen's own keyboard, not of XTEST's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xcffib
import xcffib.xinput
import xcffib.xtest


def person_s_keyboard(connection: Any) -> Callable[[int, bool], None]:
    """Return what presses keys of Xvfb's own keyboard: for the server not XTEST's, a person's.

    XTEST can speak for any device of XInput 1 (XTest protocol, FakeInput with a device).
    """
    xinput: Any = xcffib.xinput
    device = next(
        info.deviceid
        for info in connection(xinput.key).XIQueryDevice(xinput.Device.All).reply().infos
        if info.name.to_string() == "Xvfb keyboard"
    )
    first = connection.core.QueryExtension(15, "XInputExtension").reply().first_event

    def press(keycode: int, down: bool) -> None:
        kind = first + (1 if down else 2)  # DeviceKeyPress, DeviceKeyRelease
        connection(xcffib.xtest.key).FakeInput(kind, keycode, 0, 0, 0, 0, device)
        connection.core.GetInputFocus().reply()  # pressed, before anybody leaves

    return press
