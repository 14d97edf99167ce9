import json
import logging
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ezp2p.store.diary import KEPT, LARGEST_BYTES, SessionDiary


class FixedClock:
    """Noon of a day in March, in any time zone that people live in."""

    def now(self) -> float:
        return 5.0

    def wall(self) -> float:
        return 1772366400.25


def lines(diary: SessionDiary) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(diary.path).read_bytes().splitlines() if line]


def test_each_event_is_one_line_with_its_time(tmp_path: Path) -> None:
    diary = SessionDiary(tmp_path, FixedClock())
    diary.write("consent", granted=["view"], answer="YES")
    diary.write("chat", mine=False, text="줄\n바꿈")
    first, second = lines(diary)
    assert first["at"].startswith("2026-03-0")
    assert first["at"][19:23] == ".250"
    del first["at"]
    assert first == {"event": "consent", "granted": ["view"], "answer": "YES"}
    assert second["text"] == "줄\n바꿈"


def test_a_line_is_there_at_once_for_whoever_opens_the_file(tmp_path: Path) -> None:
    diary = SessionDiary(tmp_path, FixedClock())
    diary.write("started")
    assert len(lines(diary)) == 1
    diary.write("ended")
    assert len(lines(diary)) == 2


def test_each_session_has_a_file_of_its_own_named_by_the_day(tmp_path: Path) -> None:
    first, second = (SessionDiary(tmp_path, FixedClock()) for _ in range(2))
    assert first.path != second.path
    assert Path(first.path).parent == tmp_path
    assert Path(first.path).name.startswith("2026-03-0")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_only_this_person_may_read_it(tmp_path: Path) -> None:
    diary = SessionDiary(tmp_path / "sessions", FixedClock())
    assert stat.S_IMODE(Path(diary.path).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "sessions").stat().st_mode) == 0o700


def test_the_oldest_files_are_forgotten(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        (tmp_path / f"2020-01-01_{number:06}_x.jsonl").touch()
    (tmp_path / "notes.txt").touch()
    diary = SessionDiary(tmp_path, FixedClock())
    left = sorted(path.name for path in tmp_path.glob("*.jsonl"))
    assert len(left) == KEPT
    assert left[0] == "2020-01-01_000006_x.jsonl"
    assert left[-1] == Path(diary.path).name
    assert (tmp_path / "notes.txt").exists()


def test_a_diary_stops_growing_and_says_so(tmp_path: Path) -> None:
    diary = SessionDiary(tmp_path, FixedClock())
    for _ in range(10):
        diary.write("chat", text="x" * 1024 * 1024)
    assert Path(diary.path).stat().st_size < LARGEST_BYTES + 1024
    assert [line["event"] for line in lines(diary)] == ["chat"] * 7 + ["diary-full"]


def test_two_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    diary = SessionDiary(tmp_path, FixedClock())

    def write() -> None:
        for number in range(200):
            diary.write("chat", text=f"{number} " * 50)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(diary)) == 800


def test_a_folder_that_cannot_be_made_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        diary = SessionDiary(tmp_path / "file" / "sessions", FixedClock())
        diary.write("started")
        diary.write("ended")
    assert diary.path == ""
    assert len(caplog.records) == 1


def test_a_file_that_can_no_longer_be_written_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    diary = SessionDiary(tmp_path / "sessions", FixedClock())
    Path(diary.path).unlink()
    (tmp_path / "sessions").rmdir()
    with caplog.at_level(logging.WARNING):
        diary.write("started")
        diary.write("ended")
    assert len(caplog.records) == 1


@pytest.mark.parametrize("odd", [object(), b"bytes", {1, 2}, "half \ud83d", float("nan")])
def test_odd_values_do_not_get_in_the_sessions_way(tmp_path: Path, odd: object) -> None:
    diary = SessionDiary(tmp_path, FixedClock())
    diary.write("odd", value=odd)
    diary.write("ended")
    assert [line["event"] for line in lines(diary)] == ["odd", "ended"]


def test_a_value_that_contains_itself_does_not_either(tmp_path: Path) -> None:
    diary = SessionDiary(tmp_path, FixedClock())
    knot: list[object] = []
    knot.append(knot)
    diary.write("odd", value=knot)
    diary.write("ended")
    assert [line["event"] for line in lines(diary)] == ["ended"]
