"""Everything a fresh checkout needs, installed once: `make setup`.

    system packages -> virtual environment -> Python packages -> ezp2p itself -> npm packages

Runs on a bare Python, before anything is installed: standard library only. Each step knows what it
was last done for (a file in .venv/setup/ holds the digest of its inputs) and is skipped while that
has not changed, so a second run takes a fraction of a second. System packages are installed by apt
where we are root or may sudo; elsewhere the command to type is printed and set-up goes on.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMPS = VENV / "setup"
LOCKS = ROOT / "build" / "lock"
WEB_TESTS = ROOT / "tests" / "ui" / "web"

# Groups of system_packages.txt that only one target needs, which asks for them by name.
OPTIONAL_GROUPS = {"wine", "package"}

# apt waits this long for another apt to finish, seconds.
APT_LOCK_TIMEOUT_S = 500


class SetupError(Exception):
    """A step failed and the rest cannot work; the text tells the person what to do."""


@dataclass
class PackageGroup:
    """Debian packages that serve one purpose."""

    name: str
    lost_without: str
    packages: list[str] = field(default_factory=list)


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command with its output shown; SetupError when it fails."""
    try:
        subprocess.run(command, cwd=cwd, check=True)
    except subprocess.CalledProcessError as error:
        raise SetupError(f"this failed, see above: {' '.join(map(str, command))}") from error
    except OSError as error:
        raise SetupError(f"cannot run {command[0]}: {error.strerror}") from error


# --- stamps


def digest(*inputs: str | Path) -> str:
    """One digest over the texts and the contents of the files given."""
    total = hashlib.sha256()
    for item in inputs:
        total.update(item.read_bytes() if isinstance(item, Path) else item.encode())
        total.update(b"\0")
    return total.hexdigest()


def is_done(step: str, key: str) -> bool:
    stamp = STAMPS / step
    return stamp.exists() and stamp.read_text() == key


def mark_done(step: str, key: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / step).write_text(key)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups in one checkout (`make test` in two terminals) take turns."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


# --- system packages


def package_groups(also: str = "") -> list[PackageGroup]:
    """The table in system_packages.txt, without what this machine or this set-up does not need."""
    groups: list[PackageGroup] = []
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for line in (ROOT / "build" / "system_packages.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            groups[-1].packages.append(line.strip().replace("PYTHON", python))
        else:
            name, _, lost_without = line.partition(":")
            groups.append(PackageGroup(name, lost_without.strip()))
    left_out = OPTIONAL_GROUPS - {also}
    if importlib.util.find_spec("ensurepip"):
        left_out.add("venv")
    return [group for group in groups if group.name not in left_out]


def keep_missing(groups: Iterable[PackageGroup]) -> list[PackageGroup]:
    """The groups cut down to the packages dpkg does not have."""
    groups = list(groups)
    wanted = [package for group in groups for package in group.packages]
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *wanted],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,  # it answers 1 as soon as one package is unknown
    )
    present = {
        name
        for name, _, status in (line.partition(" ") for line in answer.stdout.splitlines())
        if status == "installed"
    }
    cut = [
        PackageGroup(
            group.name, group.lost_without, [p for p in group.packages if p not in present]
        )
        for group in groups
    ]
    return [group for group in cut if group.packages]


def root_prefix() -> list[str] | None:
    """What to put before a command so that it runs as root; None when that is not allowed."""
    if os.name != "nt" and os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def apt_install(prefix: list[str], groups: list[PackageGroup]) -> None:
    """Install all groups at once; where apt refuses one name, group by group."""
    apt = [
        *prefix,
        *("env", "DEBIAN_FRONTEND=noninteractive", "apt-get"),
        *("-qq", "-o", f"DPkg::Lock::Timeout={APT_LOCK_TIMEOUT_S}"),
    ]
    install = [*apt, "install", "-y", "--no-install-recommends"]
    subprocess.run([*apt, "update"], check=False)
    everything = [package for group in groups for package in group.packages]
    if subprocess.run([*install, *everything], check=False).returncode != 0:
        for group in groups:
            subprocess.run([*install, *group.packages], check=False)


def install_or_refuse(
    groups: list[PackageGroup],
    what: str,
    missing_of: Callable[[list[PackageGroup]], list[PackageGroup]],
) -> None:
    """Install what `missing_of` finds missing; SetupError tells the command if that fails."""
    missing = missing_of(groups)
    prefix = root_prefix() if missing else None
    if prefix is not None:
        say(f"installing {what}")
        apt_install(prefix, missing)
        missing = missing_of(groups)
    if missing:
        names = " ".join(package for group in missing for package in group.packages)
        raise SetupError(f"sudo apt-get install --no-install-recommends {names}")


def install_system_packages() -> str:
    """Install what apt can, else say what is missing and which part of ezp2p needs it.

    Returns the digest of what is still missing: apt is asked once for that, not at every run.
    """
    groups = package_groups()
    if not shutil.which("dpkg-query"):
        if sys.platform == "linux":
            say("not a Debian system: see build/system_packages.txt for what else is needed")
        return ""
    missing = keep_missing(groups)
    tried_before = is_done("system", digest_of(missing))
    prefix = root_prefix() if missing and not tried_before else None
    if prefix is not None:
        say("installing system packages: " + ", ".join(group.name for group in missing))
        apt_install(prefix, missing)
        missing = keep_missing(groups)
    if missing:
        report_missing(missing, in_full=not tried_before)
    if any(group.name == "venv" for group in missing):
        raise SetupError("cannot go on without these; install them and run this again")
    return digest_of(missing)


def digest_of(groups: list[PackageGroup]) -> str:
    return digest(*(package for group in groups for package in group.packages))


def report_missing(missing: list[PackageGroup], *, in_full: bool) -> None:
    packages = " ".join(package for group in missing for package in group.packages)
    if in_full:
        say("system packages are missing; without them this will not work:")
        for group in missing:
            say(f"  {group.name}: {group.lost_without}")
        say("to install them:")
    say(f"sudo apt-get update; sudo apt-get install --no-install-recommends {packages}")


# --- the steps inside the checkout


def make_virtual_environment() -> None:
    key = digest(sys.version, str(VENV))
    if is_done("venv", key) and (BIN / "python").exists():
        return
    say(f"making {VENV.name} with Python {sys.version.split()[0]}")
    run(sys.executable, "-m", "venv", "--clear", VENV)
    mark_done("venv", key)


def install_python_packages() -> None:
    """What the lock files name, checked by hash; the build back ends first."""
    locks = [LOCKS / "backend.txt", LOCKS / "dev.txt"]
    key = digest(*locks)
    if is_done("packages", key):
        return
    say("installing Python packages (the first time this takes a few minutes)")
    for lock in locks:
        # --no-deps: the lock is complete, and leaves out on purpose what lock/overrides.txt names.
        pip_install("--require-hashes", "--requirement", lock)
    mark_done("packages", key)


def install_ezp2p() -> None:
    """ezp2p itself, editable, so that .venv/bin/ezp2p runs the checkout."""
    key = digest(ROOT / "pyproject.toml", ROOT / "ezp2p" / "__init__.py")
    if is_done("ezp2p", key):
        return
    pip_install("--editable", ROOT)
    mark_done("ezp2p", key)


def pip_install(*arguments: str | Path) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--root-user-action=ignore")
    run(
        *(BIN / "python", "-m", "pip", "install", *quiet),
        *("--no-deps", "--no-build-isolation", *arguments),
    )


def install_npm_packages() -> None:
    """The type checker and the accessibility checker for ui/web; nothing that ships."""
    key = digest(WEB_TESTS / "package.json", WEB_TESTS / "package-lock.json")
    if is_done("npm", key) and (WEB_TESTS / "node_modules").exists():
        return
    say("installing npm packages for the tests of ui/web")
    # npm's first line asks for `node`, which is beside it.
    os.environ["PATH"] = os.pathsep.join((str(BIN), os.environ.get("PATH", "")))
    # As pip does: trust the certificates the system trusts, a company's own among them.
    os.environ.setdefault("NODE_USE_SYSTEM_CA", "1")
    quiet = ("--no-fund", "--no-audit", "--no-update-notifier", "--loglevel=error")
    run(BIN / "npm", "ci", *quiet, cwd=WEB_TESTS)
    mark_done("npm", key)


def main() -> int:
    if sys.version_info < (3, 11):
        say(f"this is Python {sys.version.split()[0]}, ezp2p needs 3.11 or newer")
        return 1
    try:
        with one_at_a_time():
            still_missing = install_system_packages()
            make_virtual_environment()
            mark_done("system", still_missing)
            install_python_packages()
            install_ezp2p()
            install_npm_packages()
    except SetupError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
