"""What goes wrong before anything works: a sentence that helps, a key and an exit code."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ezp2p.app.places import LOCALE
from ezp2p.base.texts import Texts
from ezp2p.wire.code import AccessCode
from ezp2p.wire.keys import EndReason, ErrorKey, Grant, PathKind
from tests.support.program import Event, finished
from tests.support.xvfb import Display, xvfb

CODE = str(AccessCode("417", "90538"))
HEADLESS = ("customer", "--headless", "--grant", "view,control")
COUNSELOR = ("operator", "--headless", "--ui", "browser", "--login", "admin")


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    with xvfb(320, 200) as running:
        yield running


@pytest.fixture(scope="module")
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def error(
    home: Path, *arguments: str, environ: dict[str, str] | None = None, language: str = "en"
) -> tuple[int, Event]:
    """Run the program; return its exit code and its one error event."""
    code, program = finished(*arguments, home=home, environ=environ, language=language)
    errors = [event for event in program.events if event["event"] == "error"]
    assert len(errors) == 1, program.story()
    assert "{" not in errors[0]["message"], errors[0]
    assert "Traceback" not in program.stderr, program.story()
    return code, errors[0]


def test_customer_without_a_display_is_told_before_a_try_is_spent(
    tmp_path: Path, closed_port: int
) -> None:
    server = f"127.0.0.1:{closed_port}"
    code, said = error(tmp_path, *HEADLESS, "--server", server, environ={"EZP2P_CODE": CODE})
    assert (code, said["key"]) == (1, "display.none")


def test_dead_display_is_no_display(tmp_path: Path, closed_port: int) -> None:
    environ = {"EZP2P_CODE": CODE, "DISPLAY": ":4711"}
    server = f"127.0.0.1:{closed_port}"
    code, said = error(tmp_path, *HEADLESS, "--server", server, environ=environ)
    assert code == 1
    assert said["key"] in ("display.none", "screen.unavailable")


def test_wayland_screen_is_not_shared_and_the_way_out_is_said(
    tmp_path: Path, display: Display, closed_port: int
) -> None:
    wayland = {"XDG_SESSION_TYPE": "wayland", "WAYLAND_DISPLAY": "wayland-0"}
    x11 = {name: display.environ[name] for name in ("DISPLAY", "XAUTHORITY")}
    for environ in (wayland, wayland | x11):  # without and with Xwayland, which shows too little
        server = f"127.0.0.1:{closed_port}"
        environ = environ | {"EZP2P_CODE": CODE}
        code, said = error(tmp_path, *HEADLESS, "--server", server, environ=environ)
        assert (code, said["key"]) == (1, "screen.wayland")
        assert "X11" in said["message"]


def test_server_that_is_down_is_named_with_host_and_port(
    tmp_path: Path, display: Display, closed_port: int
) -> None:
    server = f"127.0.0.1:{closed_port}"
    x11 = {name: display.environ[name] for name in ("DISPLAY", "XAUTHORITY")}
    for arguments, secret in ((HEADLESS, "EZP2P_CODE"), (COUNSELOR, "EZP2P_PASSWORD")):
        environ = x11 | {secret: CODE}
        code, said = error(tmp_path, *arguments, "--server", server, environ=environ)
        assert (code, said["key"]) == (4, "server.unreachable")
        assert "127.0.0.1" in said["message"]
        assert str(closed_port) in said["message"]


def test_code_without_a_company_asks_for_its_address(tmp_path: Path) -> None:
    code, said = error(tmp_path, *HEADLESS, environ={"EZP2P_CODE": CODE})
    assert (code, said["key"]) == (2, "server.unknown")
    assert "--server" in said["message"]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("417 905 381", "code.mistyped"),
        ("417", "code.mistyped"),
        ("https://help.company.kr/main/417#k=short", "link.malformed"),
        ("https://help.company.kr/main/417#k=4S23AcHlaKDmnTXPP89AXA&x=1", "link.malformed"),
        ("http://help.company.kr/main/417#k=4S23AcHlaKDmnTXPP89AXA", "link.malformed"),
    ],
)
def test_what_cannot_be_a_code_or_a_link_is_not_sent(tmp_path: Path, typed: str, key: str) -> None:
    environ = {"EZP2P_CODE": typed}
    code, said = error(tmp_path, *HEADLESS, "--server", "127.0.0.1:9", environ=environ)
    assert (code, said["key"]) == (2, key)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("fly",), "fly"),
        (("customer", "--headless"), "--grant"),
        (("customer", "--headless", "--grant", "everything"), "--grant"),
        ((*COUNSELOR, "--slots", "9"), "--slots"),
        (COUNSELOR, "EZP2P_PASSWORD"),
        (("serve", "--port", "often"), "--port"),
        (("version", "--language", "fr"), "--language"),
        (("admin", "create-site", "a"), "create-site SITE COMPANY"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_names_what_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    code, said = error(tmp_path, *arguments)
    assert (code, said["key"]) == (2, "usage")
    assert why in said["message"]


def test_password_does_not_go_over_plain_http_to_another_machine(tmp_path: Path) -> None:
    environ = {"EZP2P_PASSWORD": "secret"}
    server = ("--server", "http://192.0.2.1:3000")
    code, said = error(tmp_path, *COUNSELOR, *server, environ=environ)
    assert (code, said["key"]) == (2, "server.insecure")


def test_broken_settings_file_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / ".config" / "ezp2p" / "ezp2p.toml"
    file.parent.mkdir(parents=True)
    file.write_text("server = ")
    code, said = error(tmp_path, "doctor")
    assert (code, said["key"]) == (2, "usage")
    assert str(file) in said["message"]
    assert file.read_text() == "server = "


def test_server_whose_port_is_taken_says_which(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        arguments = ("serve", "--host", "127.0.0.1", "--port", str(port))
        code, said = error(tmp_path, *arguments, "--data", str(tmp_path / "data"))
    assert (code, said["key"]) == (1, "port.taken")
    assert str(port) in said["message"]


def test_server_without_a_place_for_its_data_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    data = str(tmp_path / "file" / "data")
    code, said = error(tmp_path / "home", "serve", "--port", "0", "--data", data)
    assert (code, said["key"]) == (1, "data.unwritable")


def test_server_with_a_broken_database_keeps_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    finished("admin", "list", "--data", str(data), home=tmp_path)
    file = data / "ezp2p.db"
    assert file.exists()
    file.write_bytes(b"no database at all" * 300)
    code, said = error(tmp_path, "serve", "--port", "0", "--data", str(data))
    assert (code, said["key"]) == (1, "database.broken")
    assert file.read_bytes() == b"no database at all" * 300


def test_error_speaks_the_persons_language(tmp_path: Path) -> None:
    arguments = ("customer", "--headless", "--grant", "view")
    environ = {"EZP2P_CODE": "123"}
    english = error(tmp_path, *arguments, environ=environ)[1]["message"]
    korean = error(tmp_path, *arguments, environ=environ, language="ko")[1]["message"]
    chosen = error(tmp_path, *arguments, "--language", "ko", environ=environ)[1]["message"]
    assert re.search("[가-힣]", korean)
    assert not re.search("[가-힣]", english)
    assert chosen == korean


def test_error_without_json_is_one_sentence_on_stderr(tmp_path: Path) -> None:
    code, program = finished(*HEADLESS, home=tmp_path, environ={"EZP2P_CODE": "123"}, as_json=False)
    assert code == 2
    assert (program.lines, program.events) == ([], [])
    assert program.stderr.splitlines() == ["One of the digits looks mistyped. Please check it."]


def test_secret_on_the_line_is_warned_of_and_one_in_a_variable_is_not(tmp_path: Path) -> None:
    on_line = finished(*HEADLESS, "417 905 381", home=tmp_path)[1]
    assert "EZP2P_CODE" in on_line.stderr
    in_variable = finished(*HEADLESS, home=tmp_path, environ={"EZP2P_CODE": "417 905 381"})[1]
    assert "EZP2P_CODE" not in in_variable.stderr
    password = finished(*COUNSELOR, "--password", "hunter2", home=tmp_path)[1]
    assert "EZP2P_PASSWORD" in password.stderr
    assert "hunter2" not in password.stderr + json.dumps(password.events)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    "keys",
    [
        list(ErrorKey),
        [f"end.{reason}" for reason in EndReason],
        [f"path.{kind}" for kind in PathKind],
        [f"grant.{grant}" for grant in Grant],
    ],
    ids=["errors", "ends", "paths", "grants"],
)
def test_every_key_of_the_wire_has_a_sentence(keys: list[Any], language: str) -> None:
    texts = Texts(LOCALE, language)
    own = json.loads((LOCALE / f"{language}.json").read_text(encoding="utf-8"))
    assert [key for key in keys if str(key) not in own] == []
    assert all(texts.text(str(key)).strip() for key in keys)
