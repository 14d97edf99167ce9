"""A command as Windows keeps it: one line of text, which every program takes apart for itself.

Quoted by the rules of Microsoft's C runtime, which Python and CommandLineToArgvW share.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from ctypes import wintypes

from ezp2p.desktop import win32


def line_of(command: Sequence[str]) -> str:
    """Return the line that runs `command`; raises ValueError for control characters."""
    if not command or not all(word.isprintable() for word in command):
        raise ValueError("no command that can be kept")
    # The program is always quoted: else C:\Program would be tried for C:\Program Files\...
    return " ".join([f'"{command[0]}"', subprocess.list2cmdline(command[1:])]).rstrip()


def command_of(line: str) -> tuple[str, ...]:
    """Return the words of a line, as Windows sees them; raises OSError."""
    if not line.strip():  # Windows would answer with the name of this very program
        return ()
    shell32, kernel32 = win32.library("shell32"), win32.library("kernel32")
    shell32.CommandLineToArgvW.argtypes = [wintypes.LPCWSTR, ctypes.POINTER(ctypes.c_int)]
    shell32.CommandLineToArgvW.restype = ctypes.POINTER(wintypes.LPWSTR)
    kernel32.LocalFree.argtypes = [ctypes.c_void_p]
    count = ctypes.c_int()
    words = shell32.CommandLineToArgvW(line, ctypes.byref(count))
    if not words:
        raise win32.last_error()
    try:
        return tuple(words[: count.value])
    finally:
        kernel32.LocalFree(words)
