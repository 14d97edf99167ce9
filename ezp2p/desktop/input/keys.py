"""Physical keys: what a browser calls them, and what each system calls them.

The W3C names (https://www.w3.org/TR/uievents-code/) say where a key sits, not what it types;
so do Linux' key numbers (linux/input-event-codes.h), Windows' scan codes (set 1, 0xE0xx for the
extended ones) and macOS' virtual key codes (HIToolbox/Events.h). One table, one row per key.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One key's numbers; None where a system has no such key."""

    evdev: int
    windows: int | None = None
    mac: int | None = None


X11_OFFSET = 8  # X keycodes 0-7 do not exist; evdev drivers add this

MODIFIERS = frozenset(
    {
        "ShiftLeft",
        "ShiftRight",
        "ControlLeft",
        "ControlRight",
        "AltLeft",
        "AltRight",
        "MetaLeft",
        "MetaRight",
    }
)

KEYS: dict[str, Key] = {
    # Writing keys
    "Backquote": Key(41, 0x29, 0x32),
    "Digit1": Key(2, 0x02, 0x12),
    "Digit2": Key(3, 0x03, 0x13),
    "Digit3": Key(4, 0x04, 0x14),
    "Digit4": Key(5, 0x05, 0x15),
    "Digit5": Key(6, 0x06, 0x17),
    "Digit6": Key(7, 0x07, 0x16),
    "Digit7": Key(8, 0x08, 0x1A),
    "Digit8": Key(9, 0x09, 0x1C),
    "Digit9": Key(10, 0x0A, 0x19),
    "Digit0": Key(11, 0x0B, 0x1D),
    "Minus": Key(12, 0x0C, 0x1B),
    "Equal": Key(13, 0x0D, 0x18),
    "KeyQ": Key(16, 0x10, 0x0C),
    "KeyW": Key(17, 0x11, 0x0D),
    "KeyE": Key(18, 0x12, 0x0E),
    "KeyR": Key(19, 0x13, 0x0F),
    "KeyT": Key(20, 0x14, 0x11),
    "KeyY": Key(21, 0x15, 0x10),
    "KeyU": Key(22, 0x16, 0x20),
    "KeyI": Key(23, 0x17, 0x22),
    "KeyO": Key(24, 0x18, 0x1F),
    "KeyP": Key(25, 0x19, 0x23),
    "BracketLeft": Key(26, 0x1A, 0x21),
    "BracketRight": Key(27, 0x1B, 0x1E),
    "Backslash": Key(43, 0x2B, 0x2A),
    "KeyA": Key(30, 0x1E, 0x00),
    "KeyS": Key(31, 0x1F, 0x01),
    "KeyD": Key(32, 0x20, 0x02),
    "KeyF": Key(33, 0x21, 0x03),
    "KeyG": Key(34, 0x22, 0x05),
    "KeyH": Key(35, 0x23, 0x04),
    "KeyJ": Key(36, 0x24, 0x26),
    "KeyK": Key(37, 0x25, 0x28),
    "KeyL": Key(38, 0x26, 0x25),
    "Semicolon": Key(39, 0x27, 0x29),
    "Quote": Key(40, 0x28, 0x27),
    "IntlBackslash": Key(86, 0x56, 0x0A),
    "KeyZ": Key(44, 0x2C, 0x06),
    "KeyX": Key(45, 0x2D, 0x07),
    "KeyC": Key(46, 0x2E, 0x08),
    "KeyV": Key(47, 0x2F, 0x09),
    "KeyB": Key(48, 0x30, 0x0B),
    "KeyN": Key(49, 0x31, 0x2D),
    "KeyM": Key(50, 0x32, 0x2E),
    "Comma": Key(51, 0x33, 0x2B),
    "Period": Key(52, 0x34, 0x2F),
    "Slash": Key(53, 0x35, 0x2C),
    "IntlRo": Key(89, 0x73, 0x5E),
    "IntlYen": Key(124, 0x7D, 0x5D),
    "Space": Key(57, 0x39, 0x31),
    # Functional keys of the writing block
    "Backspace": Key(14, 0x0E, 0x33),
    "Tab": Key(15, 0x0F, 0x30),
    "CapsLock": Key(58, 0x3A, 0x39),
    "Enter": Key(28, 0x1C, 0x24),
    "ShiftLeft": Key(42, 0x2A, 0x38),
    "ShiftRight": Key(54, 0x36, 0x3C),
    "ControlLeft": Key(29, 0x1D, 0x3B),
    "ControlRight": Key(97, 0xE01D, 0x3E),
    "AltLeft": Key(56, 0x38, 0x3A),
    "AltRight": Key(100, 0xE038, 0x3D),
    "MetaLeft": Key(125, 0xE05B, 0x37),
    "MetaRight": Key(126, 0xE05C, 0x36),
    "ContextMenu": Key(127, 0xE05D, 0x6E),
    # Korean and Japanese keys: 한/영, 한자, kana
    "Lang1": Key(122, 0x72, 0x68),
    "Lang2": Key(123, 0x71, 0x66),
    "Lang3": Key(90, 0x78),
    "Lang4": Key(91, 0x77),
    "Lang5": Key(85, 0x76),
    "Convert": Key(92, 0x79),
    "NonConvert": Key(94, 0x7B),
    "KanaMode": Key(93, 0x70),
    # Control pad and arrows
    "Help": Key(138, 0xE03B),
    "Insert": Key(110, 0xE052, 0x72),
    "Delete": Key(111, 0xE053, 0x75),
    "Home": Key(102, 0xE047, 0x73),
    "End": Key(107, 0xE04F, 0x77),
    "PageUp": Key(104, 0xE049, 0x74),
    "PageDown": Key(109, 0xE051, 0x79),
    "ArrowUp": Key(103, 0xE048, 0x7E),
    "ArrowDown": Key(108, 0xE050, 0x7D),
    "ArrowLeft": Key(105, 0xE04B, 0x7B),
    "ArrowRight": Key(106, 0xE04D, 0x7C),
    # Number pad
    "NumLock": Key(69, 0xE045, 0x47),
    "Numpad0": Key(82, 0x52, 0x52),
    "Numpad1": Key(79, 0x4F, 0x53),
    "Numpad2": Key(80, 0x50, 0x54),
    "Numpad3": Key(81, 0x51, 0x55),
    "Numpad4": Key(75, 0x4B, 0x56),
    "Numpad5": Key(76, 0x4C, 0x57),
    "Numpad6": Key(77, 0x4D, 0x58),
    "Numpad7": Key(71, 0x47, 0x59),
    "Numpad8": Key(72, 0x48, 0x5B),
    "Numpad9": Key(73, 0x49, 0x5C),
    "NumpadAdd": Key(78, 0x4E, 0x45),
    "NumpadSubtract": Key(74, 0x4A, 0x4E),
    "NumpadMultiply": Key(55, 0x37, 0x43),
    "NumpadDivide": Key(98, 0xE035, 0x4B),
    "NumpadDecimal": Key(83, 0x53, 0x41),
    "NumpadEnter": Key(96, 0xE01C, 0x4C),
    "NumpadEqual": Key(117, 0x59, 0x51),
    "NumpadComma": Key(121, 0x7E, 0x5F),
    "NumpadParenLeft": Key(179),
    "NumpadParenRight": Key(180),
    # Function row
    "Escape": Key(1, 0x01, 0x35),
    "F1": Key(59, 0x3B, 0x7A),
    "F2": Key(60, 0x3C, 0x78),
    "F3": Key(61, 0x3D, 0x63),
    "F4": Key(62, 0x3E, 0x76),
    "F5": Key(63, 0x3F, 0x60),
    "F6": Key(64, 0x40, 0x61),
    "F7": Key(65, 0x41, 0x62),
    "F8": Key(66, 0x42, 0x64),
    "F9": Key(67, 0x43, 0x65),
    "F10": Key(68, 0x44, 0x6D),
    "F11": Key(87, 0x57, 0x67),
    "F12": Key(88, 0x58, 0x6F),
    "F13": Key(183, 0x64, 0x69),
    "F14": Key(184, 0x65, 0x6B),
    "F15": Key(185, 0x66, 0x71),
    "F16": Key(186, 0x67, 0x6A),
    "F17": Key(187, 0x68, 0x40),
    "F18": Key(188, 0x69, 0x4F),
    "F19": Key(189, 0x6A, 0x50),
    "F20": Key(190, 0x6B, 0x5A),
    "F21": Key(191, 0x6C),
    "F22": Key(192, 0x6D),
    "F23": Key(193, 0x6E),
    "F24": Key(194, 0x76),
    "Fn": Key(464, None, 0x3F),
    "PrintScreen": Key(99, 0xE037),
    "ScrollLock": Key(70, 0x46),
    "Pause": Key(119, 0x45),
    # Media and office keys; Power, Sleep and WakeUp are left to the person at the machine
    "AudioVolumeMute": Key(113, 0xE020, 0x4A),
    "AudioVolumeDown": Key(114, 0xE02E, 0x49),
    "AudioVolumeUp": Key(115, 0xE030, 0x48),
    "VolumeMute": Key(113, 0xE020, 0x4A),
    "VolumeDown": Key(114, 0xE02E, 0x49),
    "VolumeUp": Key(115, 0xE030, 0x48),
    "MediaPlayPause": Key(164, 0xE022),
    "MediaStop": Key(166, 0xE024),
    "MediaTrackNext": Key(163, 0xE019),
    "MediaTrackPrevious": Key(165, 0xE010),
    "MediaSelect": Key(226, 0xE06D),
    "Eject": Key(161, 0xE02C),
    "LaunchMail": Key(155, 0xE06C),
    "LaunchApp1": Key(144, 0xE06B),
    "LaunchApp2": Key(140, 0xE021),
    "BrowserHome": Key(172, 0xE032),
    "BrowserSearch": Key(217, 0xE065),
    "BrowserFavorites": Key(156, 0xE066),
    "BrowserRefresh": Key(173, 0xE067),
    "BrowserStop": Key(128, 0xE068),
    "BrowserForward": Key(159, 0xE069),
    "BrowserBack": Key(158, 0xE06A),
    # Keys of older workstations
    "Again": Key(129),
    "Copy": Key(133, 0xE018),
    "Cut": Key(137, 0xE017),
    "Find": Key(136),
    "Open": Key(134),
    "Paste": Key(135, 0xE00A),
    "Props": Key(130),
    "Select": Key(132),
    "Undo": Key(131, 0xE008),
}


def x11_keycode(code: str) -> int | None:
    """Return the X keycode (8-255) of a physical key, None for one that X cannot name."""
    key = KEYS.get(code)
    if key is None or key.evdev + X11_OFFSET > 255:
        return None
    return key.evdev + X11_OFFSET
