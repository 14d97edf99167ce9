"""What we keep in Windows' registry: the next log-on, and who opens our links."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import winreg
from collections.abc import Iterator
from pathlib import Path

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.autostart import Entry, open_autostart
from ezp2p.desktop.urlhandler import Handler, Program, open_url_handler
from ezp2p.desktop.windows_command import command_of, line_of
from tests.windows.notepad import until

RUN_ONCE = r"Software\Microsoft\Windows\CurrentVersion\RunOnce"
HARD = ("C:\\바탕 화면\\ez p2p.exe", "resume", 'say "hi"', "100% %PATH%", "it's", "C:\\dir\\", "")
TELLER = "import json, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(json.dumps(sys.argv[2:]))"
LINK = "ezp2p://help.company.kr/main/417#k=4S23AcHlaKDmnTXPP89AXA"


@pytest.fixture(autouse=True)
def clean_registry() -> Iterator[None]:
    yield
    for entry in open_autostart().entries():
        open_autostart().remove(entry.name)
    open_url_handler().unregister()


def value(path: str, name: str = "") -> str:
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
        return str(winreg.QueryValueEx(key, name)[0])


def program(*command: str) -> Program:
    return Program(command, {"en": "Remote support"}, b"<svg/>")


@contextlib.contextmanager
def seen_by_wine() -> Iterator[None]:
    """Repeat this person's class among the machine's: Wine 8 opens links by those alone."""
    below = ["", r"\shell", r"\shell\open", r"\shell\open\command"]
    path = r"Software\Classes\ezp2p"
    line = value(path + below[-1])
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        winreg.SetValueEx(key, "URL Protocol", 0, winreg.REG_SZ, "")
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, path + below[-1]) as key:
        winreg.SetValueEx(key, "", 0, winreg.REG_SZ, line)
    try:
        yield
    finally:
        for part in reversed(below):
            winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, path + part)


def eventually_said(said: Path) -> list[str]:
    text = until(lambda: said.read_text() if said.exists() else "", "what the program was told")
    words: list[str] = json.loads(text)
    return words


def test_a_line_comes_apart_into_the_words_it_was_made_of() -> None:
    assert command_of(line_of(HARD)) == HARD
    assert line_of(["C:\\ezp2p.exe"]) == '"C:\\ezp2p.exe"'
    assert command_of("  ") == ()
    with pytest.raises(ValueError, match="command"):
        line_of(["two\nlines"])


def test_entries_are_kept_listed_replaced_and_removed() -> None:
    autostart = open_autostart()
    assert autostart.entries() == []
    autostart.add("resume", HARD)
    autostart.add("again", ["first.exe"])
    autostart.add("again", ["second.exe", "--now"])
    assert autostart.entries() == [Entry("again", ("second.exe", "--now")), Entry("resume", HARD)]
    assert value(RUN_ONCE, "*ezp2p-again") == '"second.exe" --now'  # in safe mode, too
    autostart.remove("again")
    autostart.remove("again")
    assert autostart.entries() == [Entry("resume", HARD)]


def test_values_of_others_are_neither_listed_nor_touched() -> None:
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN_ONCE) as key:
        winreg.SetValueEx(key, "other", 0, winreg.REG_SZ, "other.exe")
        winreg.SetValueEx(key, "*ezp2p-number", 0, winreg.REG_DWORD, 7)
    open_autostart().add("resume", ["ours.exe"])
    assert open_autostart().entries() == [Entry("resume", ("ours.exe",))]
    open_autostart().remove("resume")
    assert value(RUN_ONCE, "other") == "other.exe"
    open_autostart().remove("number")
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_ONCE, 0, winreg.KEY_SET_VALUE) as key:
        winreg.DeleteValue(key, "other")


def test_a_command_that_windows_would_cut_off_is_refused() -> None:
    with pytest.raises(Unavailable) as caught:
        open_autostart().add("resume", ["C:\\ezp2p.exe", "x" * 260])
    assert caught.value.key == "autostart.unavailable"
    assert open_autostart().entries() == []


def test_the_line_that_is_kept_starts_the_program_with_every_word(tmp_path: Path) -> None:
    teller, said = tmp_path / "teller.py", tmp_path / "바탕 화면.json"
    teller.write_text(TELLER)
    open_autostart().add("resume", [sys.executable, str(teller), str(said), "두 단어", 'a "b"'])
    subprocess.run(value(RUN_ONCE, "*ezp2p-resume"), check=True, timeout=60)
    assert eventually_said(said) == ["두 단어", 'a "b"']


def test_the_registered_program_opens_the_links_and_no_longer_once_removed() -> None:
    links = open_url_handler()
    assert links.handler() is None
    links.register(program("C:\\ezp2p\\ezp2p.exe"))
    links.register(program("C:\\바탕 화면\\ezp2p.exe", "-m"))
    assert links.handler() == Handler("ezp2p", ("C:\\바탕 화면\\ezp2p.exe", "-m"))
    assert value(r"Software\Classes\ezp2p", "URL Protocol") == ""
    links.unregister()
    links.unregister()
    assert links.handler() is None


def test_a_persons_own_choice_goes_first() -> None:
    links = open_url_handler()
    links.register(program("ours.exe"))
    association = r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations\ezp2p"
    command = r"Software\Classes\Other.Link\shell\open\command"
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, rf"{association}\UserChoice") as key:
        winreg.SetValueEx(key, "ProgId", 0, winreg.REG_SZ, "Other.Link")
    assert links.handler() == Handler("ezp2p", ("ours.exe",))  # Other.Link is gone
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, command) as key:
        winreg.SetValueEx(key, "", 0, winreg.REG_SZ, 'other.exe --url "%1"')
    assert links.handler() == Handler("Other.Link", ("other.exe", "--url"))
    for path in (rf"{association}\UserChoice", association, command):
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, path)


def test_a_clicked_link_arrives_whole(tmp_path: Path) -> None:
    teller, said = tmp_path / "teller.py", tmp_path / "said it.json"
    teller.write_text(TELLER)
    open_url_handler().register(program(sys.executable, str(teller), str(said)))
    with seen_by_wine():
        subprocess.run(["cmd.exe", "/c", "start", "", LINK], check=True, timeout=60)
        assert eventually_said(said) == [LINK]


def test_register_is_a_command_here_too() -> None:
    ours = [sys.executable, "-m", "ezp2p"]
    for arguments, event in (((), "registered"), (("--remove",), "unregistered")):
        said = subprocess.run(
            [*ours, "register", *arguments, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
        assert said.returncode == 0, said.stdout
        assert json.loads(said.stdout)["event"] == event
    assert open_url_handler().handler() is None
