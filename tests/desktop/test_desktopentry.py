"""Desktop entries: written by us, read by us, and judged by freedesktop's own tool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ezp2p.desktop.desktopentry import (
    URL,
    command_of,
    config_home,
    data_home,
    entry,
    exec_line,
    keys_of,
)

HARD = ["/opt/바탕 화면/ez p2p", 'say "hi"', "100%", "$HOME `id` \\n", "%u", "a;b", "it's", "", "#"]


def test_words_that_need_no_quotes_have_none() -> None:
    assert exec_line(["/opt/ezp2p/ezp2p", "-m", "a=b"], URL) == "/opt/ezp2p/ezp2p -m a=b %u"


def test_hard_words_come_back_as_they_were() -> None:
    assert command_of(exec_line(HARD)) == tuple(HARD)
    assert command_of(exec_line(HARD, URL)) == tuple(HARD)


@given(
    some.lists(some.text(some.characters(exclude_categories=("C", "Z")), min_size=1), min_size=1)
)
def test_any_words_come_back_through_the_whole_file(words: list[str]) -> None:
    keys = {"Name": "ezp2p", "Exec": exec_line(words, URL)}
    assert keys_of(entry(keys)) == keys
    assert command_of(keys_of(entry(keys))["Exec"]) == tuple(words)


def test_freedesktops_own_tool_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "test.desktop"
    keys = {"Type": "Application", "Name": "ezp2p", "Exec": exec_line(HARD, URL)}
    file.write_text(entry(keys), encoding="utf-8")
    said = subprocess.run(
        ["desktop-file-validate", str(file)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize("value", ["two\nlines", "bell\a", "nul\0"])
def test_a_value_with_control_characters_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="Name"):
        entry({"Name": value})


def test_other_groups_and_comments_are_not_the_entrys() -> None:
    text = "# Name=no\n[Other]\nName=no\n[Desktop Entry]\nName = yes\n#Exec=no\n[Action]\nName=no"
    assert keys_of(text) == {"Name": "yes"}
    assert keys_of("\0\1 nonsense") == {}


def test_a_relative_folder_does_not_count(tmp_path: Path) -> None:
    assert config_home({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path
    assert config_home({"XDG_CONFIG_HOME": "here"}) == Path.home() / ".config"
    assert data_home({}) == Path.home() / ".local" / "share"
