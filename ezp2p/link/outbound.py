"""How connections leave this machine: directly, or through the proxy a company's network demands.

    what the person set (S46)       counts for every server; "none" means directly
    else what the system says       the environment, Windows' and macOS' settings; their exceptions
    to this machine itself          directly, unless the person set a proxy

An HTTP proxy is asked for a tunnel (CONNECT), a SOCKS5 proxy for a connection; both with or
without a password, and both look the server's name up themselves.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import quote, unquote, urlsplit

import aiohttp
import aiohttp_socks
import python_socks.async_.asyncio

from ezp2p.base.errors import UsageError
from ezp2p.wire.invitation import is_loopback
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import RelayPort

NO_PROXY = "none"
# Firewalls let these through, in this order of likelihood (S47).
RELAY_PORTS = (443, 80, 3000, 51515)


class ProxyKind(Enum):
    """How a proxy is spoken to; the value is its URL's scheme."""

    HTTP = "http"
    SOCKS5 = "socks5"


_KINDS = {
    "http": ProxyKind.HTTP,
    "socks": ProxyKind.SOCKS5,
    "socks5": ProxyKind.SOCKS5,
    "socks5h": ProxyKind.SOCKS5,
}
_PORTS = {ProxyKind.HTTP: 8080, ProxyKind.SOCKS5: 1080}
_TYPES = {
    ProxyKind.HTTP: aiohttp_socks.ProxyType.HTTP,
    ProxyKind.SOCKS5: aiohttp_socks.ProxyType.SOCKS5,
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy. Shown without its password."""

    kind: ProxyKind
    host: str
    port: int
    login: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        who = f"{quote(self.login, safe='')}@" if self.login else ""
        return f"{self.kind.value}://{who}{host}:{self.port}"

    async def open(self, host: str, port: int) -> socket.socket:
        """Have it open a TCP connection. Raises aiohttp_socks.ProxyError or OSError."""
        proxy = python_socks.async_.asyncio.Proxy(
            _TYPES[self.kind],
            self.host,
            self.port,
            username=self.login or None,
            password=self.password or None,
            rdns=True,
        )
        return await proxy.connect(host, port)

    def connector(self, tls: bool | aiohttp.Fingerprint) -> aiohttp.TCPConnector:
        """Return what lets aiohttp connect through it; `tls` is aiohttp's `ssl`."""
        return aiohttp_socks.ProxyConnector(
            host=self.host,
            port=self.port,
            proxy_type=_TYPES[self.kind],
            username=self.login or None,
            password=self.password or None,
            rdns=True,
            ssl=tls,
        )


def parse_proxy(text: str) -> Proxy:
    """Read `[http://|socks5://][LOGIN[:PASSWORD]@]HOST[:PORT]`.

    Raises UsageError(proxy.malformed), in which the password does not stand.
    """
    wanted = text.strip()
    try:
        parts = urlsplit(wanted if "://" in wanted else f"http://{wanted}")
        port = parts.port
    except ValueError:
        raise _no_proxy(text) from None
    kind = _KINDS.get(parts.scheme)
    more = parts.path.strip("/") or parts.query or parts.fragment
    if kind is None or not parts.hostname or more or " " in parts.netloc:
        raise _no_proxy(text)
    return Proxy(
        kind=kind,
        host=parts.hostname,
        port=_PORTS[kind] if port is None else port,
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _no_proxy(text: str) -> UsageError:
    shown = text.rpartition("@")[2]
    return UsageError(ErrorKey.PROXY_MALFORMED, proxy=shown)


class SystemProxies:
    """What the environment or the system says, and for which hosts it does not count."""

    def __init__(self, settings: Mapping[str, str], is_exempt: Callable[[str], bool]) -> None:
        """`settings` as urllib.request.getproxies() returns them; `is_exempt` may take a while."""
        self._settings = settings
        self._is_exempt = is_exempt

    async def proxy_to(self, host: str, scheme: str) -> Proxy | None:
        """Return the proxy on the way to a host, if there is one that we understand."""
        text = self._settings.get(scheme) or self._settings.get("all")
        text = text or self._settings.get("socks")
        if not text or await asyncio.to_thread(self._is_exempt, host):
            return None
        try:
            return parse_proxy(text)
        except UsageError:
            return None  # another kind: other programs go on without it, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """What a person chose about connections, and what the system says where nothing is chosen.

    `relay_ports` empty means all that a relay names. `insecure_http` allows plain http to others.
    """

    insecure_http: bool = False
    is_direct: bool = False
    proxy: Proxy | None = None
    system: SystemProxies | None = None
    relay_ports: tuple[int, ...] = ()

    async def connector(
        self, host: str, scheme: str, tls: bool | aiohttp.Fingerprint
    ) -> aiohttp.TCPConnector:
        """Return what lets aiohttp connect to `host`; `tls` is aiohttp's `ssl`."""
        proxy = await self.proxy_to(host, scheme)
        return aiohttp.TCPConnector(ssl=tls) if proxy is None else proxy.connector(tls)

    def ports_to_try(self, offered: list[RelayPort]) -> list[RelayPort]:
        """Return those of a relay's ports that may be tried, the likeliest first."""
        order = {port: place for place, port in enumerate(self.relay_ports or RELAY_PORTS)}
        wanted = [port for port in offered if not self.relay_ports or port.port in order]
        return sorted(wanted, key=lambda port: order.get(port.port, len(order)))

    async def proxy_to(self, host: str, scheme: str) -> Proxy | None:
        """Return the proxy on the way to `host`, None if there is none."""
        if self.proxy is not None or self.is_direct:
            return self.proxy
        if self.system is None or is_loopback(host):
            return None
        return await self.system.proxy_to(host, scheme)


DIRECT = Outbound(is_direct=True)
