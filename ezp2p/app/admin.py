"""`ezp2p admin`: accounts, sites and backups of a rendezvous, on the machine where it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ezp2p.app.compose import CLOCK
from ezp2p.app.loop import run as run_loop
from ezp2p.app.places import server_data
from ezp2p.app.report import Reporter
from ezp2p.base.errors import UsageError
from ezp2p.rendezvous.admin import Admin, NewPassword, open_admin
from ezp2p.rendezvous.backup import back_up, restore
from ezp2p.rendezvous.config import RendezvousConfig
from ezp2p.wire.keys import ErrorKey

# action: the names it takes, and what it does
ACTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "list": ((), "all sites and accounts"),
    "create-site": (("SITE", "COMPANY"), "a new site with its own admin"),
    "rename-site": (("SITE", "COMPANY"), "the company's name as people see it"),
    "add-counselor": (("LOGIN", "NAME"), "a counselor at --site"),
    "reset-password": (("LOGIN",), "a new password for somebody at --site"),
    "backup": (("FILE",), "all records into a new file, while the server runs"),
    "restore": (("FILE",), "the records of a backup, while the server stands still"),
}


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Give the parser its action and the names the action takes."""
    lines = [
        f"  {' '.join((action, *names)):32} {what}" for action, (names, what) in ACTIONS.items()
    ]
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "actions:\n" + "\n".join(lines)
    parser.add_argument("action", choices=ACTIONS, metavar="ACTION")
    parser.add_argument("names", nargs="*", metavar="NAME")


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Do one thing and say what came of it."""
    action, names = options["action"], options["names"]
    expected = ACTIONS[action][0]
    if len(names) != len(expected):
        raise UsageError(ErrorKey.USAGE, why=f"admin {action} {' '.join(expected)}")
    data: Path = options["data"] or server_data()
    if action in ("backup", "restore") and options["database"]:
        why = f"admin {action} is for SQLite in the data folder, not for --database"
        raise UsageError(ErrorKey.USAGE, why=why)
    if action == "backup":
        back_up(data, Path(names[0]))
        reporter.event("backed-up", f"{names[0]}", file=names[0])
    elif action == "restore":
        restore(data, Path(names[0]))
        reporter.event("restored", f"{data}", data=str(data))
    else:
        run_loop(_in_office(options, action, names, data, reporter))
    return 0


async def _in_office(
    options: dict[str, Any], action: str, names: list[str], data: Path, reporter: Reporter
) -> None:
    config = RendezvousConfig(data=data, database_url=options["database"])
    async with open_admin(config, CLOCK) as admin:
        match action:
            case "list":
                await _list(admin, reporter)
            case "create-site":
                _show_password(reporter, await admin.create_site(names[0], names[1]))
            case "rename-site":
                await admin.rename_site(names[0], names[1])
                reporter.event("site", f"{names[0]}: {names[1]}", site=names[0], company=names[1])
            case "add-counselor":
                site = options["site"]
                _show_password(reporter, await admin.add_counselor(site, names[0], names[1]))
            case "reset-password":
                _show_password(reporter, await admin.reset_password(options["site"], names[0]))


async def _list(admin: Admin, reporter: Reporter) -> None:
    for site in await admin.list_sites():
        reporter.event("site", f"{site.name}: {site.company}", site=site.name, company=site.company)
        for account in await admin.list_accounts(site.name):
            reporter.event(
                "account",
                f"  {account.login}  {account.name}  ({account.role})",
                site=site.name,
                login=account.login,
                name=account.name,
                role=account.role,
            )


def _show_password(reporter: Reporter, made: NewPassword) -> None:
    """Show it this once; only its hash is kept."""
    account = made.account
    fields = {"site": account.site.name, "login": account.login, "password": made.password}
    reporter.event("password", reporter.texts.text("cli.password", fields), **fields)
