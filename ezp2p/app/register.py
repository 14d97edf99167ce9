"""`ezp2p register`: lets links that begin with ezp2p:// open this program, for this person."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import Any

from ezp2p.app.places import ICON, LOCALE
from ezp2p.app.report import Reporter
from ezp2p.base.errors import Unavailable
from ezp2p.base.executable import lasting_command
from ezp2p.base.texts import Texts, languages
from ezp2p.desktop.urlhandler import Program, UrlHandler, open_url_handler
from ezp2p.wire.keys import ErrorKey


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Register this program, or with --remove let nothing of ours open the links."""
    links = open_url_handler()
    if options["remove"]:
        _remove(links, reporter)
    else:
        _register(links, reporter)
    return 0


def _register(links: UrlHandler, reporter: Reporter) -> None:
    before = links.handler()
    program = Program(tuple(lasting_command()), _comments(), ICON.read_bytes())
    links.register(program)
    after = links.handler()
    if after is None or after.command != program.command:
        # The desktop's own choice, or the company's, goes before the person's.
        raise Unavailable(ErrorKey.URLHANDLER_TAKEN, name=after.name if after else "–")
    shown = _command_line(program.command)
    reporter.event(
        "registered",
        reporter.texts.text("cli.registered", {"command": shown}),
        handler=after.name,
        command=list(after.command),
        before=before.name if before else None,
    )


def _remove(links: UrlHandler, reporter: Reporter) -> None:
    links.unregister()
    after = links.handler()
    sentence = reporter.texts.text("cli.unregistered")
    reporter.event("unregistered", sentence, handler=after.name if after else None)


def _comments() -> dict[str, str]:
    """Return what the menus say about the program, by language."""
    available = languages(LOCALE)
    return {language: Texts(LOCALE, language).text("cli.program") for language in available}


def _command_line(command: tuple[str, ...]) -> str:
    is_windows = sys.platform == "win32"
    return subprocess.list2cmdline(command) if is_windows else shlex.join(command)
