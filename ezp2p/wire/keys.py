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
