"""A small company: its rendezvous, its counselors and their customers, each a program of its own.

with company(folder) as hanbit, hanbit.counselor() as counselor:
    waiting = counselor.wait_for("waiting")
    with hanbit.customer(waiting["code"], screen) as customer:
        customer.wait_for("session-started")
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ezp2p.wire.code import AccessCode, parse_code
from tests.support.people import Screen
from tests.support.program import Program, program

LOOPBACK = "127.0.0.1"


@dataclass
class Company:
    """A running rendezvous, and how people start their programs."""

    folder: Path
    server: Program
    url: str  # http://127.0.0.1:PORT
    port: int
    login: str
    password: str
    _homes: Iterator[int] = field(default_factory=itertools.count)

    def home(self, whose: str) -> Path:
        """Return the home folder of somebody new."""
        return self.folder / f"{whose}-{next(self._homes)}"

    @contextlib.contextmanager
    def counselor(
        self,
        *arguments: str,
        screen: Screen | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Iterator[Program]:
        """A counselor who logs in; without a screen the pages are only served."""
        where = ["--ui", "window"] if screen else ["--ui", "browser", "--headless"]
        with program(
            *("operator", "--server", self.url, "--login", self.login, *where, *arguments),
            home=self.home("counselor"),
            environ={"EZP2P_PASSWORD": self.password}
            | (screen.environ if screen else {})
            | dict(environ or {}),
        ) as running:
            yield running

    @contextlib.contextmanager
    def customer(
        self,
        code: str,
        screen: Screen,
        *arguments: str,
        grant: str | None = "view,control",
        environ: Mapping[str, str] | None = None,
    ) -> Iterator[Program]:
        """A customer with a code or a link; by a script, unless `grant` is None."""
        how = ["--headless", "--grant", grant] if grant else []
        with program(
            *("customer", "--server", self.url, *how, *arguments),
            home=self.home("customer"),
            environ={"EZP2P_CODE": code} | screen.environ | dict(environ or {}),
        ) as running:
            yield running


def wrong(code: str) -> str:
    """Return a well-formed code for the same slot with another secret."""
    right = parse_code(code)
    return str(AccessCode(right.slot, f"{(int(right.secret) + 1) % 100_000:05d}"))


@contextlib.contextmanager
def company(folder: Path, *arguments: str, port: int = 0) -> Iterator[Company]:
    """Start a rendezvous on loopback."""
    with program(
        *("serve", "--host", LOOPBACK, "--port", str(port), "--data", str(folder / "data")),
        *arguments,
        home=folder / "server",
    ) as server:
        listening = server.wait_for("listening")
        yield Company(
            folder=folder,
            server=server,
            url=listening["url"],
            port=int(listening["url"].rpartition(":")[2]),
            login=listening["admin_login"],
            password=listening.get("admin_password", ""),
        )
