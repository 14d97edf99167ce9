"""How a company runs its servers: where they listen, where records are kept, limits.

Firewalls let other ports through than 3000: 443 nearly always, 80 often. So one server may listen
on several (S130), each with TLS or without; programs are told all of them and try them in turn.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ezp2p.base.errors import UsageError
from ezp2p.rendezvous.tickets import RelayAddress
from ezp2p.wire.invitation import is_loopback, parse_server
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import RelayPort

DEFAULT_PORT = 3000
_SCHEMES = {"http": 80, "https": 443}
_MOST_PORTS = 8  # as many as an offer may name
MOST_RELAYS = 7  # beside the rendezvous' own: as many as an offer may hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a stranger may cost: small enough for 2 GiB, large enough for a branch office."""

    header_timeout_s: float = 10.0  # until a connection's first, and each next, full request
    body_timeout_s: float = 10.0
    body_bytes: int = 16 * 1024  # no request of ours is longer
    header_bytes: int = 8190  # one line of a request's head
    headers: int = 64
    tls_buffer_bytes: int = 16 * 1024  # asyncio's own 256 KiB a connection is 2.4 GiB for 10,000
    connections: int = 10_000
    connections_per_address: int = 200
    sockets_per_address: int = 50  # anonymous WebSockets for signalling
    tubes_per_address: int = 100  # WebSockets of the relay
    messages_per_s: float = 50.0
    messages_at_once: float = 100.0
    heartbeat_s: float = 20.0
    send_timeout_s: float = 10.0
    outbox_messages: int = 64  # a reader slower than this is let go
    password_threads: int = 2  # each argon2 takes 19 MiB and 21 ms of a core
    password_queue: int = 50
    call_timeout_s: float = 60.0
    token_check_s: float = 5.0  # how soon a token revoked by the command line ends its sockets


@dataclass(frozen=True, slots=True)
class Opening:
    """A TCP port to listen on: `host` "" is every address of the machine, `port` 0 a free one."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenConfig:
    """Where a server of ours listens: a rendezvous, or a relay that runs apart.

    `host` "" means every address of the machine. `port` 0 takes a free one (tests); `udp_port`
    None is the same number as `port`. `listen` are the TCP ports beside that one.
    `trusted_proxies` are addresses whose X-Forwarded-For counts.
    """

    host: str = ""
    port: int = DEFAULT_PORT
    udp_port: int | None = None
    listen: tuple[Opening, ...] = ()
    public_url: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure_http: bool = False
    trusted_proxies: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def tls(self) -> bool:
        """Whether we speak TLS ourselves."""
        return self.tls_cert is not None

    @property
    def openings(self) -> tuple[Opening, ...]:
        """Where to listen for TCP: first the one whose number UDP shares."""
        return (Opening(self.host, self.port, self.tls), *self.listen)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayConfig(ListenConfig):
    """Everything `ezp2p relay` can be told; `rendezvous_key` is the file with the public key."""

    rendezvous_key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RendezvousConfig(ListenConfig):
    """Everything `ezp2p serve` can be told.

    `discovery_port` None is the one after `udp_port`; `relays` run apart.
    """

    data: Path
    discovery_port: int | None = None
    database_url: str | None = None
    company: str = "ezp2p"  # the name of site `main` at the first start
    relays: tuple[RelayAddress, ...] = ()


def parse_opening(text: str, *, tls: bool) -> Opening:
    """Read what `--listen` says: `https://:443`, `http://192.0.2.1`, `:51515`, `51515`.

    Without a scheme it speaks TLS if we have a certificate (`tls`). Raises UsageError(usage).
    """
    wanted = text.strip()
    if "://" not in wanted:
        wanted = f"{'https' if tls else 'http'}://{':' * wanted.isdecimal()}{wanted}"
    try:
        parts = urlsplit(wanted)
        port = parts.port
    except ValueError:
        raise _not_to_listen_on(text, "no such port") from None
    more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in _SCHEMES or more:
        raise _not_to_listen_on(text, "http://[HOST]:PORT or https://[HOST]:PORT is meant")
    if parts.scheme == "https" and not tls:
        raise _not_to_listen_on(text, "https needs --tls-cert and --tls-key")
    number = _SCHEMES[parts.scheme] if port is None else port
    return Opening(parts.hostname or "", number, parts.scheme == "https")


def parse_relays(words: Iterable[str]) -> tuple[RelayAddress, ...]:
    """Read what `--relay` says: `udp://HOST:PORT`, `https://HOST[:PORT]`, `http://HOST[:PORT]`.

    What names one host is one relay; without udp:// its UDP port is the number of the first
    other. Raises UsageError(usage).
    """
    found: dict[str, tuple[int | None, list[RelayPort]]] = {}
    for word in words:
        try:
            parts = urlsplit(word.strip())
            port = parts.port or _SCHEMES.get(parts.scheme)
        except ValueError:
            port = None
        if port is None or not parts.hostname or parts.path.strip("/") or parts.query:
            raise UsageError(ErrorKey.USAGE, why=f"--relay {word}")
        if parts.scheme not in (*_SCHEMES, "udp"):
            raise UsageError(ErrorKey.USAGE, why=f"--relay {word}: udp://, https:// or http://")
        _, ports = found.setdefault(parts.hostname, (None, []))
        if parts.scheme == "udp":
            found[parts.hostname] = (port, ports)
        else:
            ports.append(RelayPort(port=port, tls=parts.scheme == "https"))
    if len(found) > MOST_RELAYS:
        raise UsageError(ErrorKey.USAGE, why=f"--relay: {MOST_RELAYS} relays at most")
    return tuple(
        RelayAddress(host, udp_port or ports[0].port, tuple(ports[:_MOST_PORTS]))
        for host, (udp_port, ports) in found.items()
    )


def _not_to_listen_on(text: str, why: str) -> UsageError:
    return UsageError(ErrorKey.USAGE, why=f"--listen {text}: {why}")


def public_url(config: ListenConfig, port: int) -> str:
    """Return scheme://host[:port] that links carry; `port` is the one we really listen on.

    Raises UsageError: link.malformed for a `public_url` that is more than that, server.insecure
    for http to another machine.
    """
    if config.public_url is not None:
        address = parse_server(config.public_url)
        if urlsplit(config.public_url).path not in ("", "/"):
            raise UsageError(ErrorKey.LINK_MALFORMED)
        return address.url
    host = config.host or "0.0.0.0"
    if host in ("0.0.0.0", "::"):
        # Plain http leads to this machine only, whatever we listen on; a certificate has a name.
        host = socket.gethostname() if config.tls else "127.0.0.1"
    elif is_loopback(host) and ":" not in host:
        host = "127.0.0.1" if not config.tls else host
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if config.tls else 'http'}://{shown}:{port}"


def relay_host(config: ListenConfig) -> str:
    """Return where the relay listens: a proxy in front of TCP on this machine carries no UDP."""
    if config.public_url is None or not is_loopback(config.host):
        return config.host
    return config.host if is_loopback(parse_server(config.public_url).host) else ""


def told_ports(public: str, openings: Iterable[Opening]) -> list[RelayPort]:
    """Return the TCP ports that programs may try at the host of our public URL.

    `openings` are those we really have. First comes the port of the URL itself: behind a reverse
    proxy it is the only one that leads here.
    """
    address = parse_server(public, insecure_http=True)
    ports = {address.port: RelayPort(port=address.port, tls=public.startswith("https:"))}
    for opening in openings:
        if is_loopback(address.host) or not is_loopback(opening.host):
            ports.setdefault(opening.port, RelayPort(port=opening.port, tls=opening.tls))
    return list(ports.values())[:_MOST_PORTS]
