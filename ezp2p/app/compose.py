"""Where every concrete class is chosen: this machine's desktop, network, folders and names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import ezp2p
from ezp2p.app.outbound import make_outbound
from ezp2p.base.clock import Clock, SystemClock
from ezp2p.base.texts import Texts
from ezp2p.desktop import hotkeys, info, input, loading, notice, screen
from ezp2p.desktop.keyring import SystemKeyring
from ezp2p.link import pake
from ezp2p.link.lookout import Ways
from ezp2p.link.outbound import Outbound
from ezp2p.link.router import RouterWorker
from ezp2p.link.server import login
from ezp2p.nat.upnp import UpnpRouter
from ezp2p.session.desk import Desk, DeskWatcher
from ezp2p.session.tries import TriesBook
from ezp2p.session.visit import Company
from ezp2p.store.diary import SessionDiary
from ezp2p.store.place import data_folder
from ezp2p.store.settings import Settings
from ezp2p.ui.front import FORWARDED_SETTING, UPNP_SETTING
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.messages.screen import ScreenDriver
from ezp2p.wire.messages.session import PROTOCOL_VERSION, Hello
from ezp2p.wire.signalling import LoginAnswer

CLOCK: Clock = SystemClock()
_TRIES = TriesBook()
_ROUTER = RouterWorker(UpnpRouter())


class SystemDesktop:
    """This machine's desktop; `driver` is what AUTO means here (S41)."""

    def __init__(self, driver: ScreenDriver = ScreenDriver.AUTO) -> None:
        self._driver = driver

    def open_screen(self, driver: ScreenDriver) -> screen.ScreenSource:
        """Return the screen."""
        return screen.open_screen(self._driver if driver is ScreenDriver.AUTO else driver)

    def open_input(self) -> input.InputSink:
        """Return the injector."""
        return input.open_input()

    def show_notice(self, text: notice.NoticeText, ended: Callable[[], None]) -> notice.Notice:
        """Show the strip."""
        return notice.show_notice(text, ended)

    def watch_end_key(self, pressed: Callable[[], None]) -> hotkeys.Hotkey:
        """Watch the key."""
        return hotkeys.watch_end_key(pressed)


def warm_up() -> None:
    """Load in the background what is first used after a code has been entered."""
    pake.warm_up()
    # No daemon: an interpreter that ends in the middle of loading a C++ library aborts ("FATAL:
    # exception not rethrown"), so whoever leaves at once waits for the rest of it.
    threading.Thread(target=loading.load, name="warm-up of the desktop").start()


def make_company(
    texts: Texts, options: Mapping[str, Any], memory: Settings, driver: ScreenDriver
) -> Company:
    """Return what every visit of a customer at this machine shares."""
    return Company(
        desktop=SystemDesktop(driver),
        texts=texts,
        clock=CLOCK,
        hello=make_hello(),
        tries=_TRIES,
        open_diary=open_diary,
        outbound=outbound_of(options),
        ways=lambda: make_ways(options, memory),
        patience_s=options["reconnect_for"],
    )


def make_ways(options: Mapping[str, Any], memory: Settings) -> Ways:
    """Return what may be used so that others reach this machine: as told, or as once chosen."""
    upnp = options["upnp"] == "on" if options["upnp"] else memory.get(UPNP_SETTING, True) is True
    port = options["forwarded_port"] or memory.get(FORWARDED_SETTING)
    is_port = isinstance(port, int) and 0 < port < 0x10000
    return Ways(forwarded_port=port if is_port else None, router=_ROUTER if upnp else None)


def make_hello() -> Hello:
    """Return how this program introduces itself to the other one."""
    facts = info.facts()
    return Hello(
        version=PROTOCOL_VERSION,
        program=f"ezp2p {ezp2p.__version__}",
        system=facts.system[:64],
        name=facts.name[:256],
    )


def outbound_of(options: Mapping[str, Any]) -> Outbound:
    """Return how connections leave this machine, as it is set now."""
    return make_outbound(options, open_settings(), SystemKeyring())


def open_settings() -> Settings:
    """Return this person's settings."""
    return Settings(data_folder())


def open_diary() -> SessionDiary:
    """Return the log of a new session."""
    return SessionDiary(data_folder() / "sessions", CLOCK)


class NetworkReception:
    """How a counselor gets to a desk: by the company's rendezvous."""

    def __init__(
        self, language: Callable[[], str], options: Mapping[str, Any], memory: Settings
    ) -> None:
        self._language = language
        self._options = options
        self._ways = lambda: make_ways(options, memory)
        self._patience_s: float = options["reconnect_for"]

    async def log_in(self, server: ServerAddress, name: str, password: str) -> LoginAnswer:
        """Return the token; raises EzError."""
        return await login(server, name, password, outbound_of(self._options))

    def make_desk(self, server: ServerAddress, answer: LoginAnswer, watcher: DeskWatcher) -> Desk:
        """Return the desk of this login."""
        return Desk(
            server=server,
            token=answer.token,
            hello=make_hello(),
            language=self._language(),
            open_diary=open_diary,
            clock=CLOCK,
            watcher=watcher,
            outbound=outbound_of(self._options),
            ways=self._ways,
            patience_s=self._patience_s,
        )
