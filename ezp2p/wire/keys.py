"""Names that cross borders: between two programs, between Python and the pages, into scripts.

Every key that a person may read has a sentence in each locale file; a test compares them.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Which chair somebody sits in."""

    CUSTOMER = "customer"
    COUNSELOR = "counselor"

    @property
    def other(self) -> Role:
        """The role at the other end."""
        return Role.COUNSELOR if self is Role.CUSTOMER else Role.CUSTOMER


class Grant(StrEnum):
    """What a customer may allow. Chat needs none: it opens once anything is allowed."""

    VIEW = "view"
    CONTROL = "control"


class PathKind(StrEnum):
    """How datagrams travel, best first. The text key is `path.<kind>`."""

    DIRECT_LAN = "direct-lan"
    UPNP = "upnp"
    FORWARDED = "forwarded"
    PUNCHED = "punched"
    RELAY_UDP = "relay-udp"
    RELAY_WS = "relay-ws"


class PortMapping(StrEnum):
    """What a network makes of the port a program sends from (RFC 4787, 4.1), as it has shown."""

    UNKNOWN = "unknown"  # nobody has been asked, or one port has answered
    STEADY = "steady"  # two ports of one server saw the same
    VARYING = "varying"  # each saw another: "symmetric"
    SILENT = "silent"  # no datagram came back


class PathWhy(StrEnum):
    """Why a relayed path is no direct one. The text key is `path.why.<why>`; nat/verdict.py."""

    TRYING = "trying"
    OURS_BLOCKED = "ours-blocked"
    THEIRS_BLOCKED = "theirs-blocked"
    BOTH_VARYING = "both-varying"
    OURS_VARYING = "ours-varying"
    THEIRS_VARYING = "theirs-varying"
    FIREWALL = "firewall"


class CheckName(StrEnum):
    """What a check-up looks at. The text key is `check.<name>`."""

    DATA = "data"
    SCREEN = "screen"
    INPUT = "input"
    END_KEY = "end-key"
    WINDOW = "window"
    NETWORK = "network"
    PROXY = "proxy"
    NAME = "name"
    PORT = "port"
    CERTIFICATE = "certificate"
    SERVER = "server"
    CLOCK = "clock"
    LINE = "line"
    PORTS = "ports"
    UDP = "udp"
    MAPPING = "mapping"
    ROUTER = "router"


class CheckState(StrEnum):
    """How far a check is, or how it came out. The text key is `check.state.<state>`."""

    WAITING = "waiting"
    RUNNING = "running"
    GOOD = "good"
    WORSE = "worse"  # help is possible, but not as well as it could be
    BAD = "bad"
    SKIPPED = "skipped"  # what it needs is missing


class Hindrance(StrEnum):
    """What stands between a program and its server, and what to do: all of them text keys."""

    OFFLINE = "hindrance.offline"
    NO_SERVER = "hindrance.no-server"
    NAME_UNKNOWN = "hindrance.name-unknown"
    NAME_SILENT = "hindrance.name-silent"
    PORT_REFUSED = "hindrance.port-refused"
    PORT_SILENT = "hindrance.port-silent"
    PORT_UNREACHABLE = "hindrance.port-unreachable"
    UNENCRYPTED = "hindrance.unencrypted"
    NO_TLS = "hindrance.no-tls"
    TLS_CUT = "hindrance.tls-cut"
    CERTIFICATE_EXPIRED = "hindrance.certificate-expired"
    CERTIFICATE_EARLY = "hindrance.certificate-early"
    CERTIFICATE_CLOCK = "hindrance.certificate-clock"
    CERTIFICATE_NAME = "hindrance.certificate-name"
    CERTIFICATE_UNKNOWN = "hindrance.certificate-unknown"
    CERTIFICATE_PIN = "hindrance.certificate-pin"
    SERVER_OTHER = "hindrance.server-other"
    CLOCK_OFF = "hindrance.clock-off"
    LINE_REFUSED = "hindrance.line-refused"
    LINE_CUT = "hindrance.line-cut"
    PORTS_CLOSED = "hindrance.ports-closed"
    RELAY_CLOSED = "hindrance.relay-closed"
    UDP_SILENT = "hindrance.udp-silent"
    UDP_HALF = "hindrance.udp-half"
    MAPPING_VARYING = "hindrance.mapping-varying"
    ROUTER_CLOSED = "hindrance.router-closed"
    ROUTER_UNASKED = "hindrance.router-unasked"
    NO_PORT = "hindrance.no-port"
    LATE = "hindrance.late"


class EndReason(StrEnum):
    """Why a session is over. The text key is `end.<reason>`."""

    CUSTOMER_ENDED = "customer-ended"
    COUNSELOR_ENDED = "counselor-ended"
    REFUSED = "refused"
    CONSENT_TIMEOUT = "consent-timeout"
    LINK_LOST = "link-lost"
    NOTICE_LOST = "notice-lost"
    PROTOCOL = "protocol"
    PROGRAM_CLOSED = "program-closed"
    VERSION = "version"


class ErrorKey(StrEnum):
    """What can go wrong, as `event: error` reports it and as the locale files explain it."""

    CODE_MISTYPED = "code.mistyped"
    CODE_WRONG = "code.wrong"
    CODE_EXPIRED = "code.expired"
    CODE_BURNT = "code.burnt"
    CODE_BUSY = "code.busy"
    CODE_WAIT = "code.wait"
    LINK_MALFORMED = "link.malformed"
    SITE_UNKNOWN = "site.unknown"
    SERVER_UNKNOWN = "server.unknown"
    SERVER_UNREACHABLE = "server.unreachable"
    SERVER_REFUSED = "server.refused"
    SERVER_VERSION = "server.version"
    SERVER_BUSY = "server.busy"
    SERVER_PROTOCOL = "server.protocol"
    SERVER_CERTIFICATE = "server.certificate"
    SERVER_INSECURE = "server.insecure"
    PROXY_UNREACHABLE = "proxy.unreachable"
    PROXY_MALFORMED = "proxy.malformed"
    PROXY_REFUSED = "proxy.refused"
    LOGIN_WRONG = "login.wrong"
    LOGIN_WAIT = "login.wait"
    LOGIN_EXPIRED = "login.expired"
    SLOTS_FULL = "slots.full"
    PEER_UNTRUSTED = "peer.untrusted"
    PEER_GONE = "peer.gone"
    PEER_PROTOCOL = "peer.protocol"
    PEER_VERSION = "peer.version"
    LINK_LOST = "link.lost"
    CONSENT_REFUSED = "consent.refused"
    CONSENT_TIMEOUT = "consent.timeout"
    PORT_TAKEN = "port.taken"
    DISPLAY_NONE = "display.none"
    SCREEN_WAYLAND = "screen.wayland"
    SCREEN_UNAVAILABLE = "screen.unavailable"
    INPUT_UNAVAILABLE = "input.unavailable"
    NOTICE_UNAVAILABLE = "notice.unavailable"
    WINDOW_UNAVAILABLE = "window.unavailable"
    KEYRING_UNAVAILABLE = "keyring.unavailable"
    CLIPBOARD_UNAVAILABLE = "clipboard.unavailable"
    PROCESS_DENIED = "process.denied"
    PROCESS_STAYS = "process.stays"
    AUTOSTART_UNAVAILABLE = "autostart.unavailable"
    URLHANDLER_UNAVAILABLE = "urlhandler.unavailable"
    URLHANDLER_TAKEN = "urlhandler.taken"
    DATA_UNWRITABLE = "data.unwritable"
    DATABASE_BROKEN = "database.broken"
    USAGE = "usage"
    INTERNAL = "internal"
