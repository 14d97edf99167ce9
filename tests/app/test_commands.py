"""The small commands: version, admin; and what every command has in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from ezp2p.app.edition import edition
from tests.support.company import company
from tests.support.program import Event, finished, program


def test_version_is_told_to_people_and_to_scripts(tmp_path: Path) -> None:
    this = edition()
    for asked in ("version", "--version"):
        code, said = finished(asked, home=tmp_path, as_json=False)
        assert (code, said.lines) == (0, [f"ezp2p {this}"])
    code, said = finished("version", home=tmp_path)
    assert said.events == [
        {"event": "version", "version": this.version, "day": this.day, "commit": this.commit}
    ]


@pytest.mark.parametrize("command", ["customer", "admin"])
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    code, said = finished(command, "--help", home=tmp_path, as_json=False)
    assert code == 0
    assert said.lines[0].startswith(f"usage: ezp2p {command}")
    assert said.stderr == ""


def test_admin_adds_people_beside_the_running_server_and_brings_a_backup_back(
    tmp_path: Path,
) -> None:
    data = ("--data", str(tmp_path / "data"))

    def admin(*names: str) -> list[Event]:
        code, said = finished("admin", *names, *data, home=tmp_path / "admin")
        assert code == 0, said.story()
        return said.events

    with company(tmp_path) as hanbit:
        admin("rename-site", "main", "Hanbit Support")
        (added,) = admin("add-counselor", "minji", "Kim Minji")
        (renewed,) = admin("reset-password", "minji")
        assert (added["login"], renewed["login"]) == ("minji", "minji")
        assert renewed["password"] != added["password"]
        with program(
            *("operator", "--server", hanbit.url, "--login", "minji", "--ui", "none"),
            home=hanbit.home("counselor"),
            environ={"EZP2P_PASSWORD": renewed["password"]},
        ) as counselor:
            counselor.wait_for("waiting")
        admin("backup", str(tmp_path / "kept"))
    (late,) = admin("create-site", "late", "Too late")
    assert (late["site"], late["login"]) == ("late", "admin")
    admin("restore", str(tmp_path / "kept"))
    listed = admin("list")
    assert [(e["site"], e["company"]) for e in listed if e["event"] == "site"] == [
        ("main", "Hanbit Support")
    ]
    assert {e["login"] for e in listed if e["event"] == "account"} == {"admin", "minji"}
