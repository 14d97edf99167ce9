"""How this machine may be reached: as the command line says, else as a person once chose."""

from __future__ import annotations

from pathlib import Path

import pytest

from ezp2p.app.compose import make_ways
from ezp2p.app.options import resolve
from ezp2p.base.errors import UsageError
from ezp2p.store.settings import Settings


@pytest.mark.parametrize(
    ("line", "chosen", "port", "asks_router"),
    [
        pytest.param({}, {}, None, True, id="nobody said anything"),
        pytest.param({}, {"upnp": False, "forwarded-port": 51515}, 51515, False, id="chosen"),
        pytest.param({"upnp": "on"}, {"upnp": False}, None, True, id="the line wins, on"),
        pytest.param({"upnp": "off"}, {"upnp": True}, None, False, id="the line wins, off"),
        pytest.param(
            {"forwarded_port": "4000"}, {"forwarded-port": 51515}, 4000, True, id="the line's port"
        ),
        pytest.param({}, {"forwarded-port": 0}, None, True, id="the field was emptied"),
        pytest.param({}, {"forwarded-port": 70_000}, None, True, id="no port"),
        pytest.param({}, {"forwarded-port": "many", "upnp": "?"}, None, False, id="nonsense"),
    ],
)
def test_line_comes_before_what_was_chosen(
    tmp_path: Path,
    line: dict[str, str],
    chosen: dict[str, object],
    port: int | None,
    asks_router: bool,
) -> None:
    settings = Settings(tmp_path)
    for name, value in chosen.items():
        settings.put(name, value)
    for command in ("customer", "operator", "window"):
        ways = make_ways(resolve(command, line, {}, ()), settings)
        assert ways.forwarded_port == port
        assert (ways.router is not None) is asks_router


@pytest.mark.parametrize("line", [{"forwarded_port": "70000"}, {"upnp": "maybe"}])
def test_nonsense_on_the_line_is_refused(line: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        resolve("operator", line, {}, ())


def test_environment_says_it_as_well(tmp_path: Path) -> None:
    environment = {"EZP2P_UPNP": "off", "EZP2P_FORWARDED_PORT": "4000"}
    ways = make_ways(resolve("customer", {}, environment, ()), Settings(tmp_path))
    assert (ways.forwarded_port, ways.router) == (4000, None)
