"""`ezp2p register`: whose links open this program, told to people and to scripts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.program import Event, finished

CHOICE = "[Default Applications]\nx-scheme-handler/ezp2p=other.desktop;\n"


def register(home: Path, *arguments: str, **environ: str) -> tuple[int, Event]:
    """Run it; return its exit code and its one event."""
    code, said = finished("register", *arguments, home=home, environ=environ)
    assert len(said.events) == 1, said.story()
    assert "Traceback" not in said.stderr
    return code, said.events[0]


def other_program(home: Path) -> None:
    """Let another program open the links."""
    applications = home / ".local/share/applications"
    applications.mkdir(parents=True)
    (applications / "other.desktop").write_text("[Desktop Entry]\nName=Other\nExec=other %u\n")
    (home / ".config").mkdir()
    (home / ".config/mimeapps.list").write_text(CHOICE)


def test_register_says_what_opens_the_links_now_and_before(tmp_path: Path) -> None:
    other_program(tmp_path)
    ours = [sys.executable, "-m", "ezp2p"]
    code, said = register(tmp_path)
    assert code == 0
    assert said == {
        "event": "registered",
        "handler": "ezp2p.desktop",
        "command": ours,
        "before": "other.desktop",
    }
    code, said = register(tmp_path)
    assert (code, said["before"]) == (0, "ezp2p.desktop")
    code, said = register(tmp_path, "--remove")
    assert (code, said) == (0, {"event": "unregistered", "handler": "other.desktop"})


def test_the_menus_call_the_program_in_the_persons_language(tmp_path: Path) -> None:
    register(tmp_path)
    entry = (tmp_path / ".local/share/applications/ezp2p.desktop").read_text(encoding="utf-8")
    comments = [line for line in entry.splitlines() if line.startswith("Comment")]
    assert [line.partition("=")[0] for line in comments] == ["Comment", "Comment[ko]"]
    icon = tmp_path / ".local/share/icons/hicolor/scalable/apps/ezp2p.svg"
    assert icon.read_text().startswith("<svg")


@pytest.mark.parametrize(("language", "word"), [("en", "Links"), ("ko", "링크")])
def test_a_person_reads_one_sentence(tmp_path: Path, language: str, word: str) -> None:
    for arguments in ((), ("--remove",)):
        code, said = finished(
            "register", *arguments, home=tmp_path, language=language, as_json=False
        )
        assert (code, len(said.lines)) == (0, 1), said.story()
        assert word in said.lines[0]
        assert "{" not in said.lines[0]


def test_a_choice_that_goes_before_the_persons_is_named(tmp_path: Path) -> None:
    other_program(tmp_path)
    (tmp_path / ".config/gnome-mimeapps.list").write_text(CHOICE)
    code, said = register(tmp_path, XDG_CURRENT_DESKTOP="GNOME")
    assert (code, said["key"]) == (1, "urlhandler.taken")
    assert "other.desktop" in said["message"]


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("a file where the folder would be")
    code, said = register(tmp_path)
    assert (code, said["key"]) == (1, "urlhandler.unavailable")
    assert str(tmp_path) in said["message"]


@pytest.mark.parametrize(
    "hostile",
    [
        ("ezp2p://x", "--headless", "--grant", "view,control"),
        ("EZP2P://x", "--server", "evil.example"),
        ("ezp2p:", "operator"),
        ("ezp2p:--headless", "--grant=view"),
    ],
)
def test_what_a_link_smuggles_in_is_no_option(tmp_path: Path, hostile: tuple[str, ...]) -> None:
    code, said = finished(*hostile, home=tmp_path)
    assert code == 2
    assert [event["key"] for event in said.events] == ["usage"]
