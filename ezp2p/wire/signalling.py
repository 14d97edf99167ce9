"""What programs say to the rendezvous over its WebSocket: JSON objects with a "type".

    counselor                    rendezvous                     customer
    OpenSlot           ->        SlotOpened(number)
                                                       <-       Join(site, slot)
    CallArrived        <-                              ->       Joined(company, counselor)
    Pass(call, body)   <->       passes it on as it is <->      Pass(call, body)
    HangUp(call, why)  <->                             <->      HangUp(call, why)

Two programs that lost each other within a session meet again under a name only they know:

    SeekReunion(name)  ->                              <-       SeekReunion(name)
    Reunited(name, call) <-                            ->       Reunited(name, call)

One call at a time waits at a slot. The rendezvous reads slots and calls, never a body: those are
the joining messages (wire/joining.py), which the two ends seal from each other's keys.
The counselor's socket needs the bearer token of a login; a customer's needs nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from ezp2p.wire.messages.fields import Line, Word

ANONYMOUS_LIMIT = 16 * 1024  # longest WebSocket message in bytes before login
COUNSELOR_LIMIT = 64 * 1024  # and after
SLOT_LIFE_S = 600.0
SLOT_REST_S = 600.0  # a number is not given out again for so long
REUNION_S = 600.0  # so long the two programs of a broken session look for each other
MAX_SLOTS = 5  # per counselor (S36)

SlotNumber = Annotated[str, Meta(pattern=r"^[0-9]{3}$")]
CallId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
ReunionName = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
SiteName = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,32}$")]
Body = Annotated[bytes, Meta(max_length=10 * 1024)]
Blob = Annotated[bytes, Meta(max_length=1024)]
PortNumber = Annotated[int, Meta(ge=1, le=65535)]


class CallEnd(StrEnum):
    """Why a call at a slot is over, as both ends and the rendezvous say it."""

    DONE = "done"  # the two programs have met; the slot is used up
    CODE_WRONG = "code-wrong"
    CODE_BURNT = "code-burnt"
    GONE = "gone"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    PROTOCOL = "protocol"
    VERSION = "version"


class SignalMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all signalling messages; the type is the class's name."""


class RelayPort(msgspec.Struct, frozen=True, kw_only=True):
    """A TCP port of a relay, where a WebSocket carries the datagrams; with TLS or plain."""

    port: PortNumber
    tls: bool


class RelayOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A relay that will carry this call's datagrams, and the ticket it asks for."""

    host: Line
    udp_port: PortNumber
    ticket: Blob
    ports: Annotated[list[RelayPort], Meta(max_length=8)] = []


class DiscoveryOffer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a program may ask how the world sees its UDP port: one host, two ports if it can.

    Two, because a network that gives each connection another outer port shows it there.
    """

    host: Line
    udp_ports: Annotated[list[Annotated[int, Meta(ge=1, le=65535)]], Meta(max_length=2)]


class OpenSlot(SignalMessage, frozen=True, kw_only=True, tag="OpenSlot"):
    """The counselor waits for one more customer; answered by SlotOpened or Problem."""


class CloseSlot(SignalMessage, frozen=True, kw_only=True, tag="CloseSlot"):
    """Nobody waits at this slot any more."""

    number: SlotNumber


class SlotOpened(SignalMessage, frozen=True, kw_only=True, tag="SlotOpened"):
    """A customer may call this number for so many seconds."""

    number: SlotNumber
    life_s: float


class SlotClosed(SignalMessage, frozen=True, kw_only=True, tag="SlotClosed"):
    """The slot is gone: its time was over ("expired") or it was closed ("closed")."""

    number: SlotNumber
    why: Word


class Join(SignalMessage, frozen=True, kw_only=True, tag="Join"):
    """A customer calls the counselor who waits at this slot; answered by Joined or Problem."""

    site: SiteName
    slot: SlotNumber


class Joined(SignalMessage, frozen=True, kw_only=True, tag="Joined"):
    """The call stands. Names as the rendezvous knows them."""

    call: CallId
    company: Line
    counselor: Line
    relays: Annotated[list[RelayOffer], Meta(max_length=8)] = []
    discovery: DiscoveryOffer | None = None


class CallArrived(SignalMessage, frozen=True, kw_only=True, tag="CallArrived"):
    """Somebody calls at this slot, seen by the rendezvous from this address."""

    number: SlotNumber
    call: CallId
    address: Line
    relays: Annotated[list[RelayOffer], Meta(max_length=8)] = []
    discovery: DiscoveryOffer | None = None


class Pass(SignalMessage, frozen=True, kw_only=True, tag="Pass"):
    """A joining message for the other end of the call, passed on unread."""

    call: CallId
    body: Body


class HangUp(SignalMessage, frozen=True, kw_only=True, tag="HangUp"):
    """The call is over, for this reason."""

    call: CallId
    why: CallEnd


class SeekReunion(SignalMessage, frozen=True, kw_only=True, tag="SeekReunion"):
    """The other program of our session is out of reach; answered by Reunited when it seeks us, too.

    The name is derived from the session's keys: whoever says it is one of the two.
    """

    reunion: ReunionName


class LeaveReunion(SignalMessage, frozen=True, kw_only=True, tag="LeaveReunion"):
    """We do not look for the other program any more."""

    reunion: ReunionName


class Reunited(SignalMessage, frozen=True, kw_only=True, tag="Reunited"):
    """Both programs of a session are here; the call carries their sealed bodies."""

    reunion: ReunionName
    call: CallId
    relays: Annotated[list[RelayOffer], Meta(max_length=8)] = []


class Problem(SignalMessage, frozen=True, kw_only=True, tag="Problem"):
    """The last request cannot be: a text key; `wait_s` tells when it may be tried again."""

    key: Word
    wait_s: float = 0.0


CounselorSays = OpenSlot | CloseSlot | Pass | HangUp | SeekReunion | LeaveReunion
CustomerSays = Join | Pass | HangUp | SeekReunion | LeaveReunion
RendezvousSays = SlotOpened | SlotClosed | Joined | CallArrived | Pass | HangUp | Reunited | Problem


class LoginRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /api/v1/login."""

    site: SiteName
    login: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(min_length=1, max_length=256)]


class LoginAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token and whose it is."""

    token: Word
    login: Word
    name: Line
    role: Word  # "admin" or "counselor"
    company: Line
    site: SiteName
    expires_in_s: float


class RelayPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A relay that stands apart from the rendezvous, and the TCP ports with its WebSocket."""

    host: Line
    ports: Annotated[list[RelayPort], Meta(max_length=8)]


class NetworkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """GET /api/v1/network: where this server listens, for programs that look what is in the way."""

    version: Word
    discovery: DiscoveryOffer
    ports: Annotated[list[RelayPort], Meta(max_length=8)]
    relays: Annotated[list[RelayPlace], Meta(max_length=8)] = []


class ProblemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What every failed request of the REST interface answers."""

    key: Word
    message: Line
    wait_s: float = 0.0
