"""The command line: read it, run one command, leave with a code and a sentence.

Exit codes: 0 done, 1 failed, 2 usage, 3 refused by the other person, 4 unreachable.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ezp2p.app.edition import edition
from ezp2p.app.options import COMMANDS, add_options, resolve
from ezp2p.app.places import LOCALE
from ezp2p.app.report import Reporter
from ezp2p.app.settling import settle_in
from ezp2p.base.errors import EzError, UsageError
from ezp2p.base.log import log_to
from ezp2p.base.texts import FALLBACK, Texts, languages, system_language
from ezp2p.wire.invitation import SCHEME
from ezp2p.wire.keys import ErrorKey

INTERRUPTED = 130

Runner = Callable[[dict[str, Any], Reporter], int]

HELP = {
    "window": "get help or give help (what happens without a command)",
    "customer": "get help: join a waiting counselor by code or link",
    "operator": "give help: wait for customers and see their screens",
    "serve": "run a company's rendezvous",
    "relay": "carry datagrams for a rendezvous that runs elsewhere",
    "admin": "accounts, sites and backups of a rendezvous, on its own machine",
    "register": "let this program open ezp2p:// links, for this user",
    "doctor": "find out why no connection comes about",
    "demo": "everything on this one machine, to look at",
    "selftest": "try every part of the program once (also: --selftest)",
    "version": "print version, day and commit of this build (also: --version)",
}


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints go the way of all our errors."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(ErrorKey.USAGE, why=message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    line = list(sys.argv[1:] if argv is None else argv)
    settle_in()
    # Until the options are read, the reporter goes by what stands on the line.
    reporter = _reporter(None, as_json="--json" in line)
    try:
        command, given = _parse(line)
        options = resolve(command, given)
        options["target"] = given.get("target")
        options["action"] = given.get("action")
        options["names"] = given.get("names") or []
        log_to(level=options.get("log_level") or "WARNING")
        reporter = _reporter(options.get("language"), as_json=options["json"])
        _warn_of_secrets(given, reporter)
        return _runner(command)(options, reporter)
    except EzError as error:
        reporter.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _parse(line: list[str]) -> tuple[str, dict[str, Any]]:
    if line and line[0] in ("--selftest", "--version"):
        line = [line[0].removeprefix("--"), *line[1:]]
    elif not line or (line[0].startswith("-") and line[0] not in ("-h", "--help")):
        line = ["window", *line]
    elif line[0].lower().startswith(f"{SCHEME}:"):
        # Whoever made the link may have meant more than a link: all that follows is no option.
        line = ["customer", "--", *line]
    parser = _Parser(prog="ezp2p", description="Remote support, peer to peer.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        sub = commands.add_parser(name, help=HELP[name], description=HELP[name])
        add_options(sub, name)
        if name == "customer":
            sub.add_argument("target", nargs="?", help="the access code or the link")
        if name == line[0] == "admin":
            from ezp2p.app.admin import add_actions

            add_actions(sub)
    given = vars(parser.parse_args(line))
    return given.pop("command"), given


def _runner(command: str) -> Runner:
    """Load one command alone: the database that serves a company takes a customer 1.5 s."""
    match command:
        case "customer":
            from ezp2p.app.customer import run
        case "operator":
            from ezp2p.app.operator import run
        case "serve":
            from ezp2p.app.serve import run
        case "relay":
            from ezp2p.app.relay import run
        case "admin":
            from ezp2p.app.admin import run
        case "register":
            from ezp2p.app.register import run
        case "doctor":
            from ezp2p.app.doctor import run
        case "demo":
            from ezp2p.app.demo import run
        case "selftest":
            from ezp2p.app.selftest import run
        case "version":
            run = _version
        case _:
            from ezp2p.app.window import run
    return run


def _reporter(language: str | None, *, as_json: bool) -> Reporter:
    available = languages(LOCALE)
    if language and language not in available:
        raise UsageError(ErrorKey.USAGE, why=f"--language {language}")
    chosen = language or system_language(available) or FALLBACK
    return Reporter(Texts(LOCALE, chosen), as_json=as_json)


def _warn_of_secrets(given: dict[str, Any], reporter: Reporter) -> None:
    """Everybody on this machine can read another program's command line."""
    login, at, _ = str(given.get("proxy") or "").rpartition("@")
    secrets = {
        "EZP2P_PASSWORD": given.get("password"),
        "EZP2P_CODE": given.get("target"),
        "EZP2P_PROXY": at and ":" in login.rpartition("/")[2],
    }
    for variable, secret in secrets.items():
        if secret and os.name == "posix":
            text = reporter.texts.text("cli.secret-on-line", {"variable": variable})
            print(text, file=sys.stderr)


def _version(options: dict[str, Any], reporter: Reporter) -> int:
    this = edition()
    reporter.event(
        "version", f"ezp2p {this}", version=this.version, day=this.day, commit=this.commit
    )
    return 0
