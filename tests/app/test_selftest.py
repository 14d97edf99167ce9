"""`ezp2p --selftest`: every part is tried for real, and what does not work is named."""

from __future__ import annotations

from pathlib import Path

from tests.support.program import finished
from tests.support.xvfb import xvfb


def test_every_part_works_where_there_is_a_display(tmp_path: Path) -> None:
    with xvfb(320, 200) as display:
        x11 = {name: display.environ[name] for name in ("DISPLAY", "XAUTHORITY")}
        code, said = finished("--selftest", home=tmp_path, environ=x11)
    assert code == 0, said.story()
    parts = {event["name"]: event for event in said.events if event["event"] == "part"}
    assert all(part["ok"] and not part["skipped"] for part in parts.values())
    assert parts["screen"]["detail"] == "fast 320x200, portable 320x200"
    assert parts["link"]["detail"] == "direct-lan"
    assert said.events[-1]["event"] == "selftest"
    assert said.events[-1]["failed"] == []


def test_a_part_that_does_not_work_is_named_and_what_the_machine_lacks_is_no_failure(
    tmp_path: Path,
) -> None:
    nothing = {"SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": str(tmp_path / "none")}
    code, said = finished("--selftest", home=tmp_path, environ=nothing)
    assert code == 1
    assert said.events[-1]["failed"] == ["trust"], said.story()
    assert {e["name"] for e in said.events if e.get("skipped")} == {"screen", "control"}


def test_people_read_it_in_their_language(tmp_path: Path) -> None:
    code, said = finished("--selftest", home=tmp_path, language="ko", as_json=False)
    assert code == 0, said.story()
    assert all(line[0] in "✓–" and "selftest." not in line for line in said.lines[:-1])
    assert said.lines[-1].startswith("모든 부분이 정상입니다")
