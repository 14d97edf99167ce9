"""The program in front of a person: its pages, in our own window or in a browser.

window     this thread shows the window, a second one runs the loop; closing it ends both; without
           a web engine the window is the system's browser in app mode, or a tab of it
browser    the loop runs here; the system's browser is opened at the pages' address
headless   as browser, but whoever started us opens the address
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from typing import Any

from ezp2p.app.compose import (
    CLOCK,
    NetworkReception,
    make_company,
    make_ways,
    open_settings,
    outbound_of,
    warm_up,
)
from ezp2p.app.doctor import counselors_checks, customers_checks, make_checkup
from ezp2p.app.edition import edition
from ezp2p.app.loop import run as run_loop
from ezp2p.app.loop import run_beside
from ezp2p.app.outbound import keyring_account, remember_proxy
from ezp2p.app.places import LOCALE, WEB
from ezp2p.app.report import Reporter
from ezp2p.app.reporting import DeskReporter, VisitReporter
from ezp2p.base.errors import Unavailable
from ezp2p.base.texts import Texts, languages
from ezp2p.desktop.info import facts
from ezp2p.desktop.keyring import SystemKeyring
from ezp2p.session.checkup import Checkup, Finding
from ezp2p.session.diagnosis import Circumstances, diagnosis
from ezp2p.session.events import Watcher
from ezp2p.session.visit import Visit
from ezp2p.ui.browser import show_in_app_mode
from ezp2p.ui.checkup import CheckupHalf
from ezp2p.ui.counselor import CounselorHalf
from ezp2p.ui.customer import CustomerHalf
from ezp2p.ui.front import Front
from ezp2p.ui.server import PageServer
from ezp2p.ui.window import ProgramWindow, load_engine, run_window
from ezp2p.wire.bridge import Notified, Page
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import Role
from ezp2p.wire.messages.screen import ScreenDriver

log = logging.getLogger(__name__)


class Seat:
    """One run of the program with pages; what the front asks of its surroundings."""

    def __init__(
        self,
        options: dict[str, Any],
        reporter: Reporter,
        *,
        first_page: Page,
        begin: Callable[[Front], None],
    ) -> None:
        """`begin` is called once, when everything stands: to log in, to enter a code."""
        self.version = str(edition())
        self.languages = languages(LOCALE)
        self._options = options
        self._reporter = reporter
        self._begin = begin
        self._settings = open_settings()
        self._speak_as_remembered()
        self._front = Front(surroundings=self, memory=self._settings, first_page=first_page)
        self._window: ProgramWindow | None = None
        self._address = ""
        self._address_known = threading.Event()
        self._quit = asyncio.Event()
        self._keeping: set[asyncio.Task[None]] = set()

    def run(self) -> int:
        """Show the pages until the person leaves; return the exit code."""
        if self._options.get("headless") or self._options["ui"] != "window":
            warm_up()
            return run_loop(self._main())
        load_engine()
        warm_up()
        return run_beside(self._main, self._show_window) or 0

    # --- what the front asks

    @property
    def language(self) -> str:
        """The language in use."""
        return self._reporter.texts.language

    @property
    def has_window(self) -> bool:
        """Whether the pages are in our own window."""
        return self._window is not None

    def speak(self, language: str) -> None:
        """Use this language from now on."""
        self._reporter.texts = Texts(LOCALE, language)

    def full_screen(self, on: bool) -> None:
        """Cover the screen, or no longer."""
        if self._window is not None:
            # Talks to the window's thread and waits for it.
            asyncio.get_running_loop().run_in_executor(None, self._window.full_screen, on)

    def use_proxy(self, address: str, password: str) -> None:
        """Reach servers so from now on; the password goes to the keyring."""
        proxy = remember_proxy(address, self._settings)
        secret = password or (proxy.password if proxy else "")
        if proxy is not None and secret:
            self._keep(keyring_account(proxy), secret)
        self._front.changed()

    def open_file(self, path: str) -> None:
        """Show the file with the system's own program for it."""
        try:
            if sys.platform == "win32":
                os.startfile(path)
            else:
                opener = "open" if sys.platform == "darwin" else "xdg-open"
                subprocess.Popen([opener, path], stderr=subprocess.DEVNULL)
        except OSError as error:
            log.warning("%s cannot be shown: %s", path, error)

    def quit(self) -> None:
        """Leave."""
        self._quit.set()

    def _keep(self, account: str, secret: str) -> None:
        """Give the keyring a secret: the system may ask its owner first, who takes his time."""

        async def keep() -> None:
            try:
                await asyncio.to_thread(SystemKeyring().remember, account, secret)
            except Unavailable as error:
                self._front.tell(Notified(key=error.key))

        task = asyncio.get_running_loop().create_task(keep())
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    # --- the loop's side

    async def _main(self) -> int:
        front = self._front
        front.take_halves(self._customer_half(), self._counselor_half(), self._checkup_half())
        server = PageServer(WEB, LOCALE, front)
        shows_pages = self._options["ui"] != "none"
        try:
            if shows_pages:
                await server.start()
                front.take_server(server)
                address = server.new_address()
                self._report_address(address)
            self._begin(front)
            if shows_pages:
                self._show_pages(address)
            return await self._stay(front)
        except asyncio.CancelledError:
            return 0  # the window was closed, or a signal asked us to leave
        finally:
            self._address_known.set()
            await front.close()
            await server.stop()
            if self._window is not None:
                await asyncio.to_thread(self._window.close)

    async def _stay(self, front: Front) -> int:
        if not self._options.get("headless"):
            await self._quit.wait()
            return 0
        # Started by a script: there is nobody to log in again.
        await front.counselor.finished()
        if front.counselor.error is not None:
            raise front.counselor.error
        return 0

    def _report_address(self, address: str) -> None:
        sentence = self._reporter.texts.text("cli.ui", {"url": address})
        self._reporter.event("ui", sentence, url=address)

    def _show_pages(self, address: str) -> None:
        self._address = address
        self._address_known.set()
        if self._options["ui"] == "browser" and not self._options.get("headless"):
            # Some browsers come back only when they are closed.
            threading.Thread(target=self._open_browser, daemon=True).start()

    def _open_browser(self) -> None:
        if not webbrowser.open(self._address):
            self._tell("cli.no-browser")

    def _tell(self, key: str) -> None:
        """Say it to whoever started us, who has no page to read it on."""
        sentence = self._reporter.texts.text(key, {"url": self._address})
        print(sentence, file=sys.stderr, flush=True)

    def _customer_half(self) -> CustomerHalf:
        def make_visit(watcher: Watcher) -> Visit:
            driver = ScreenDriver(self._options.get("screen_driver") or ScreenDriver.AUTO)
            company = make_company(self._reporter.texts, self._options, self._settings, driver)
            return Visit(company, watcher)

        return CustomerHalf(
            make_visit=make_visit,
            clock=CLOCK,
            memory=self._settings,
            stage=self._front,
            also=VisitReporter(self._reporter),
            insecure_http=self._options["insecure_http"],
        )

    def _counselor_half(self) -> CounselorHalf:
        return CounselorHalf(
            reception=NetworkReception(lambda: self.language, self._options, self._settings),
            keyring=SystemKeyring(),
            clock=CLOCK,
            memory=self._settings,
            stage=self._front,
            also=DeskReporter(self._reporter),
            first_slots=self._options.get("slots", 1),
            insecure_http=self._options["insecure_http"],
        )

    def _checkup_half(self) -> CheckupHalf:
        return CheckupHalf(
            make_checkup=self._make_checkup,
            diagnose=self._diagnose,
            clock=CLOCK,
            stage=self._front,
            insecure_http=self._options["insecure_http"],
        )

    def _make_checkup(self, server: ServerAddress | None, role: Role) -> Checkup:
        own = counselors_checks() if role is Role.COUNSELOR else customers_checks()
        ways = make_ways(self._options, self._settings)
        return make_checkup(server, outbound_of(self._options), ways, own)

    def _diagnose(
        self, findings: Sequence[Finding], server: ServerAddress | None, at: float
    ) -> str:
        address = server.page if server else ""
        about = Circumstances(f"ezp2p {self.version}", facts().system, address, at)
        return diagnosis(findings, about, self._reporter.texts)

    def _speak_as_remembered(self) -> None:
        remembered = self._settings.get("language")
        if remembered in self.languages and not self._options.get("language"):
            self.speak(str(remembered))

    # --- the window's side (main thread)

    def _show_window(self, ended: threading.Event) -> None:
        self._address_known.wait()
        if not self._address:
            return  # the loop ended before there were pages
        try:
            run_window(
                self._address, "ezp2p", opened=self._window_opened, closed=self._window_closed
            )
        except Unavailable as error:
            log.info("no window: %s", error)
            if show_in_app_mode(self._address, ended):
                return
            self._tell("cli.no-window")
            self._open_browser()
            ended.wait()

    def _window_opened(self, window: ProgramWindow) -> None:
        self._window = window

    def _window_closed(self) -> None:
        self._window = None
