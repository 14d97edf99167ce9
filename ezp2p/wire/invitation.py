"""The link behind "copy link" and the QR code, and the address of a company.

    https://HOST[:PORT]/SITE/SLOT#k=SECRET[&p=PIN]        the same with ezp2p://

`k` is a 128-bit secret in base64url (22 characters); `p` the SHA-256 of the server's public key
(base64url, 43 characters) when its certificate is self-signed. It stands behind `#`, which no
browser ever sends to a server. The list is closed: any other parameter is refused, and plain
http:// leads to this machine only.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from ezp2p.base.errors import UsageError
from ezp2p.wire.code import SLOT_DIGITS
from ezp2p.wire.keys import ErrorKey

SCHEME = "ezp2p"  # of links that open the program instead of a browser
DEFAULT_SITE = "main"
SITE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_SLOT = re.compile(r"[0-9]{%d}" % SLOT_DIGITS)
_SECRET = re.compile(r"[A-Za-z0-9_-]{22}")
_PIN = re.compile(r"[A-Za-z0-9_-]{43}")
_PRINTABLE = re.compile(r"[!-~]{1,512}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:.]{2,45}")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A rendezvous and the company on it: `https://help.company.kr/main`."""

    url: str
    site: str = DEFAULT_SITE
    pin: str | None = None

    @property
    def host(self) -> str:
        """The host's name or address, for sentences and certificates."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The TCP port."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def page(self) -> str:
        """The company's access page."""
        return f"{self.url}/{self.site}"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Everything a program needs to meet one waiting counselor."""

    server: ServerAddress
    slot: str
    secret: str

    def __str__(self) -> str:
        pin = f"&p={self.server.pin}" if self.server.pin else ""
        return f"{self.server.page}/{self.slot}#k={self.secret}{pin}"


def new_link_secret() -> str:
    """Return 128 random bits as 22 characters."""
    return secrets.token_urlsafe(16)


def is_loopback(host: str) -> bool:
    """Tell whether `host` names this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_server(text: str, *, insecure_http: bool = False) -> ServerAddress:
    """Read a company's address as a person types it: `help.company.kr/SITE`, or a full URL.

    Without a scheme it is https, or http for this machine. Raises UsageError(link.malformed), or
    UsageError(server.insecure) for http:// to another machine, which `insecure_http` allows.
    """
    text = text.strip()
    if "://" not in text:
        host = text.split("/", 1)[0].rsplit(":", 1)[0].strip("[]")
        text = ("http://" if is_loopback(host) else "https://") + text
    url, path, fragment = _split(text)
    parts = [part for part in path.split("/") if part]
    if fragment or len(parts) > 1:
        raise UsageError(ErrorKey.LINK_MALFORMED)
    if not (insecure_http or _is_private(url)):
        raise UsageError(ErrorKey.SERVER_INSECURE, host=urlsplit(url).hostname)
    return ServerAddress(url, _site(parts[0] if parts else DEFAULT_SITE))


def parse_invitation(text: str) -> Invitation:
    """Read a link. Raises UsageError(link.malformed) for anything not exactly as above."""
    url, path, fragment = _split(text.strip())
    above, *parts = path.split("/")
    if above or len(parts) != 2 or not _SLOT.fullmatch(parts[1]) or not _is_private(url):
        raise UsageError(ErrorKey.LINK_MALFORMED)
    secret = pin = None
    for parameter in fragment.split("&"):
        name, _, value = parameter.partition("=")
        if name == "k" and secret is None and _SECRET.fullmatch(value):
            secret = value
        elif name == "p" and pin is None and _PIN.fullmatch(value):
            pin = value
        else:
            raise UsageError(ErrorKey.LINK_MALFORMED)
    if secret is None:
        raise UsageError(ErrorKey.LINK_MALFORMED)
    return Invitation(ServerAddress(url, _site(parts[0]), pin), parts[1], secret)


def _split(text: str) -> tuple[str, str, str]:
    """Return (scheme://host[:port], path, fragment) of an acceptable URL."""
    if not _PRINTABLE.fullmatch(text):  # urlsplit would drop tabs and line breaks silently
        raise UsageError(ErrorKey.LINK_MALFORMED)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UsageError(ErrorKey.LINK_MALFORMED) from None
    host = parts.hostname or ""
    scheme = {SCHEME: "https"}.get(parts.scheme, parts.scheme)
    if parts.scheme == SCHEME and is_loopback(host):
        scheme = "http"
    acceptable = scheme in ("http", "https") and not parts.query and parts.username is None
    if not acceptable or not _HOST.fullmatch(host):
        raise UsageError(ErrorKey.LINK_MALFORMED)
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else ""), parts.path, parts.fragment


def _is_private(url: str) -> bool:
    """Tell whether nobody on the way can read along: https, or no way at all."""
    return url.startswith("https://") or is_loopback(urlsplit(url).hostname or "")


def _site(text: str) -> str:
    if not SITE.fullmatch(text):
        raise UsageError(ErrorKey.LINK_MALFORMED)
    return text
