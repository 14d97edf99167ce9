"""Where a request comes from, and whether a password may travel that way.

Behind a reverse proxy the socket's peer is the proxy; its X-Forwarded-For counts only if the
proxy is on the list, and only as far back as the last address that is not on it.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from ezp2p.rendezvous.config import ListenConfig
from ezp2p.wire.invitation import is_loopback


class Ways:
    """The rules about addresses, hosts and origins, for one configuration."""

    def __init__(self, config: ListenConfig, public_url: str) -> None:
        self._config = config
        self._proxies = frozenset(_plain(proxy) for proxy in config.trusted_proxies)
        self._public = urlsplit(public_url)

    def is_proxy(self, address: str) -> bool:
        """Whether this peer is one of our own reverse proxies."""
        return _plain(address) in self._proxies

    def client(self, request: web.BaseRequest) -> str:
        """Return the address of whoever asks."""
        address = _plain(request.remote or "")
        if address not in self._proxies:
            return address
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        for hop in reversed(forwarded):
            hop = _plain(hop.strip())
            if not _is_address(hop):
                break
            address = hop
            if hop not in self._proxies:
                break
        return address

    def is_private(self, request: web.BaseRequest) -> bool:
        """Whether nobody on the way can read a password: TLS, this machine, or a listed proxy."""
        if request.secure or self._config.insecure_http:
            return True
        if self.is_proxy(request.remote or ""):
            return request.headers.get("X-Forwarded-Proto", "https") == "https"
        return is_loopback(_plain(request.remote or ""))

    def better_url(self, request: web.BaseRequest) -> str | None:
        """Return where a person should rather look at this page: over TLS, if we speak it."""
        if not self._config.tls or self._public.scheme != "https" or self.is_private(request):
            return None
        return f"https://{self._public.netloc}{request.rel_url.raw_path_qs}"

    def may_come_from(self, request: web.BaseRequest) -> bool:
        """Whether the page that asks (Origin) is ours; programs send no Origin.

        Our public URL always is. So is the very host the request names, as long as that is an
        address or localhost: a name could be made to point here by anybody (DNS rebinding).
        """
        origins = request.headers.getall("Origin", [])
        if not origins:
            return True
        try:
            origin = urlsplit(origins[0])
        except ValueError:
            return False
        if len(origins) > 1 or origin.scheme not in ("http", "https") or origin.path:
            return False
        if (origin.scheme, origin.netloc.lower()) == (self._public.scheme, self._public.netloc):
            return True
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or origin.netloc != hosts[0]:
            return False
        name = origin.hostname or ""
        return name == "localhost" or _is_address(name)


def _plain(address: str) -> str:
    """Return an address as we compare it: ::ffff:10.0.0.1 is 10.0.0.1."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ip)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
