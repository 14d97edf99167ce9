"""Who opens ezp2p:// links: our files, and what the desktop's own programs make of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.urlhandler import Handler, Program
from ezp2p.desktop.urlhandler.fake import FakeUrlHandler
from ezp2p.desktop.urlhandler.linux import DesktopUrlHandler, Folders
from ezp2p.desktop.urlhandler.mimeapps import programs, with_default, without

KIND = "x-scheme-handler/ezp2p"
OURS = "ezp2p.desktop"
LINK = "ezp2p://help.company.kr/main/417#k=4S23AcHlaKDmnTXPP89AXA&p=%22;$HOME"
TELLER = "import json, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(json.dumps(sys.argv[2:]))"


def program(*command: str) -> Program:
    return Program(command, {"ko": "원격 지원", "en": "Remote support"}, b"<svg/>")


def environ(home: Path, **more: str) -> dict[str, str]:
    """Return the variables of somebody who has just got this computer."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    system = {"XDG_DATA_DIRS": str(home / "usr"), "XDG_CONFIG_DIRS": str(home / "etc")}
    persons = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
    }
    return kept | system | persons | more


def links_of(home: Path, **more: str) -> DesktopUrlHandler:
    return DesktopUrlHandler(Folders.of(environ(home, **more)))


def said_by(home: Path, *command: str) -> str:
    return subprocess.run(
        command, env=environ(home), capture_output=True, text=True, check=True, timeout=30
    ).stdout


def eventually(happens: Callable[[], bool]) -> bool:
    until = time.monotonic() + 30
    while not happens() and time.monotonic() < until:
        time.sleep(0.02)
    return happens()


def test_the_registered_program_opens_the_links_and_no_longer_once_removed(tmp_path: Path) -> None:
    links = links_of(tmp_path)
    assert links.handler() is None
    links.register(program("/opt/ezp2p/ezp2p"))
    links.register(program("/opt/ez p2p/ezp2p", "-m"))
    assert links.handler() == Handler(OURS, ("/opt/ez p2p/ezp2p", "-m"))
    links.unregister()
    links.unregister()
    assert links.handler() is None
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert set(left) <= {"mimeapps.list", "mimeinfo.cache"}


def test_the_desktops_own_programs_agree(tmp_path: Path) -> None:
    links_of(tmp_path).register(program("/bin/sh", "-c", "true"))
    entry = tmp_path / ".local/share/applications" / OURS
    assert said_by(tmp_path, "xdg-mime", "query", "default", KIND).strip() == OURS
    assert OURS in said_by(tmp_path, "gio", "mime", KIND)
    assert said_by(tmp_path, "desktop-file-validate", str(entry)) == ""


@pytest.mark.parametrize("opener", ["gio open", "xdg-open"])
def test_a_clicked_link_arrives_whole(tmp_path: Path, opener: str) -> None:
    said = tmp_path / "said"
    teller = tmp_path / "teller.py"
    teller.write_text(TELLER)
    links_of(tmp_path).register(program(sys.executable, str(teller), str(said), "--link"))
    # Without a desktop, xdg-open below 1.2 takes a scheme with a digit for a file.
    desktop = environ(tmp_path, XDG_CURRENT_DESKTOP="GNOME")
    subprocess.run([*opener.split(), LINK], env=desktop, check=True, timeout=30)
    assert eventually(lambda: said.exists() and said.read_text() != "")
    assert json.loads(said.read_text()) == ["--link", LINK]


def test_a_clicked_link_reaches_a_program_in_a_folder_with_spaces(tmp_path: Path) -> None:
    said = tmp_path / "바탕 화면" / 'a "said" 100%'
    said.parent.mkdir()
    links_of(tmp_path).register(program(sys.executable, "-c", TELLER, str(said)))
    subprocess.run(["gio", "open", LINK], env=environ(tmp_path), check=True, timeout=30)
    assert eventually(lambda: said.exists() and said.read_text() != "")
    assert json.loads(said.read_text()) == [LINK]


def test_another_program_comes_back_when_ours_goes(tmp_path: Path) -> None:
    other = tmp_path / "usr/applications/other.desktop"
    other.parent.mkdir(parents=True)
    other.write_text("[Desktop Entry]\nType=Application\nName=Other\nExec=other --url %u\n")
    choice = tmp_path / ".config/mimeapps.list"
    choice.parent.mkdir()
    before = f"# mine\n\n[Default Applications]\ntext/html=firefox.desktop\n{KIND}=other.desktop;\n"
    choice.write_text(before)
    links = links_of(tmp_path)
    assert links.handler() == Handler("other.desktop", ("other", "--url"))
    links.register(program("ours"))
    assert links.handler() == Handler(OURS, ("ours",))
    links.unregister()
    assert links.handler() == Handler("other.desktop", ("other", "--url"))
    assert sorted(choice.read_text().splitlines()) == sorted(before.splitlines())


def test_a_system_package_is_found_by_the_index(tmp_path: Path) -> None:
    packaged = tmp_path / "usr/applications" / OURS
    packaged.parent.mkdir(parents=True)
    packaged.write_text("[Desktop Entry]\nExec=/usr/bin/ezp2p %u\n")
    (packaged.parent / "mimeinfo.cache").write_text(f"[MIME Cache]\n{KIND}={OURS};\n")
    links = links_of(tmp_path)
    assert links.handler() == Handler(OURS, ("/usr/bin/ezp2p",))
    links.unregister()
    assert links.handler() == Handler(OURS, ("/usr/bin/ezp2p",))


def test_the_desktop_that_runs_has_the_first_word(tmp_path: Path) -> None:
    links_of(tmp_path).register(program("ours"))
    special = tmp_path / ".config/gnome-mimeapps.list"
    special.write_text(f"[Default Applications]\n{KIND}=gone.desktop;special.desktop\n")
    (tmp_path / ".local/share/applications/special.desktop").write_text(
        "[Desktop Entry]\nExec=special\n"
    )
    gnome = links_of(tmp_path, XDG_CURRENT_DESKTOP="ubuntu:GNOME")
    assert gnome.handler() == Handler("special.desktop", ("special",))
    assert links_of(tmp_path, XDG_CURRENT_DESKTOP="KDE").handler() == Handler(OURS, ("ours",))


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("a file where the folder would be")
    with pytest.raises(Unavailable) as caught:
        links_of(tmp_path).register(program("ours"))
    assert caught.value.key == "urlhandler.unavailable"
    with pytest.raises(ValueError, match="Exec"):
        links_of(tmp_path).register(program("two\nlines"))


@pytest.mark.parametrize(
    ("story", "before", "after"),
    [
        ("no_file", "", f"[Default Applications]\n{KIND}={OURS};\n"),
        ("only_others", "[A]\nx=y", f"[A]\nx=y\n\n[Default Applications]\n{KIND}={OURS};\n"),
        (
            "another_before_us",
            f"[Default Applications]\n{KIND}=other.desktop\ntext/html=b.desktop\n",
            f"[Default Applications]\n{KIND}={OURS};other.desktop;\ntext/html=b.desktop\n",
        ),
        (
            "we_are_there_already",
            f"[Default Applications]\r\n{KIND}=a.desktop;{OURS};b.desktop;\r\n",
            f"[Default Applications]\r\n{KIND}={OURS};a.desktop;b.desktop;\n",
        ),
        (
            "a_longer_kind_is_another",
            f"[Default Applications]\n{KIND}2=a.desktop;\n[Removed Associations]\n{KIND}=c;\n",
            f"[Default Applications]\n{KIND}={OURS};\n{KIND}2=a.desktop;\n"
            f"[Removed Associations]\n{KIND}=c;\n",
        ),
        (
            "bytes_that_are_no_text",
            "[Default Applications]\n\udcff\u2028=\udcfe\n",
            f"[Default Applications]\n{KIND}={OURS};\n\udcff\u2028=\udcfe\n",
        ),
    ],
)
def test_a_persons_list_keeps_all_that_is_not_ours(story: str, before: str, after: str) -> None:
    assert with_default(before, KIND, OURS) == after, story
    assert with_default(after, KIND, OURS) == after, story
    assert OURS not in programs(without(after, KIND, OURS), KIND)


def test_removed_associations_open_nothing() -> None:
    text = f"[Removed Associations]\n{KIND}=a.desktop;\n[Added Associations]\n{KIND}=b.desktop;\n"
    assert programs(text, KIND) == ["b.desktop"]


def test_the_handler_of_tests_remembers() -> None:
    fake = FakeUrlHandler()
    assert fake.handler() is None
    fake.register(program("ours"))
    assert fake.handler() == Handler("ezp2p", ("ours",))
    fake.unregister()
    assert fake.handler() is None
