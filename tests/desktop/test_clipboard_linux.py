"""The clipboard on a real X server, with xclip as the other program, and with worse ones."""

from __future__ import annotations

import contextlib
import io
import itertools
import queue
import struct
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import xcffib
import xcffib.xproto
from PIL import Image

from ezp2p.base.errors import Unavailable
from ezp2p.desktop import xserver
from ezp2p.desktop.clipboard import (
    MAX_PICTURE_BYTES,
    MAX_TEXT_BYTES,
    Clipboard,
    Lack,
    Picture,
    Text,
    open_clipboard,
)
from tests.support.selection_owner import Answer, Pieces, Rude, selection_owner
from tests.support.xvfb import Display, xvfb

PATIENCE_S = 30
KOREAN = "안녕하세요, 뷁! 😀\n둘째 줄"
MARK = "x-kde-passwordManagerHint"


@dataclass(frozen=True)
class OtherProgram:
    """xclip."""

    display: Display

    @contextlib.contextmanager
    def copying(self, data: bytes, target: str = "UTF8_STRING") -> Iterator[None]:
        """Have `data` on the clipboard until somebody else copies, or the context ends."""
        command = ["xclip", "-quiet", "-selection", "clipboard", "-target", target, "-in"]
        process = subprocess.Popen(
            command, env=self.display.environ, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert process.stdin is not None
            process.stdin.write(data)
            process.stdin.close()
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_S)

    def pasted(self, target: str = "UTF8_STRING") -> bytes:
        """Return what the clipboard has of that kind."""
        command = ["xclip", "-selection", "clipboard", "-target", target, "-out"]
        return subprocess.run(
            command,
            env=self.display.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            check=False,
        ).stdout

    def targets(self) -> list[str]:
        """Return the names of what the clipboard offers."""
        return self.pasted("TARGETS").decode().split()


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    with xvfb(320, 200) as display, display.as_ours():
        yield display


@pytest.fixture
def other(display: Display) -> OtherProgram:
    return OtherProgram(display)


@pytest.fixture
def changes() -> queue.SimpleQueue[None]:
    return queue.SimpleQueue()


@pytest.fixture
def clipboard(display: Display, changes: queue.SimpleQueue[None]) -> Iterator[Clipboard]:
    clipboard = open_clipboard(lambda: changes.put(None))
    yield clipboard
    clipboard.close()


def picture(width: int = 8, height: int = 8, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 90)).save(file, kind)
    return file.getvalue()


def noise(size_bytes: int) -> bytes:
    """Return a PNG file of about this size."""
    side = int((size_bytes / 3) ** 0.5)
    file = io.BytesIO()
    Image.effect_noise((side, side * 3), 90).save(file, "PNG", compress_level=0)
    return file.getvalue()


@pytest.mark.parametrize(
    "text", ["a", KOREAN, "x" * 300_000, "가" * (MAX_TEXT_BYTES // 3)], ids=len
)
def test_a_text_that_another_program_copies_is_reported_and_read(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], other: OtherProgram, text: str
) -> None:
    with other.copying(text.encode()):
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() == Text(text)


@pytest.mark.parametrize("text", ["a", KOREAN, "나" * 1_000_000], ids=len)
def test_a_text_that_we_write_is_pasted_by_another_program(
    clipboard: Clipboard, other: OtherProgram, text: str
) -> None:
    clipboard.write(Text(text))
    assert other.pasted() == text.encode()
    assert other.pasted("text/plain;charset=utf-8") == text.encode()


def test_our_own_writing_is_no_change(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], other: OtherProgram
) -> None:
    clipboard.write(Text("ours"))
    clipboard.write(Text("ours again"))
    assert clipboard.read() == Text("ours again")
    with other.copying(b"theirs"):
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() == Text("theirs")
    assert changes.empty()


def test_what_another_program_copies_takes_the_place_of_ours(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], other: OtherProgram
) -> None:
    for round_ in ("first", "second"):
        clipboard.write(Text(f"ours, {round_}"))
        assert other.pasted() == f"ours, {round_}".encode()
        with other.copying(f"theirs, {round_}".encode()):
            changes.get(timeout=PATIENCE_S)
            assert other.pasted() == f"theirs, {round_}".encode()
            assert clipboard.read() == Text(f"theirs, {round_}")


def test_old_programs_get_latin_1_where_it_holds_the_text(
    clipboard: Clipboard, other: OtherProgram
) -> None:
    clipboard.write(Text("Größe"))
    assert other.pasted("STRING") == "Größe".encode("latin-1")
    clipboard.write(Text(KOREAN))
    assert "STRING" not in other.targets()
    assert other.pasted("STRING") == b""


def test_pictures_travel_both_ways(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], other: OtherProgram
) -> None:
    small, large = picture(), noise(3_000_000)
    for png in (small, large):
        with other.copying(png, "image/png"):
            changes.get(timeout=PATIENCE_S)
            assert clipboard.read() == Picture(png)
        clipboard.write(Picture(png))
        assert other.targets() == ["TARGETS", "TIMESTAMP", "MULTIPLE", "image/png"]
        assert other.pasted("image/png") == png


def test_a_bitmap_is_read_as_png(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], other: OtherProgram
) -> None:
    with other.copying(picture(5, 7, "BMP"), "image/bmp"):
        changes.get(timeout=PATIENCE_S)
        found = clipboard.read()
    assert isinstance(found, Picture)
    with Image.open(io.BytesIO(found.png)) as image:
        assert (image.format, image.size) == ("PNG", (5, 7))
        assert image.convert("RGB").getpixel((4, 6)) == (200, 30, 90)


def test_line_ends_of_windows_and_what_follows_a_nul_do_not_get_through(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], other: OtherProgram
) -> None:
    with other.copying(b"one\r\ntwo\0three"):
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() == Text("one\ntwo")


def test_an_empty_clipboard_is_empty(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], other: OtherProgram
) -> None:
    assert clipboard.read() is Lack.EMPTY
    with other.copying(b"gone soon"):
        changes.get(timeout=PATIENCE_S)
    assert clipboard.read() is Lack.EMPTY
    with other.copying(b"\x01\x02", "application/octet-stream"):
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() is Lack.EMPTY


def test_a_password_is_never_read_and_never_asked_for(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], display: Display
) -> None:
    with selection_owner(display, {"UTF8_STRING": b"hunter2", MARK: b"secret"}) as manager:
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() is Lack.CONCEALED
        assert manager.asked == 0


def test_what_we_conceal_carries_the_mark(clipboard: Clipboard, other: OtherProgram) -> None:
    clipboard.write(Text("hunter2", concealed=True))
    assert other.pasted(MARK) == b"secret"
    assert other.pasted() == b"hunter2"
    assert clipboard.read() is Lack.CONCEALED
    clipboard.write(Text("plain"))
    assert MARK not in other.targets()


def endless() -> Iterator[bytes]:
    return itertools.repeat(b"x" * 200_000)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"UTF8_STRING": Pieces(2**31, endless())}, Lack.TOO_LARGE),
        ({"UTF8_STRING": Pieces(10, endless())}, Lack.TOO_LARGE),
        ({"UTF8_STRING": b"x" * (MAX_TEXT_BYTES + 1)}, Lack.TOO_LARGE),
        ({"STRING": b"\xe9" * (MAX_TEXT_BYTES // 2 + 1)}, Lack.TOO_LARGE),
        ({"image/png": Pieces(MAX_PICTURE_BYTES + 1, [])}, Lack.TOO_LARGE),
        ({"UTF8_STRING": Pieces(6, [b"one", b"two", b""])}, Text("onetwo")),
        ({"UTF8_STRING": Pieces(9_000, [b"much less", b""])}, Text("much less")),
        ({"UTF8_STRING": Rude.REFUSES, "STRING": b"but \xe9"}, Text("but é")),
        ({"UTF8_STRING": b"", "STRING": Rude.REFUSES}, Lack.EMPTY),
        ({"UTF8_STRING": Rude.SAYS_ONLY}, Lack.EMPTY),
        ({"UTF8_STRING": b"\xff\xfebroken"}, Text("��broken")),
        ({"image/png": b"no picture"}, Lack.NO_ANSWER),
        ({"image/png": picture()[:-30]}, Picture(picture()[:-30])),
        ({"image/bmp": picture(kind="BMP")[:100]}, Lack.NO_ANSWER),
        ({"UTF8_STRING": Pieces(9, [b"half "], vanishes=True)}, Lack.EMPTY),
        ({"UTF8_STRING": Pieces(9, [b"half "])}, Lack.NO_ANSWER),
        ({"UTF8_STRING": Rude.SILENT}, Lack.NO_ANSWER),
    ],
    ids=lambda value: value.name if isinstance(value, Lack) else None,
)
def test_an_owner_that_breaks_its_word_stops_nothing(
    clipboard: Clipboard,
    changes: queue.SimpleQueue[None],
    display: Display,
    other: OtherProgram,
    answers: dict[str, Answer],
    found: object,
) -> None:
    with selection_owner(display, answers):
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() == found
    with other.copying(b"honest"):
        changes.get(timeout=PATIENCE_S)
        assert clipboard.read() == Text("honest")


def test_a_reading_goes_on_with_the_new_owner(
    clipboard: Clipboard,
    changes: queue.SimpleQueue[None],
    display: Display,
    other: OtherProgram,
) -> None:
    found: queue.SimpleQueue[object] = queue.SimpleQueue()
    with selection_owner(display, {"UTF8_STRING": Rude.SILENT}):
        changes.get(timeout=PATIENCE_S)
        reader = threading.Thread(target=lambda: found.put(clipboard.read()))
        reader.start()
        with other.copying(b"new"):
            assert found.get(timeout=PATIENCE_S) == Text("new")
        reader.join()


def test_a_writing_ends_a_reading_that_waits(
    clipboard: Clipboard, changes: queue.SimpleQueue[None], display: Display
) -> None:
    found: queue.SimpleQueue[object] = queue.SimpleQueue()
    with selection_owner(display, {"UTF8_STRING": Rude.SILENT}) as owner:
        changes.get(timeout=PATIENCE_S)
        readers = [threading.Thread(target=lambda: found.put(clipboard.read())) for _ in "ab"]
        for reader in readers:
            reader.start()
        owner.wait_until_asked()
        clipboard.write(Text("ours"))
        assert [found.get(timeout=PATIENCE_S) for _ in "ab"] == [Text("ours")] * 2
        for reader in readers:
            reader.join()


class Requestor:
    """A program that asks for the clipboard as few do."""

    def __init__(self, display: Display) -> None:
        connect: Any = xcffib.Connection
        self.connection = connect(display=display.name)
        self.core = self.connection.core
        self.window = self.connection.generate_id()
        root = self.connection.get_setup().roots[0].root
        self.core.CreateWindow(0, self.window, root, 0, 0, 1, 1, 0, 2, 0, 0, [])
        self.place = self.atom("ANSWER")

    def atom(self, name: str) -> int:
        return xserver.intern(self.connection, name)

    def ask(self, target: str) -> None:
        self.core.ConvertSelection(
            self.window, self.atom("CLIPBOARD"), self.atom(target), self.place, 0
        )
        self.connection.flush()

    def told(self) -> Any:
        """The next SelectionNotify."""
        while True:
            event = self.connection.wait_for_event()
            if isinstance(event, xcffib.xproto.SelectionNotifyEvent):
                return event

    def value(self, name: str = "ANSWER") -> bytes:
        reply = self.core.GetProperty(False, self.window, self.atom(name), 0, 0, 1 << 20).reply()
        return bytes(reply.value.buf())


@pytest.fixture
def requestor(display: Display) -> Iterator[Requestor]:
    requestor = Requestor(display)
    yield requestor
    requestor.connection.disconnect()


def test_several_kinds_are_given_at_once(clipboard: Clipboard, requestor: Requestor) -> None:
    clipboard.write(Text("text"))
    wanted = [("UTF8_STRING", "A"), ("image/png", "B"), ("TIMESTAMP", "C"), ("MULTIPLE", "D")]
    pairs = [requestor.atom(name) for pair in wanted for name in pair]
    xserver.set_property(
        *(requestor.connection, requestor.window, requestor.place),
        *(requestor.atom("ATOM_PAIR"), 32, struct.pack(f"={len(pairs)}I", *pairs)),
    )
    requestor.ask("MULTIPLE")
    assert requestor.told().property == requestor.place
    places = struct.unpack("=8I", requestor.value())[1::2]
    assert [bool(place) for place in places] == [True, False, True, False]
    assert requestor.value("A") == b"text"
    assert struct.unpack("=I", requestor.value("C"))[0] > 0


def test_a_requestor_that_vanishes_between_two_pieces_stops_nothing(
    clipboard: Clipboard, display: Display, other: OtherProgram
) -> None:
    clipboard.write(Text("다" * 400_000))
    for _ in range(3):
        dying = Requestor(display)
        dying.ask("UTF8_STRING")
        dying.told()
        dying.core.DeleteProperty(dying.window, dying.place)
        dying.connection.disconnect()
    assert other.pasted() == ("다" * 400_000).encode()


def test_a_request_in_our_own_windows_name_is_refused(
    clipboard: Clipboard, requestor: Requestor, other: OtherProgram
) -> None:
    clipboard.write(Text("ours"))
    selection = requestor.atom("CLIPBOARD")
    owner = requestor.core.GetSelectionOwner(selection).reply().owner
    request_event: Any = xcffib.xproto.SelectionRequestEvent
    event = request_event.synthetic(
        *(0, owner, owner, selection, requestor.atom("UTF8_STRING"), requestor.atom("FORGED"))
    )
    requestor.core.SendEventChecked(False, owner, 0, event.pack()).check()
    assert other.pasted() == b"ours"  # events come in order: the forged one is behind us
    forged = requestor.core.GetProperty(False, owner, requestor.atom("FORGED"), 0, 0, 9).reply()
    assert forged.type == xcffib.NONE


@pytest.mark.parametrize(
    "content", [Text(""), Text("a\0b"), Picture(b""), Picture(picture(kind="BMP"))], ids=repr
)
def test_what_cannot_lie_on_a_clipboard_is_not_taken(
    clipboard: Clipboard, content: Text | Picture
) -> None:
    with pytest.raises(ValueError, match="no"):
        clipboard.write(content)


def test_a_closed_clipboard_lets_go_and_takes_no_more(
    display: Display, other: OtherProgram
) -> None:
    closed = open_clipboard(lambda: None)
    closed.write(Text("ours"))
    closed.close()
    assert other.pasted() == b""
    with pytest.raises(Unavailable):
        closed.read()
    with pytest.raises(Unavailable):
        closed.write(Text("late"))


def test_a_clipboard_may_be_closed_by_its_own_report(other: OtherProgram) -> None:
    reported: queue.SimpleQueue[None] = queue.SimpleQueue()

    def changed() -> None:
        opened.close()
        reported.put(None)

    opened = open_clipboard(changed)
    with other.copying(b"once"):
        reported.get(timeout=PATIENCE_S)
    opened.close()


def test_a_dying_display_ends_a_reading() -> None:
    changed: queue.SimpleQueue[None] = queue.SimpleQueue()
    with xvfb(320, 200) as display, display.as_ours():
        clipboard = open_clipboard(lambda: changed.put(None))
        with OtherProgram(display).copying(b"here"):
            changed.get(timeout=PATIENCE_S)
            display.kill()
            with pytest.raises(Unavailable):
                clipboard.read()
        clipboard.close()


def test_no_display_has_no_clipboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(Unavailable) as none:
        open_clipboard(lambda: None)
    assert none.value.key == "clipboard.unavailable"
