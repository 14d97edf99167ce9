"""Which screen is opened, where there is more than one way or none."""

import sys

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.screen import open_screen
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import ScreenDriver

if sys.platform != "linux":
    pytest.skip("how Linux tells of its sessions", allow_module_level=True)

# What a session's variables say, and what a person is told.
sessions = {
    "no_screen_at_all": ({}, ErrorKey.DISPLAY_NONE),
    "an_empty_name": ({"DISPLAY": ""}, ErrorKey.DISPLAY_NONE),
    "nobody_answers": ({"DISPLAY": ":9999"}, ErrorKey.SCREEN_UNAVAILABLE),
    "no_name_of_a_display": ({"DISPLAY": "nonsense"}, ErrorKey.SCREEN_UNAVAILABLE),
    "wayland": ({"WAYLAND_DISPLAY": "wayland-0"}, ErrorKey.SCREEN_WAYLAND),
    "wayland_with_xwayland": (
        {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"},
        ErrorKey.SCREEN_WAYLAND,
    ),
    "wayland_by_its_type": (
        {"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"},
        ErrorKey.SCREEN_WAYLAND,
    ),
    "an_x11_session_whose_server_is_gone": (
        {"XDG_SESSION_TYPE": "x11", "DISPLAY": ":9999"},
        ErrorKey.SCREEN_UNAVAILABLE,
    ),
}


@pytest.mark.parametrize("driver", ScreenDriver)
@pytest.mark.parametrize(("environ", "key"), sessions.values(), ids=sessions)
def test_a_session_without_a_screen_for_us_is_told_apart(
    environ: dict[str, str],
    key: ErrorKey,
    driver: ScreenDriver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable) as caught:
        open_screen(driver)
    assert caught.value.key == key
