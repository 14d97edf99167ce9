"""Which proxy counts: the line's, the settings', the system's; and where its password is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from ezp2p.app.options import resolve
from ezp2p.app.outbound import keyring_account, make_outbound, remember_proxy
from ezp2p.base.errors import UsageError
from ezp2p.desktop.keyring import SystemKeyring
from ezp2p.link.outbound import Outbound, parse_proxy
from ezp2p.store.settings import Settings
from ezp2p.ui.front import PORTS_SETTING, PROXY_SETTING
from tests.support.keyring import RamKeyring


def chosen(folder: Path, keyring: SystemKeyring | None = None, **line: str) -> Outbound:
    options = resolve("customer", line, {}, ())
    return make_outbound(options, Settings(folder), keyring or SystemKeyring(RamKeyring()))


def test_what_stands_on_the_line_wins_over_what_is_remembered(tmp_path: Path) -> None:
    Settings(tmp_path).put(PROXY_SETTING, "http://remembered:1")
    Settings(tmp_path).put(PORTS_SETTING, "443, x,0,3000,99999")
    assert chosen(tmp_path).proxy == parse_proxy("http://remembered:1")
    assert chosen(tmp_path).relay_ports == (443, 3000)
    assert chosen(tmp_path, proxy="socks5://line").proxy == parse_proxy("socks5://line")
    assert chosen(tmp_path, relay_ports="80").relay_ports == (80,)


def test_none_means_no_proxy_and_no_system_proxy(tmp_path: Path) -> None:
    Settings(tmp_path).put(PROXY_SETTING, "http://remembered:1")
    assert (chosen(tmp_path, proxy="none").proxy, chosen(tmp_path, proxy="none").is_direct) == (
        None,
        True,
    )
    assert not chosen(tmp_path / "other").is_direct


def test_password_comes_from_the_keyring_and_one_that_is_given_wins(tmp_path: Path) -> None:
    keyring = SystemKeyring(RamKeyring())
    keyring.remember(keyring_account(parse_proxy("http://kim:forgotten@p:1")), "secret")
    assert chosen(tmp_path, keyring, proxy="http://kim@p:1").proxy == parse_proxy(
        "http://kim:secret@p:1"
    )
    assert chosen(tmp_path, keyring, proxy="http://kim:mine@p:1").proxy == parse_proxy(
        "http://kim:mine@p:1"
    )
    assert chosen(tmp_path, keyring, proxy="http://lee@p:1").proxy == parse_proxy("http://lee@p:1")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("http://kim:secret@p:1", "http://kim@p:1"),
        (" socks5://p ", "socks5://p:1080"),
        ("none", "none"),
        ("", ""),
    ],
)
def test_proxy_is_remembered_without_its_password(tmp_path: Path, typed: str, kept: str) -> None:
    settings = Settings(tmp_path)
    remember_proxy(typed, settings)
    assert settings.get(PROXY_SETTING) == kept
    assert "secret" not in (tmp_path / "settings.json").read_text()


def test_what_is_no_proxy_is_not_remembered(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    remember_proxy("http://p:1", settings)
    with pytest.raises(UsageError, match=r"proxy\.malformed"):
        remember_proxy("carrier pigeon", settings)
    assert settings.get(PROXY_SETTING) == "http://p:1"


def test_nonsense_on_the_line_is_refused_and_in_the_settings_passed_over(tmp_path: Path) -> None:
    Settings(tmp_path).put(PROXY_SETTING, "carrier pigeon")
    assert chosen(tmp_path).proxy is None
    with pytest.raises(UsageError):
        chosen(tmp_path, proxy="ftp://p")
