"""Starting once at the next log-on: what is kept, and that the desktop really starts it."""

from __future__ import annotations

import json
import plistlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.autostart import Autostart, Entry, open_autostart
from ezp2p.desktop.autostart.fake import FakeAutostart
from ezp2p.desktop.autostart.files import FileAutostart
from ezp2p.desktop.autostart.linux import DesktopEntries
from ezp2p.desktop.autostart.macos import LaunchAgents

HARD = ("/opt/바탕 화면/ez p2p", "resume", 'say "hi"', "100% $HOME `id` \\n", "it's", "--token=a;b")
FORMATS = [DesktopEntries(), LaunchAgents()]
# What a started program was told, and whether its entry still lay there.
TELLER = "import json, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(json.dumps(sys.argv[2:]))"


@pytest.fixture(params=FORMATS, ids=lambda format_: type(format_).__name__)
def autostart(request: pytest.FixtureRequest, tmp_path: Path) -> FileAutostart:
    return FileAutostart(tmp_path / "새 폴더" / "autostart", request.param)


def eventually(happens: Callable[[], bool]) -> bool:
    until = time.monotonic() + 30
    while not happens() and time.monotonic() < until:
        time.sleep(0.02)
    return happens()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_entries_are_kept_listed_replaced_and_removed(
    autostart: FileAutostart, tmp_path: Path
) -> None:
    assert autostart.entries() == []
    autostart.add("resume", HARD)
    autostart.add("again", ["first"])
    autostart.add("again", ["second"])
    assert autostart.entries() == [Entry("again", ("second",)), Entry("resume", HARD)]
    autostart.remove("again")
    autostart.remove("again")
    assert autostart.entries() == [Entry("resume", HARD)]
    autostart.remove("resume")
    assert files(tmp_path) == []


def test_entries_of_others_are_neither_listed_nor_touched(
    autostart: FileAutostart, tmp_path: Path
) -> None:
    autostart.add("resume", ["ours"])
    (ours,) = files(tmp_path)
    for name in ("other", "resume2"):
        damaged = ours.with_name(ours.name.replace("resume", name))
        damaged.write_bytes(b"\xff\0 no entry")
    ours.with_name("org.gnome.Evolution.desktop").write_text("[Desktop Entry]\nExec=evolution\n")
    assert autostart.entries() == [Entry("resume", ("ours",))]
    autostart.remove("resume")
    assert len(files(tmp_path)) == 3


def test_the_desktop_starts_an_entry_with_every_word_intact_and_only_once(tmp_path: Path) -> None:
    folder, said = tmp_path / "자동 $시작" / "autostart", tmp_path / "said"
    autostart = FileAutostart(folder, DesktopEntries())
    autostart.add("resume", [sys.executable, "-c", TELLER, str(said), *HARD])
    (entry,) = files(folder)
    subprocess.run(["gio", "launch", str(entry)], check=True, timeout=30)
    assert eventually(said.exists)
    assert eventually(lambda: said.read_text() != "")
    assert json.loads(said.read_text()) == list(HARD)
    assert files(folder) == []


def test_launchd_would_run_the_same_and_only_once(tmp_path: Path) -> None:
    folder, said = tmp_path / "Library" / "Launch Agents", tmp_path / "said"
    autostart = FileAutostart(folder, LaunchAgents())
    autostart.add("resume", [sys.executable, "-c", TELLER, str(said), *HARD])
    (entry,) = files(folder)
    agent = plistlib.loads(entry.read_bytes())
    assert (agent["Label"], agent["RunAtLoad"]) == (entry.stem, True)
    subprocess.run(agent["ProgramArguments"], check=True, timeout=30)
    assert json.loads(said.read_text()) == list(HARD)
    assert files(folder) == []


def test_a_program_that_cannot_start_is_tried_once(tmp_path: Path) -> None:
    autostart = FileAutostart(tmp_path, DesktopEntries())
    autostart.add("resume", ["/opt/gone/ezp2p"])
    (entry,) = files(tmp_path)
    subprocess.run(["gio", "launch", str(entry)], check=True, timeout=30, capture_output=True)
    assert eventually(lambda: autostart.entries() == [])


@pytest.mark.skipif(sys.platform != "linux", reason="where Linux desktops look")
def test_this_persons_entries_lie_where_desktops_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    open_autostart().add("resume", ["ours"])
    assert [file.parent for file in files(tmp_path)] == [tmp_path / "autostart"]


@pytest.mark.parametrize("system", [FakeAutostart(), open_autostart()], ids=["fake", "real"])
@pytest.mark.parametrize(
    ("name", "command"),
    [
        *(("", ["a"]), ("../up", ["a"]), ("Re sume", ["a"]), ("a" * 41, ["a"]), ("-a", ["a"])),
        *(("resume", []), ("resume", ["two\nlines"]), ("resume", ["nul\0"])),
    ],
)
def test_what_cannot_be_an_entry_is_refused(
    system: Autostart, name: str, command: list[str]
) -> None:
    with pytest.raises(ValueError, match="no "):
        system.add(name, command)


def test_a_folder_that_cannot_be_is_said(autostart: FileAutostart, tmp_path: Path) -> None:
    (tmp_path / "새 폴더").write_text("a file where the folder would be")
    with pytest.raises(Unavailable) as caught:
        autostart.add("resume", ["ours"])
    assert caught.value.key == "autostart.unavailable"


def test_a_log_on_in_memory_happens_once() -> None:
    fake = FakeAutostart()
    fake.add("resume", ["ours"])
    fake.add("other", ["ours"])
    fake.remove("other")
    assert fake.log_on() == [Entry("resume", ("ours",))]
    assert fake.log_on() == []
