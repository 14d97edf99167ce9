"""Settings, and below them the document that survives kills, full disks and damage."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ezp2p.base.errors import Unavailable
from ezp2p.store.settings import Settings
from ezp2p.wire.keys import ErrorKey

NAME = "settings.json"

# Puts numbers for ever; says each one that has been put.
_WRITER = """
import sys
from itertools import count
from pathlib import Path
from ezp2p.store.settings import Settings
settings = Settings(Path(sys.argv[1]))
for number in count(1):
    settings.put("number", number)
    print(number, flush=True)
"""

# Its files may not grow beyond some bytes, as on a disk that is full.
_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from ezp2p.base.errors import Unavailable
from ezp2p.store.settings import Settings
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
settings = Settings(Path(sys.argv[1]))
settings.put("theme", "dark")
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    settings.put("long", "x" * 1000)
except Unavailable as error:
    print(error.key, settings.get("theme"), settings.get("long"))
"""


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.put("language", "ko")
    settings.put("servers", ["https://한국.example", "https://b.example"])
    again = Settings(tmp_path)
    assert again.get("language") == "ko"
    assert again.get("servers") == ["https://한국.example", "https://b.example"]


def test_what_was_never_put_is_the_default(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    assert settings.get("zoom") is None
    assert settings.get("zoom", 100) == 100


def test_a_later_value_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.put("theme", "dark")
    settings.put("theme", None)
    assert Settings(tmp_path).get("theme", "light") is None


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    Settings(tmp_path / "new").get("theme")
    assert not (tmp_path / "new").exists()


def test_two_programs_do_not_forget_each_others_choices(tmp_path: Path) -> None:
    first, second = Settings(tmp_path), Settings(tmp_path)
    first.put("theme", "dark")
    second.put("language", "ko")
    third = Settings(tmp_path)
    assert (third.get("theme"), third.get("language")) == ("dark", "ko")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_only_this_person_may_read_them(tmp_path: Path) -> None:
    Settings(tmp_path / "new").put("theme", "dark")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / NAME).stat().st_mode) == 0o600


# --- damage


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b'{"settings": {"1": {"theme": "da',
        b"\x00" * 100,
        b"\xff\xfe",
        b"[]",
        b'{"settings": 5}',
        b'{"settings": {"1": 5}}',
        b'{"settings": {"one": {}}}',
    ],
)
def test_a_damaged_document_is_set_aside_and_the_backup_used(tmp_path: Path, damage: bytes) -> None:
    settings = Settings(tmp_path)
    settings.put("theme", "dark")
    settings.put("language", "ko")
    (tmp_path / NAME).write_bytes(damage)
    again = Settings(tmp_path)
    assert (again.get("theme"), again.get("language")) == ("dark", None)
    assert (tmp_path / f"{NAME}.damaged").read_bytes() == damage
    again.put("language", "en")
    assert Settings(tmp_path).get("theme") == "dark"


def test_without_any_readable_document_everything_begins_anew(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.put("theme", "dark")
    settings.put("theme", "light")
    for path in (tmp_path / NAME, tmp_path / f"{NAME}.bak"):
        path.write_bytes(b"damaged")
    again = Settings(tmp_path)
    assert again.get("theme") is None
    again.put("theme", "dark")
    assert Settings(tmp_path).get("theme") == "dark"


def test_a_backup_is_never_replaced_by_a_damaged_document(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.put("theme", "dark")
    settings.put("theme", "light")
    (tmp_path / NAME).write_bytes(b"damaged")
    settings.put("language", "ko")
    (tmp_path / NAME).write_bytes(b"damaged again")
    assert Settings(tmp_path).get("theme") == "dark"


def test_a_kill_at_any_moment_loses_nothing_that_was_put(tmp_path: Path) -> None:
    for puts in (1, 7, 20, 33):
        command = [sys.executable, "-c", _WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline() for _ in range(puts)]
            writer.kill()
            said += writer.stdout.readlines()
        kept = Settings(tmp_path).get("number")
        last = int(next(line for line in reversed(said) if line.endswith("\n")))
        assert kept in (last, last + 1)  # the last one may have been put but not said


# --- where nothing can be written


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size there")
def test_a_full_disk_is_reported_and_the_old_document_stays(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [ErrorKey.DATA_UNWRITABLE, "dark", "None"]
    assert Settings(tmp_path).get("theme") == "dark"
    assert [path.name for path in tmp_path.glob("*.new")] == []


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(tmp_path / "file" / "below")
    assert settings.get("theme", "system") == "system"
    with pytest.raises(Unavailable) as caught:
        settings.put("theme", "dark")
    assert caught.value.key == ErrorKey.DATA_UNWRITABLE
    assert settings.get("theme") is None
    with pytest.raises(Unavailable):
        settings.check()


def test_a_check_changes_nothing(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.put("theme", "dark")
    settings.check()
    assert Settings(tmp_path).get("theme") == "dark"
