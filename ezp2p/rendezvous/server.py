"""The rendezvous of a company, as one object: start it, close it.

config ... folder, ports, database          (each refuses with a sentence if it cannot)
       ... records: sites, accounts, alarms
       ... offices: login, switchboard and signalling, relay, pages, REST
       ... one clock-watcher, once a second
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import SQLAlchemyError

from ezp2p.base.clock import Clock, SystemClock
from ezp2p.rendezvous import folder
from ezp2p.rendezvous.accounts import ADMIN_LOGIN, AccountRole, Accounts
from ezp2p.rendezvous.address import Ways
from ezp2p.rendezvous.alarms import Alarms
from ezp2p.rendezvous.api import Api
from ezp2p.rendezvous.config import RendezvousConfig, relay_host
from ezp2p.rendezvous.database import Database, open_database
from ezp2p.rendezvous.discovery import Discovery
from ezp2p.rendezvous.doors import cancel, certificate, open_doors, open_ports
from ezp2p.rendezvous.listening import listen_beside
from ezp2p.rendezvous.login import Login
from ezp2p.rendezvous.network import Network
from ezp2p.rendezvous.openapi import OpenApi
from ezp2p.rendezvous.pages import Pages
from ezp2p.rendezvous.passwords import Passwords, new_password
from ezp2p.rendezvous.presence import LocalPresence
from ezp2p.rendezvous.relay import RelayTable
from ezp2p.rendezvous.relay_websocket import RelayWebSockets
from ezp2p.rendezvous.reunions import Reunions
from ezp2p.rendezvous.signalling import Signalling
from ezp2p.rendezvous.sites import Sites
from ezp2p.rendezvous.switchboard import Switchboard
from ezp2p.rendezvous.tickets import RelayAddress, TicketOffice
from ezp2p.rendezvous.udp_port import Office, UdpPort
from ezp2p.rendezvous.web import Desk
from ezp2p.wire.datagram import DISCOVER, RELAY_BIND, RELAYED
from ezp2p.wire.invitation import DEFAULT_SITE, is_loopback
from ezp2p.wire.signalling import DiscoveryOffer, RelayPort

_LOG = logging.getLogger(__name__)
_TICK_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What `ezp2p serve` prints; the password on the first start only.

    `url` is what links carry, `port` where we listen: behind a proxy they are two things.
    """

    url: str
    port: int
    site: str
    admin_login: str
    admin_password: str | None
    udp_port: int
    ports: tuple[RelayPort, ...]  # all that programs may try for TCP
    discovery_ports: tuple[int, ...]


class Rendezvous:
    """One running server."""

    def __init__(self, config: RendezvousConfig, clock: Clock | None = None) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self._opened = AsyncExitStack()

    async def start(self) -> Started:
        """Serve from now on.

        Raises UsageError(port.taken), Unavailable(data.unwritable), EzError(database.broken),
        UsageError(server.certificate); nothing stays open then.
        """
        try:
            return await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Hang up, stop listening, and let the data folder go."""
        await self._opened.aclose()

    async def _start(self) -> Started:
        config = self._config
        tls = certificate(config)
        key, database = await self._open_records()
        ports = open_ports(config, self._opened)
        url = ports.url
        passwords = Passwords(
            threads=config.limits.password_threads, queue=config.limits.password_queue
        )
        self._opened.callback(passwords.close)
        accounts, sites = Accounts(database), Sites(database)
        admin_password = await self._first_start(sites, accounts, passwords)

        host = urlsplit(url).hostname or ""
        ours = RelayAddress(host, ports.udp_port, tuple(ports.told))
        relay = RelayTable(key.public_key(), ours.id, folder.relay_secret(key))
        relay_port, udp_ports = self._open_udp(relay, ports.udp)
        tubes = RelayWebSockets(relay, relay_port, self._clock, config.limits)
        chance = random.SystemRandom()
        tickets = TicketOffice(key, [ours, *config.relays], self._clock)
        discovery = DiscoveryOffer(host=host, udp_ports=udp_ports)
        board = Switchboard(
            chance, tickets, call_timeout_s=config.limits.call_timeout_s, discovery=discovery
        )
        signalling = Signalling(
            board,
            Reunions(chance, tickets),
            LocalPresence(),
            accounts,
            sites,
            Alarms(database),
            self._clock,
            config.limits,
        )
        login = Login(accounts, passwords, self._clock)
        api = Api(database, accounts, Alarms(database), login, signalling).routes()
        api += [tubes.route(), Network(discovery, ports.told, config.relays).route()]
        pages = Pages(sites, board, url)
        ways = Ways(config, url)
        desk = Desk(
            accounts, ways, pages, self._clock, config.limits, https=url.startswith("https:")
        )
        app = desk.application([*api, OpenApi(api).route, *pages.routes()])
        await open_doors(app, ways, ports, tls, config, self._opened)
        self._opened.callback(signalling.close)
        self._opened.push_async_callback(tubes.close)
        watching = asyncio.create_task(self._watch(signalling, relay))
        self._opened.push_async_callback(cancel, watching)
        if config.public_url is None and not is_loopback(config.host):
            _LOG.warning("no public URL is set: links lead to %s", url)
        return Started(
            url=url,
            port=ports.port,
            site=DEFAULT_SITE,
            admin_login=ADMIN_LOGIN,
            admin_password=admin_password,
            udp_port=ports.udp_port,
            ports=tuple(ports.told),
            discovery_ports=tuple(udp_ports),
        )

    async def _open_records(self) -> tuple[Ed25519PrivateKey, Database]:
        data = self._config.data
        folder.prepare(data)
        lock = folder.FolderLock(data)
        self._opened.callback(lock.release)
        key = folder.relay_key(data)
        folder.write_public_key(data, key)
        database = await open_database(self._config.database_url, data)
        self._opened.push_async_callback(database.close)
        return key, database

    async def _first_start(
        self, sites: Sites, accounts: Accounts, passwords: Passwords
    ) -> str | None:
        """Make site and admin where there are none; return the password nobody knows yet."""
        wall = self._clock.wall()
        site = await sites.find(DEFAULT_SITE)
        if site is None:
            site = await sites.create(DEFAULT_SITE, self._config.company, wall)
        if await accounts.find(DEFAULT_SITE, ADMIN_LOGIN) is not None:
            return None
        password = new_password()
        stored = await passwords.hash(password)
        await accounts.create(site, ADMIN_LOGIN, ADMIN_LOGIN, AccountRole.ADMIN, stored, wall)
        return password

    def _open_udp(self, relay: RelayTable, udp: socket.socket) -> tuple[UdpPort, list[int]]:
        """Serve the relay, and address discovery on it and beside it.

        Return the relay's port, and the numbers of the two.
        """
        config = self._config
        discovery = Discovery()
        offices: dict[int, Office] = {RELAYED: relay, RELAY_BIND: relay, DISCOVER: discovery}
        first = UdpPort(offices, udp, self._clock, relay)
        ports = [(udp, first)]
        number = udp.getsockname()[1]
        beside = listen_beside(relay_host(config), number, config.discovery_port)
        if beside is None:
            _LOG.warning("no second UDP port: programs cannot tell what their network does")
        else:
            ports.append((beside, UdpPort({DISCOVER: discovery}, beside, self._clock)))
        for _, port in ports:
            port.start()
            self._opened.callback(port.close)
        return first, [sock.getsockname()[1] for sock, _ in ports]

    async def _watch(self, signalling: Signalling, relay: RelayTable) -> None:
        """Do what the clock asks for, once a second, and survive a database that is away."""
        tokens_at = self._clock.now() + self._config.limits.token_check_s
        while True:
            await asyncio.sleep(_TICK_S)
            relay.sweep(self._clock.now(), self._clock.wall())
            try:
                await signalling.wake()
                if self._clock.now() >= tokens_at:
                    tokens_at = self._clock.now() + self._config.limits.token_check_s
                    await signalling.drop_dead_tokens()
            except SQLAlchemyError as error:
                _LOG.error("the records cannot be reached: %s", error)
            except Exception:  # the border: the watch goes on whatever one round met
                _LOG.exception("the watch met a mistake of ours")
