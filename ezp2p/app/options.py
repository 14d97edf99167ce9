"""What may be set, and where: command line, EZP2P_ variable, ezp2p.toml - in this order.

One table per command. `--headless` and `--grant` exist on the command line only: nothing that
lies on a disk may open a screen without its owner looking.
"""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from ezp2p.base.errors import UsageError
from ezp2p.wire.keys import ErrorKey, Grant
from ezp2p.wire.signalling import REUNION_S

PREFIX = "EZP2P_"


def switch(text: str) -> bool:
    """Read yes or no as people write it in variables and files."""
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError(text)


def port(text: str) -> int:
    """Read a port's number."""
    number = int(text)
    if not 0 < number < 0x10000:
        raise ValueError(text)
    return number


def log_level(text: str) -> str:
    """Read how much goes to the log."""
    level = text.upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError(text)
    return level


def patience(text: str) -> float:
    """Read how many seconds a broken session waits: ten minutes are the rendezvous' patience."""
    seconds = float(text)
    if not 1 <= seconds <= REUNION_S:
        raise ValueError(text)
    return seconds


def grants(text: str) -> frozenset[Grant]:
    """Read `view,control`."""
    return frozenset(Grant(word.strip()) for word in text.split(",") if word.strip())


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: `--name`, EZP2P_NAME, and `name` in the file unless `line_only`."""

    name: str
    help: str
    read: Callable[[str], Any] = str
    default: Any = None
    choices: tuple[str, ...] = ()
    line_only: bool = False
    secret: bool = False
    many: bool = False  # may be said again: on the line, as a list in the file, else by commas

    @property
    def key(self) -> str:
        """Its name in Python and in the file."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.key.upper()


JSON = Option("json", "print one JSON object a line on stdout", switch, False)
LANGUAGE = Option("language", "ko or en; the system's otherwise")
LOG_LEVEL = Option("log-level", "DEBUG, INFO, WARNING or ERROR", log_level, "WARNING")
SERVER = Option("server", "the company's address: help.company.kr or help.company.kr/SITE")
INSECURE = Option("insecure-http", "allow passwords over plain http", switch, False)
RECONNECT = Option(
    "reconnect-for", "seconds a broken session waits for the other person", patience, REUNION_S
)
PROXY = Option(
    "proxy",
    "http://HOST:PORT or socks5://LOGIN@HOST:PORT, or none; the system's otherwise",
    secret=True,
)
RELAY_PORTS = Option(
    "relay-ports", "TCP ports of the relay to try; all it has otherwise", port, (), many=True
)
UPNP = Option(
    "upnp", "may the router be asked to open a port; as chosen otherwise", choices=("on", "off")
)
FORWARDED = Option("forwarded-port", "UDP port that the router hands on to us", port)
LISTENING = (
    Option("host", "address to listen on", default=""),
    Option("port", "TCP port", int, 3000),
    Option("listen", "one more TCP port: https://:443, http://:80, :51515", default=(), many=True),
    Option("udp-port", "UDP port of the relay; the TCP port otherwise", int),
    Option("public-url", "how people reach this server: https://help.company.kr"),
    Option("tls-cert", "certificate chain (PEM)", Path),
    Option("tls-key", "private key (PEM)", Path),
    Option("trusted-proxies", "addresses whose X-Forwarded-For counts, by commas", default=""),
)
HEADLESS = Option("headless", "open no window", switch, False, line_only=True)
OUTBOUND = (INSECURE, PROXY, RELAY_PORTS)
INBOUND = (UPNP, FORWARDED, RECONNECT)
COMMON = (JSON, LANGUAGE, LOG_LEVEL)


def ui_choice(*choices: str) -> Option:
    """Return the option that says where the pages are shown."""
    return Option("ui", "where the pages are shown", choices=choices, default="window")


COMMANDS: dict[str, tuple[Option, ...]] = {
    "window": (*COMMON, SERVER, *OUTBOUND, *INBOUND, ui_choice("window", "browser")),
    "customer": (
        *COMMON,
        SERVER,
        *OUTBOUND,
        *INBOUND,
        ui_choice("window", "browser"),
        HEADLESS,
        Option("grant", "with --headless: what to allow", grants, frozenset(), line_only=True),
        Option("screen-driver", "how pixels are taken", choices=("auto", "fast", "portable")),
    ),
    "operator": (
        *COMMON,
        SERVER,
        *OUTBOUND,
        *INBOUND,
        ui_choice("window", "browser", "none"),
        HEADLESS,
        Option("login", "the counselor's login name"),
        Option("password", "the counselor's password", secret=True),
        Option("slots", "how many customers to wait for (1 to 5)", int, 1),
    ),
    "serve": (
        *COMMON,
        *LISTENING,
        Option("discovery-port", "second UDP port; the one after the relay's otherwise", int),
        Option("data", "folder of the database and keys", Path),
        Option("database", "SQLAlchemy URL; SQLite in the data folder otherwise"),
        Option("company", "the company's name, at the first start", default="ezp2p"),
        INSECURE,
        Option(
            "relay",
            "a relay that runs apart, as it says when it starts: udp://HOST:PORT,https://HOST:PORT",
            default=(),
            many=True,
        ),
    ),
    "relay": (
        *COMMON,
        *LISTENING,
        Option("rendezvous-key", "relay.pub of the rendezvous' data folder", Path),
    ),
    "admin": (
        *COMMON,
        Option("data", "folder of the database and keys", Path),
        Option("database", "SQLAlchemy URL; SQLite in the data folder otherwise"),
        Option("site", "the company's short name", default="main"),
    ),
    "register": (
        *COMMON,
        Option("remove", "let nothing of ours open them any more", switch, False, line_only=True),
    ),
    "doctor": (*COMMON, SERVER, *OUTBOUND, UPNP, FORWARDED),
    "demo": (
        *COMMON,
        Option("ui", "where the pages are shown", choices=("window", "browser", "none")),
    ),
    "selftest": COMMON,
    "version": (JSON,),
}


def add_options(parser: argparse.ArgumentParser, command: str) -> None:
    """Give the parser of a command its options; none has a default there."""
    for option in COMMANDS[command]:
        if option.read is switch:
            parser.add_argument(
                f"--{option.name}", help=option.help, action="store_true", default=None
            )
        else:
            parser.add_argument(
                f"--{option.name}",
                help=option.help,
                choices=option.choices or None,
                metavar="X",
                action="append" if option.many else "store",
            )


def resolve(
    command: str,
    line: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    files: tuple[Path, ...] | None = None,
) -> dict[str, Any]:
    """Return every option of `command` with its value.

    The command line wins over the environment, that over the user's file, that over the
    system's. Raises UsageError(usage) naming the option and where its bad value stands.
    """
    documents = [_document(path) for path in (files if files is not None else config_files())]
    values: dict[str, Any] = {}
    for option in COMMANDS[command]:
        given, where = line.get(option.key), f"--{option.name}"
        if given is None and not option.line_only:
            given, where = _elsewhere(option, command, environment, documents)
        values[option.key] = option.default if given is None else _read(option, given, where)
    return values


def config_files() -> tuple[Path, ...]:
    """Return where ezp2p.toml is looked for: the user's configuration folder, the system's."""
    return (
        platformdirs.user_config_path("ezp2p", appauthor=False) / "ezp2p.toml",
        platformdirs.site_config_path("ezp2p", appauthor=False) / "ezp2p.toml",
    )


def _elsewhere(
    option: Option,
    command: str,
    environment: Mapping[str, str],
    documents: list[dict[str, Any]],
) -> tuple[Any, str]:
    if option.variable in environment:
        return environment[option.variable], option.variable
    for document in documents:
        for table in (document.get(command), document):
            if isinstance(table, dict) and option.key in table:
                return table[option.key], f"{option.key} in ezp2p.toml"
    return None, ""


def _read(option: Option, given: Any, where: str) -> Any:
    if option.many:
        parts = given if isinstance(given, list) else [given]
        words = [word.strip() for part in parts for word in str(part).split(",")]
        single = replace(option, many=False)
        return tuple(_read(single, word, where) for word in words if word)
    try:
        if isinstance(given, bool) and option.read is not switch:
            raise ValueError(given)
        value = option.read(str(given))
        if option.choices and value not in option.choices:
            raise ValueError(value)
    except ValueError:
        shown = "***" if option.secret else given
        raise UsageError(ErrorKey.USAGE, why=f"{where}: {shown}") from None
    return value


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(ErrorKey.USAGE, why=f"{path}: {error}") from None
