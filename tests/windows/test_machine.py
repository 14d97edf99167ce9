"""The machine under the other tests here: a real CPython for Windows, on Windows or under Wine."""

import sys

from ezp2p.desktop.info import facts


def test_this_is_windows_for_python_and_for_us() -> None:
    assert sys.platform == "win32"
    assert facts().system.startswith("Windows ")
    assert facts().name
