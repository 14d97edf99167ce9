"""The X server's keyboard map: which keysyms a keycode has, and changing some of them.

Changes go by one XkbSetMap for all keycodes from the first to the last changed one, with those
in between sent back as they were. The core request ChangeKeyboardMapping would tell every
program once per keycode, and a window manager works some 80 ms on each (openbox; it grabs its
keys anew). XKB also lets us give a borrowed key a type that swallows Shift and Caps Lock.

Source: X Keyboard Extension, protocol specification, sections 16.3.6 (GetMap, SetMap) and E.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import xcffib
import xcffib.xkb
import xcffib.xproto

_USE_CORE_KEYBOARD = 0x100
_KEY_SYMS = 2  # bit of XkbMapPartsMask
_GET_MAP, _SET_MAP = 8, 9  # minor opcodes
_MAP_HEAD = struct.Struct("=17x B H B")  # first key, keysyms in all, number of keys
_MAP_HEAD_SIZE = 40
_KEY = struct.Struct("=4B B B H")  # key types of four groups, groups, width, number of keysyms
# The four types that every map begins with are ONE_LEVEL, TWO_LEVEL, ALPHABETIC, KEYPAD.
_ALPHABETIC = 2


_xcffib: Any = xcffib  # has no types
_Reply: Any = _xcffib.Reply
_Cookie: Any = _xcffib.Cookie


class _RawReply(_Reply):  # type: ignore[misc]
    """A reply as bytes: xcffib's own reading of XKB's variable parts is not right."""

    def __init__(self, unpacker: Any) -> None:
        super().__init__(unpacker)
        self.data = bytes(_xcffib.ffi.buffer(unpacker.cdata, 32 + 4 * self.length))


class _RawCookie(_Cookie):  # type: ignore[misc]
    reply_type = _RawReply


class Keymap:
    """The map of the person's keyboard, and of every device that feeds it."""

    def __init__(self, connection: Any, xkb: Any) -> None:
        """Speak XKB over `connection`; raises xcffib's exceptions."""
        self._core = connection.core
        self._xkb = xkb
        setup = connection.get_setup()
        self._first, self._last = int(setup.min_keycode), int(setup.max_keycode)
        xkb.UseExtension(1, 0).reply()

    def symbols(self) -> dict[int, list[int]]:
        """Return every keycode's keysyms."""
        count = self._last - self._first + 1
        reply = self._core.GetKeyboardMapping(self._first, count).reply()
        flat, width = list(reply.keysyms), int(reply.keysyms_per_keycode)
        return {self._first + i: flat[i * width : (i + 1) * width] for i in range(count)}

    def change(self, meanings: dict[int, int]) -> None:
        """Let each keycode type its keysym, whatever modifiers and group; 0 for nothing."""
        first, last = min(meanings), max(meanings)
        keys = self._keys(first, last)
        keys |= {keycode: _one_meaning(meaning) for keycode, meaning in meanings.items()}
        self._set_keys(first, [keys[keycode] for keycode in range(first, last + 1)])

    def held_modifiers(self) -> int:
        """Return the bits of the modifiers that are held down now."""
        return int(self._xkb.GetState(_USE_CORE_KEYBOARD).reply().baseMods)

    def locked_modifiers(self) -> int:
        """Return the bits of the modifiers that are locked, Caps Lock and Num Lock usually."""
        return int(self._xkb.GetState(_USE_CORE_KEYBOARD).reply().lockedMods)

    def lock(self, modifier: int, *, locked: bool) -> None:
        """Lock or unlock one modifier, as its key would."""
        state = modifier if locked else 0
        self._xkb.LatchLockState(_USE_CORE_KEYBOARD, modifier, state, 0, 0, 0, 0, 0)

    def _keys(self, first: int, last: int) -> dict[int, bytes]:
        request = struct.pack(
            "=xx2x HHH 2B 2B 4B H 6B 2x",
            *(_USE_CORE_KEYBOARD, 0, _KEY_SYMS),
            *(0, 0),  # types
            *(first, last - first + 1),
            *(0,) * 11,  # actions, behaviours, modifiers: none of them
        )
        data = self._ask(_GET_MAP, request)
        first_key, _, number = _MAP_HEAD.unpack_from(data)
        keys, offset = {}, _MAP_HEAD_SIZE
        for keycode in range(first_key, first_key + number):
            symbols = _KEY.unpack_from(data, offset)[-1]
            end = offset + _KEY.size + 4 * symbols
            keys[keycode] = data[offset:end]
            offset = end
        return keys

    def _set_keys(self, first: int, keys: list[bytes]) -> None:
        total = sum(_KEY.unpack_from(key)[-1] for key in keys)
        request = struct.pack(
            "=xx2x HHH 2B 2B BBH BBH 12B H",
            *(_USE_CORE_KEYBOARD, _KEY_SYMS, 0),
            *(self._first, self._last),
            *(0, 0),  # types
            *(first, len(keys), total),
            *(0,) * 16,  # actions, behaviours, modifiers: as they are
        )
        body = io.BytesIO(request + b"".join(keys))
        self._xkb.send_request(_SET_MAP, body, is_checked=True).check()

    def _ask(self, opcode: int, request: bytes) -> bytes:
        cookie = self._xkb.send_request(opcode, io.BytesIO(request), _RawCookie, is_checked=True)
        data: bytes = cookie.reply().data
        return data


def _one_meaning(meaning: int) -> bytes:
    if not meaning:
        return _KEY.pack(0, 0, 0, 0, 0, 0, 0)
    key = _KEY.pack(*(_ALPHABETIC,) * 4, 1, 2, 2)  # one group, two levels
    return key + struct.pack("=II", meaning, meaning)
