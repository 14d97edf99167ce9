"""Processes on Windows: names by a snapshot of the system, endings by closing the windows.

A snapshot (Toolhelp) names the processes that do not let themselves be asked, too. `terminate` is
as rude as `kill` here; what a person would do is to close the program's windows.
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes

import psutil

from ezp2p.desktop import win32
from ezp2p.desktop.processes.portable import Name, PsutilProcesses

_SNAP_PROCESSES = 0x00000002
_WM_CLOSE = 0x0010
_INVALID = ctypes.c_void_p(-1).value


class _Entry(ctypes.Structure):
    """PROCESSENTRY32W."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("usage", wintypes.DWORD),
        ("pid", wintypes.DWORD),
        ("heap", ctypes.c_size_t),
        ("module", wintypes.DWORD),
        ("threads", wintypes.DWORD),
        ("parent", wintypes.DWORD),
        ("priority", wintypes.LONG),
        ("flags", wintypes.DWORD),
        ("file", wintypes.WCHAR * 260),
    )


def snapshot_names() -> list[Name]:
    """Return all processes but for the idle one, which is none; raises OSError."""
    kernel32 = win32.library("kernel32")
    kernel32.CreateToolhelp32Snapshot.argtypes = [wintypes.DWORD, wintypes.DWORD]
    kernel32.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
    for function in (kernel32.Process32FirstW, kernel32.Process32NextW):
        function.argtypes = [wintypes.HANDLE, ctypes.POINTER(_Entry)]
    kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
    snapshot = kernel32.CreateToolhelp32Snapshot(_SNAP_PROCESSES, 0)
    if snapshot == _INVALID:
        raise win32.last_error()
    names: list[Name] = []
    try:
        entry = _Entry(size=ctypes.sizeof(_Entry))
        found = kernel32.Process32FirstW(snapshot, ctypes.byref(entry))
        while found:
            if entry.pid:
                names.append(Name(entry.pid, entry.parent, entry.file))
            found = kernel32.Process32NextW(snapshot, ctypes.byref(entry))
    finally:
        kernel32.CloseHandle(snapshot)
    return names


def ask_to_close(process: psutil.Process) -> None:
    """Close its windows; one without any is ended at once."""
    user32 = win32.library("user32")
    user32.GetWindowThreadProcessId.argtypes = [wintypes.HWND, ctypes.POINTER(wintypes.DWORD)]
    user32.IsWindowVisible.argtypes = [wintypes.HWND]
    user32.PostMessageW.argtypes = [
        *(wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM),
    ]
    closed = False

    def see(window: int, _: int) -> bool:
        nonlocal closed
        owner = wintypes.DWORD()
        user32.GetWindowThreadProcessId(window, ctypes.byref(owner))
        if owner.value == process.pid and user32.IsWindowVisible(window):
            closed |= bool(user32.PostMessageW(window, _WM_CLOSE, 0, 0))
        return True

    kind = win32.callback(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
    user32.EnumWindows.argtypes = [kind, wintypes.LPARAM]
    user32.EnumWindows(kind(see), 0)
    if not closed:
        process.terminate()


def open_processes() -> PsutilProcesses:
    """Return this machine's."""
    return PsutilProcesses(snapshot_names, ask_to_close)
