"""The clipboard of Windows, with other programs: Notepad, and one of the tests'."""

from __future__ import annotations

import base64
import ctypes
import io
import json
import queue
import struct
import subprocess
import sys
from collections.abc import Iterator
from ctypes import wintypes
from pathlib import Path

import pytest
from PIL import Image

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.clipboard import (
    MAX_PICTURE_BYTES,
    MAX_TEXT_BYTES,
    Clipboard,
    Lack,
    Picture,
    Text,
    open_clipboard,
)
from tests.windows.notepad import Notepad, notepad

PATIENCE_S = 40
COPIER = Path(__file__).with_name("copier.py")
TEXT, DIB = "13", "8"
KOREAN = "안녕하세요, 뷁! 😀\n둘째 줄"
EXCLUDED = "ExcludeClipboardContentFromMonitorProcessing"
HISTORY = "CanIncludeInClipboardHistory"
WM_COPY, WM_PASTE, EM_SETSEL = 0x0301, 0x0302, 0x00B1

_user32 = ctypes.WinDLL("user32")
_user32.FindWindowExW.argtypes = [wintypes.HWND] * 2 + [wintypes.LPCWSTR] * 2
_user32.FindWindowExW.restype = wintypes.HWND
_user32.SendMessageW.argtypes = [wintypes.HWND, wintypes.UINT, ctypes.c_size_t, ctypes.c_ssize_t]


def tell(paper: Notepad, *messages: tuple[int, int, int]) -> None:
    """Send these to Notepad's text, as its menu does."""
    edit = _user32.FindWindowExW(paper.window, None, "Edit", None)
    for message in messages:
        _user32.SendMessageW(edit, *message)


def other_program(*arguments: str, given: str = "") -> str:
    return subprocess.run(
        [sys.executable, str(COPIER), *arguments],
        input=given,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    ).stdout


def copied(formats: dict[str, bytes]) -> None:
    encoded = {name: base64.b64encode(data).decode() for name, data in formats.items()}
    other_program("copy", given=json.dumps(encoded))


def pasted(name: str) -> bytes:
    return base64.b64decode(other_program("paste", name))


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def picture(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (6, 4), (200, 30, 90)).save(file, kind)
    return file.getvalue()


@pytest.fixture
def changes() -> queue.SimpleQueue[None]:
    return queue.SimpleQueue()


@pytest.fixture
def clipboard(changes: queue.SimpleQueue[None]) -> Iterator[Clipboard]:
    clipboard = open_clipboard(lambda: changes.put(None))
    yield clipboard
    clipboard.close()


def test_what_notepad_copies_is_reported_and_read(
    clipboard: Clipboard, changes: queue.SimpleQueue[None]
) -> None:
    with notepad() as paper:
        clipboard.write(Text(KOREAN))
        tell(paper, (WM_PASTE, 0, 0))
        paper.wait_for(KOREAN)
        assert changes.empty()
        tell(paper, (EM_SETSEL, 0, 5), (WM_COPY, 0, 0))
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() == Text(KOREAN[:5])


@pytest.mark.parametrize(
    ("story", "formats", "found"),
    [
        ("text", {TEXT: utf16(KOREAN.replace("\n", "\r\n") + "\0")}, Text(KOREAN)),
        ("rest_after_the_end", {TEXT: utf16("end\0 not this")}, Text("end")),
        ("half_a_character", {TEXT: utf16("a\ud83d\0")}, Text("a�")),
        ("empty_text", {TEXT: utf16("\0")}, Lack.EMPTY),
        (
            "much",
            {TEXT: utf16("가" * (MAX_TEXT_BYTES // 3) + "\0")},
            Text("가" * (MAX_TEXT_BYTES // 3)),
        ),
        ("too_much", {TEXT: bytes([0x61, 0]) * (MAX_TEXT_BYTES + 100)}, Lack.TOO_LARGE),
        ("picture", {"PNG": picture()}, Picture(picture())),
        ("text_and_picture", {TEXT: utf16("both\0"), "PNG": picture()}, Text("both")),
        ("too_large_a_picture", {"PNG": bytes(MAX_PICTURE_BYTES + 1)}, Lack.TOO_LARGE),
        ("broken_picture", {"PNG": b"no picture"}, Lack.NO_ANSWER),
        ("something_else", {"Rich Text Format": b"{\\rtf1}"}, Lack.EMPTY),
        ("password", {TEXT: utf16("hunter2\0"), EXCLUDED: bytes(1)}, Lack.CONCEALED),
        ("not_for_the_history", {TEXT: utf16("secret\0"), HISTORY: bytes(4)}, Lack.CONCEALED),
        ("for_the_history", {TEXT: utf16("plain\0"), HISTORY: struct.pack("<I", 1)}, Text("plain")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_another_program_puts_there_is_read(
    clipboard: Clipboard,
    changes: queue.SimpleQueue[None],
    story: str,
    formats: dict[str, bytes],
    found: object,
) -> None:
    copied(formats)
    changes.get(timeout=PATIENCE_S)
    assert clipboard.read() == found, story


def test_a_bitmap_is_read_as_png(clipboard: Clipboard, changes: queue.SimpleQueue[None]) -> None:
    copied({DIB: picture("BMP")[14:]})
    changes.get(timeout=PATIENCE_S)
    found = clipboard.read()
    assert isinstance(found, Picture)
    with Image.open(io.BytesIO(found.png)) as image:
        assert (image.format, image.size) == ("PNG", (6, 4))
        assert image.convert("RGB").getpixel((5, 3)) == (200, 30, 90)


def test_a_picture_that_we_write_is_there_for_old_and_new_programs(clipboard: Clipboard) -> None:
    clipboard.write(Picture(picture()))
    assert pasted("PNG")[: len(picture())] == picture()
    assert pasted(DIB).startswith(picture("BMP")[14:])
    assert clipboard.read() == Picture(picture())


def test_what_we_conceal_carries_the_marks_that_windows_knows(clipboard: Clipboard) -> None:
    clipboard.write(Text("hunter2", concealed=True))
    assert pasted(TEXT).startswith(utf16("hunter2\0"))
    assert pasted(EXCLUDED) != b""
    assert pasted(HISTORY)[:4] == bytes(4)
    assert clipboard.read() is Lack.CONCEALED
    clipboard.write(Text("plain"))
    assert pasted(EXCLUDED) == b""


def test_an_owner_that_hangs_holds_up_one_reading_and_no_more(
    clipboard: Clipboard, changes: queue.SimpleQueue[None]
) -> None:
    command = [sys.executable, str(COPIER), "promise"]
    hanging = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert hanging.stdout is not None
        assert hanging.stdout.readline().strip() == "promised"
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() in (Lack.NO_ANSWER, Lack.EMPTY)
    finally:
        hanging.kill()
        hanging.communicate()
    copied({TEXT: utf16("next\0")})
    changes.get(timeout=PATIENCE_S)
    assert clipboard.read() == Text("next")


def test_a_closed_clipboard_leaves_its_text_and_takes_no_more() -> None:
    closed = open_clipboard(lambda: None)
    closed.write(Text("stays"))
    closed.close()
    assert pasted(TEXT).startswith(utf16("stays\0"))
    with pytest.raises(Unavailable):
        closed.read()
    with pytest.raises(Unavailable):
        closed.write(Text("late"))


def test_a_clipboard_may_be_closed_by_its_own_report() -> None:
    reported: queue.SimpleQueue[None] = queue.SimpleQueue()

    def changed() -> None:
        opened.close()
        reported.put(None)

    opened = open_clipboard(changed)
    copied({TEXT: utf16("once\0")})
    reported.get(timeout=PATIENCE_S)
    opened.close()


@pytest.mark.parametrize("content", [Text(""), Text("a\0b"), Picture(b""), Picture(picture()[:50])])
def test_what_cannot_lie_on_a_clipboard_is_not_taken(
    clipboard: Clipboard, content: Text | Picture
) -> None:
    with pytest.raises(ValueError, match="no"):
        clipboard.write(content)
