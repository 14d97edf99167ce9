"""Where a setting may stand, and which place wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ezp2p.app.options import COMMANDS, config_files, resolve
from ezp2p.base.errors import UsageError
from ezp2p.wire.keys import ErrorKey, Grant


def customer(
    line: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    *documents: Path,
) -> dict[str, Any]:
    return resolve("customer", line or {}, environment or {}, documents)


def document(folder: Path, text: str, name: str = "ezp2p.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_stand_when_nothing_is_said() -> None:
    options = customer()
    assert (options["ui"], options["json"], options["headless"]) == ("window", False, False)
    assert options["grant"] == frozenset()


def test_line_wins_over_environment_over_file(tmp_path: Path) -> None:
    file = document(tmp_path, 'server = "file"\nlanguage = "ko"\nui = "browser"\n')
    environment = {"EZP2P_SERVER": "environment", "EZP2P_LANGUAGE": "en"}
    options = customer({"server": "line"}, environment, file)
    assert (options["server"], options["language"], options["ui"]) == ("line", "en", "browser")


def test_users_file_wins_over_the_systems(tmp_path: Path) -> None:
    mine = document(tmp_path, 'server = "mine"', "mine.toml")
    systems = document(tmp_path, 'server = "systems"\nlanguage = "ko"', "systems.toml")
    options = customer(None, None, mine, systems)
    assert (options["server"], options["language"]) == ("mine", "ko")


def test_table_of_the_command_wins_over_the_top_of_the_file(tmp_path: Path) -> None:
    file = document(tmp_path, 'server = "all"\n[customer]\nserver = "mine"\n')
    assert customer(None, None, file)["server"] == "mine"


def test_headless_and_grant_count_on_the_line_only(tmp_path: Path) -> None:
    file = document(tmp_path, 'headless = true\ngrant = "view,control"\n')
    environment = {"EZP2P_HEADLESS": "1", "EZP2P_GRANT": "view,control"}
    options = customer(None, environment, file)
    assert (options["headless"], options["grant"]) == (False, frozenset())
    options = customer({"headless": True, "grant": "view,control"})
    assert (options["headless"], options["grant"]) == (True, {Grant.VIEW, Grant.CONTROL})


@pytest.mark.parametrize(
    ("line", "environment", "text"),
    [
        ({"listen": [":80", ":443"]}, {}, ""),
        ({}, {"EZP2P_LISTEN": ":80,:443,"}, ""),
        ({}, {}, 'listen = [":80", ":443"]'),
        ({}, {}, 'listen = ":80,:443"'),
    ],
)
def test_option_may_be_said_again_wherever_it_stands(
    tmp_path: Path, line: dict[str, Any], environment: dict[str, str], text: str
) -> None:
    options = resolve("serve", line, environment, (document(tmp_path, text),))
    assert options["listen"] == (":80", ":443")


@pytest.mark.parametrize("text", ["relay-ports", "relay_ports = [443, 80]", "proxy = 'none'"])
def test_way_out_is_read_wherever_it_stands(tmp_path: Path, text: str) -> None:
    line = {"relay_ports": ["443,80"]} if text == "relay-ports" else {}
    file = document(tmp_path, text if " = " in text else "")
    options = customer(line, None, file)
    assert options["relay_ports"] == (() if "proxy" in text else (443, 80))
    assert options["proxy"] == ("none" if "proxy" in text else None)


def test_bad_relay_port_is_refused() -> None:
    with pytest.raises(UsageError):
        customer({"relay_ports": ["443,99999"]})


@pytest.mark.parametrize(
    ("line", "environment"),
    [
        ({"grant": "view,everything"}, {}),
        ({}, {"EZP2P_UI": "carrier-pigeon"}),
        ({}, {"EZP2P_JSON": "perhaps"}),
    ],
)
def test_bad_value_names_its_place(line: dict[str, Any], environment: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        customer(line, environment)
    assert caught.value.key == ErrorKey.USAGE
    where = next(iter(environment)) if environment else "--grant"
    assert where in str(caught.value.fields["why"])


def test_bad_password_setting_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        resolve("operator", {"slots": "many"}, {"EZP2P_PASSWORD": "hunter2"}, ())
    assert "hunter2" not in str(caught.value)


def test_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        customer(None, None, document(tmp_path, "server = "))
    assert "ezp2p.toml" in str(caught.value.fields["why"])


def test_current_folder_is_never_read() -> None:
    assert all(path.is_absolute() and path.parent != Path.cwd() for path in config_files())


def test_no_option_stands_twice_in_a_command() -> None:
    for options in COMMANDS.values():
        names = [option.name for option in options]
        assert len(names) == len(set(names))
