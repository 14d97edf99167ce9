"""The end-now key on X11: watched as raw key events of XInput 2.

A grab of Ctrl+Alt+End would fail where another program has it, and would be silent while a
menu, a full-screen game or a virtual machine holds the whole keyboard. Raw events (XInput 2.1
and later) come all the same, and say which device they come from. The price: the program with
the keyboard sees the keys as well.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

import xcffib
import xcffib.xinput
import xcffib.xproto

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import xserver
from ezp2p.desktop.hotkeys.chord import Chord, Part
from ezp2p.desktop.wake import Wake
from ezp2p.wire.keys import ErrorKey

log = logging.getLogger(__name__)

_KEYSYMS = {
    0xFFE3: Part.CONTROL,  # Control_L
    0xFFE4: Part.CONTROL,  # Control_R
    0xFFE9: Part.ALT,  # Alt_L
    0xFFEA: Part.ALT,  # Alt_R
    0xFFE7: Part.ALT,  # Meta_L, Shift+Alt of most layouts
    0xFE03: Part.ALT,  # ISO_Level3_Shift: the right Alt key of many layouts
    0xFF57: Part.END,  # End
    0xFF9C: Part.END,  # KP_End
}
_ALL_DEVICES, _ALL_MASTERS = 0, 1
_XTEST_PROPERTY = "XTEST Device"  # the X server marks its injecting devices with it


class X11EndKey:
    """Watches the keyboards of an X display from a thread of its own."""

    def __init__(self, connection: Any, pressed: Callable[[], None]) -> None:
        """Call `pressed`, from our thread, whenever a person presses the chord."""
        self._connection = connection
        self._pressed = pressed
        self._xinput = xserver.extension(connection, xcffib.xinput, ErrorKey.INPUT_UNAVAILABLE)
        self._require_raw_events()
        self._xtest_property = xserver.intern(connection, _XTEST_PROPERTY)
        self._injecting: dict[int, bool] = {}
        self._chord = Chord()
        self._parts = self._read_parts()
        self._select()
        self._wake = Wake()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="end-now key", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching; may be called from `pressed` too."""
        self._closed.set()
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _watch(self) -> None:
        try:
            while not self._closed.is_set():
                event = self._wake.wait(self._connection, None)
                if event is not None:
                    self._take(event)
        except xcffib.XcffibException:
            log.warning("the end-now key is gone: the display no longer answers")
        finally:
            self._wake.close()
            with contextlib.suppress(xcffib.XcffibException):
                self._connection.disconnect()

    def _take(self, event: Any) -> None:
        xinput: Any = xcffib.xinput
        if isinstance(event, xcffib.xproto.MappingNotifyEvent):
            self._parts = self._read_parts()
        elif isinstance(event, xinput.HierarchyEvent):
            self._injecting.clear()  # numbers of devices are used again
            self._chord = Chord()
        elif isinstance(event, xinput.RawKeyPressEvent | xinput.RawKeyReleaseEvent):
            self._take_key(event, down=isinstance(event, xinput.RawKeyPressEvent))

    def _take_key(self, event: Any, *, down: bool) -> None:
        part = self._parts.get(event.detail)
        if part is None or self._is_injecting(event.sourceid):
            return
        if self._chord.changed(event.sourceid, event.detail, part, down=down):
            log.info("the end-now key was pressed")
            self._pressed()

    def _is_injecting(self, device: int) -> bool:
        if device not in self._injecting:
            xinput: Any = xcffib.xinput
            mark = self._xtest_property
            try:
                reply = self._xinput.XIGetProperty(device, False, mark, 0, 0, 1).reply()
            except xinput.DeviceError:  # unplugged since; ending is the safe reading
                return False
            self._injecting[device] = reply.num_items > 0
        return self._injecting[device]

    def _read_parts(self) -> dict[int, Part]:
        """Return the keycodes whose first level is a key of the chord."""
        setup = self._connection.get_setup()
        first, count = setup.min_keycode, setup.max_keycode - setup.min_keycode + 1
        reply = self._connection.core.GetKeyboardMapping(first, count).reply()
        symbols = list(reply.keysyms)[:: reply.keysyms_per_keycode]
        return {first + i: _KEYSYMS[s] for i, s in enumerate(symbols) if s in _KEYSYMS}

    def _require_raw_events(self) -> None:
        version = self._xinput.XIQueryVersion(2, 2).reply()
        if (version.major_version, version.minor_version) < (2, 1):
            raise Unavailable(ErrorKey.INPUT_UNAVAILABLE, why="the display's XInput is too old")

    def _select(self) -> None:
        xinput: Any = xcffib.xinput
        kinds = xinput.XIEventMask
        masks = [
            xinput.EventMask.synthetic(_ALL_MASTERS, 1, [kinds.RawKeyPress | kinds.RawKeyRelease]),
            xinput.EventMask.synthetic(_ALL_DEVICES, 1, [kinds.Hierarchy]),
        ]
        root = xserver.screen_of(self._connection).root
        self._xinput.XISelectEvents(root, len(masks), masks, is_checked=True).check()


def watch_end_key(pressed: Callable[[], None]) -> X11EndKey:
    """Watch $DISPLAY; raises Unavailable(input.unavailable)."""
    connection = xserver.connect(ErrorKey.INPUT_UNAVAILABLE)
    with xserver.unavailable_if_broken(ErrorKey.INPUT_UNAVAILABLE):
        return X11EndKey(connection, pressed)
