"""What the program and its own pages say to each other over the loopback WebSocket.

    page -> program   text: a Command {"do": "...", ...}     binary: channel | session | message
    program -> page   text: an Event {"event": "...", ...}   binary: channel | session | message

Binary frames carry a message of a channel exactly as it is on the link, behind two bytes: the
channel's number and the number of the session (0 at the customer's). The program holds the
truth: a page gets the whole State whenever it changes and keeps nothing of its own but looks.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from ezp2p.wire.keys import CheckName, CheckState, Grant

COMMAND_LIMIT = 64 * 1024  # bytes of one text frame from a page

Short = Annotated[str, Meta(max_length=256)]
Long = Annotated[str, Meta(max_length=4000)]


# ---- what a page shows -----------------------------------------------------------------------


class Page(StrEnum):
    """Which page is in front."""

    START = "start"
    CODE = "code"
    JOINING = "joining"
    CONSENT = "consent"
    SESSION = "session"
    ENDED = "ended"
    LOGIN = "login"
    WAITING = "waiting"
    VIEWER = "viewer"
    CHECKUP = "checkup"


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence by key and the values its {placeholders} need."""

    key: str
    fields: dict[str, str] = {}


class ServerView(msgspec.Struct, frozen=True, kw_only=True):
    """The company's server: address as a person would type it, and whether it answers."""

    address: str = ""
    company: str = ""
    online: bool = False


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """The customer's side.

    `asks` is what the counselor would like now, `granted` what is allowed, `grantable` what has
    a switch (it was asked for once), `words` the session's fingerprint words; times are
    milliseconds since 1970 by this machine's clock.
    """

    company: str = ""
    counselor: str = ""
    asks: list[Grant] = []
    granted: list[Grant] = []
    grantable: list[Grant] = []
    words: list[str] = []
    consent_until_ms: float = 0
    allow_from_ms: float = 0
    since_ms: float = 0
    path: str = ""
    gives_up_ms: float = 0  # while the link is down: when it is given up
    end_reason: str = ""
    record: str = ""  # the file with this session's log, to look at


class SlotState(StrEnum):
    """What happens at a waiting slot."""

    OPENING = "opening"
    WAITING = "waiting"
    CALLING = "calling"
    SESSION = "session"


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """One waiting slot: its place (1..5), the code to read aloud, the link and its QR code."""

    slot: int
    state: SlotState
    code: str = ""
    link: str = ""
    qr_svg: str = ""
    until_ms: float = 0
    caller: str = ""
    problem: ProblemView | None = None


class SessionState(StrEnum):
    """How far a session is, as a counselor sees it."""

    CONNECTING = "connecting"
    ASKING = "asking"
    LIVE = "live"
    BROKEN = "broken"
    ENDED = "ended"


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """One session in the counselor's tabs; `session` is the number in binary frames."""

    session: int
    slot: int
    customer: str
    state: SessionState
    granted: list[Grant] = []
    view_only: bool = False
    driver: str = "auto"
    path: str = ""
    path_why: str = ""  # why it is no better one
    words: list[str] = []  # the fingerprint words, as the customer reads them
    since_ms: float = 0
    gives_up_ms: float = 0  # while the link is down: when it is given up
    problem: ProblemView | None = None
    end_reason: str = ""


class CounselorView(msgspec.Struct, frozen=True, kw_only=True):
    """The counselor's side: who is logged in, the slots, the sessions."""

    login: str = ""
    name: str = ""
    remember: bool = False
    can_remember: bool = False
    slots: list[SlotView] = []
    max_slots: int = 5
    sessions: list[SessionView] = []


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """One check: how far it is, and a sentence by key where there is something to say."""

    name: CheckName
    state: CheckState
    key: str = ""
    fields: dict[str, str] = {}


class CheckupView(msgspec.Struct, frozen=True, kw_only=True):
    """The check-up: of which server, how far it is, what counts of it, and where to go back to.

    `report` is what a person may send to whoever helps her, without secrets; empty while it runs.
    """

    address: str
    back: Page
    running: bool = False
    checks: list[CheckView] = []
    state: CheckState = CheckState.WAITING  # of it all
    conclusion: ProblemView | None = None
    report: str = ""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the pages show but pictures, chat lines and quality figures."""

    page: Page
    version: str
    language: str
    languages: list[str]
    window: bool = False  # in our own window, so that it can be resized or put to full screen
    busy: bool = False  # a request is under way
    problem: ProblemView | None = None
    server: ServerView = ServerView()
    recent_servers: list[str] = []
    settings: dict[str, str | bool | int] = {}
    customer: CustomerView | None = None
    counselor: CounselorView | None = None
    checkup: CheckupView | None = None


# ---- events ----------------------------------------------------------------------------------


class BridgeEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Base of everything the program tells a page in text."""


class StateChanged(BridgeEvent, frozen=True, kw_only=True, tag="state"):
    """The whole truth, anew."""

    state: State


class ChatSaid(BridgeEvent, frozen=True, kw_only=True, tag="chat"):
    """One chat line; on connecting a page gets all lines of the living sessions."""

    session: int
    number: int
    mine: bool
    who: str
    text: str
    at_ms: float


class QualityMeasured(BridgeEvent, frozen=True, kw_only=True, tag="quality"):
    """The viewer's status line, once a second: milliseconds, frames/s, bit/s."""

    session: int
    path: str
    round_trip_ms: float
    frames_per_s: float
    rate_bps: float
    driver: str


class Notified(BridgeEvent, frozen=True, kw_only=True, tag="notify"):
    """Something to tell at once, in a passing line: a text key with its values."""

    key: str
    fields: dict[str, str] = {}
    session: int = 0


BridgeSays = StateChanged | ChatSaid | QualityMeasured | Notified


# ---- commands --------------------------------------------------------------------------------


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="do"):
    """Base of everything a page asks for."""


class GoTo(Command, frozen=True, kw_only=True, tag="go-to"):
    """Show this page: start, code (get help), login (give help), waiting, viewer or checkup."""

    page: Page


class ChooseServer(Command, frozen=True, kw_only=True, tag="choose-server"):
    """The company's address as typed."""

    address: Short


class EnterCode(Command, frozen=True, kw_only=True, tag="enter-code"):
    """Nine digits as typed, or a whole link as pasted."""

    code: Short


class CancelJoining(Command, frozen=True, kw_only=True, tag="cancel-joining"):
    """Not any more."""


class AnswerConsent(Command, frozen=True, kw_only=True, tag="answer-consent"):
    """The customer allows these (none: refuses)."""

    granted: Annotated[list[Grant], Meta(max_length=32)]


class ChangeGrants(Command, frozen=True, kw_only=True, tag="change-grants"):
    """The customer allows exactly these from now on."""

    granted: Annotated[list[Grant], Meta(max_length=32)]


class EndSession(Command, frozen=True, kw_only=True, tag="end-session"):
    """End it (customer: session 0)."""

    session: int = 0


class LogIn(Command, frozen=True, kw_only=True, tag="log-in"):
    """The counselor's name and password; `remember` keeps them in the system's keyring."""

    address: Short
    login: Short
    password: Short
    remember: bool = False


class LogOut(Command, frozen=True, kw_only=True, tag="log-out"):
    """Stop waiting and forget the login."""


class AddSlot(Command, frozen=True, kw_only=True, tag="add-slot"):
    """Wait for one more customer."""


class RemoveSlot(Command, frozen=True, kw_only=True, tag="remove-slot"):
    """Stop waiting at this slot."""

    slot: int


class RenewSlot(Command, frozen=True, kw_only=True, tag="renew-slot"):
    """A new code for this slot."""

    slot: int


class AskForGrants(Command, frozen=True, kw_only=True, tag="ask-grants"):
    """Ask the customer for these (more than is granted now)."""

    session: int
    grants: Annotated[list[Grant], Meta(max_length=32)]


class SetViewOnly(Command, frozen=True, kw_only=True, tag="view-only"):
    """Lock or unlock our own mouse and keyboard (S89)."""

    session: int
    on: bool


class Say(Command, frozen=True, kw_only=True, tag="say"):
    """A chat line."""

    session: int = 0
    text: Annotated[str, Meta(min_length=1, max_length=4000)]


class CloseTab(Command, frozen=True, kw_only=True, tag="close-tab"):
    """Take an ended session out of the tabs."""

    session: int


class ChangeSetting(Command, frozen=True, kw_only=True, tag="setting"):
    """Remember a choice: language, theme, zoom, hide-bar, screen-driver ..."""

    name: Short
    value: str | bool | int


class UseProxy(Command, frozen=True, kw_only=True, tag="use-proxy"):
    """Reach servers through this proxy; empty: the system's, "none": none.

    The password, if one is typed, goes to the system's keyring.
    """

    address: Short
    password: Short = ""


class FullScreen(Command, frozen=True, kw_only=True, tag="full-screen"):
    """Our own window covers the whole screen, or no longer."""

    on: bool


class OpenRecord(Command, frozen=True, kw_only=True, tag="open-record"):
    """Show the customer the log of the last session with the system's own program."""


class CheckUp(Command, frozen=True, kw_only=True, tag="check-up"):
    """Check the way to the server at this address, as typed; none: this machine alone."""

    address: Short


class StopCheckup(Command, frozen=True, kw_only=True, tag="stop-checkup"):
    """Leave the rest of the check-up undone."""


class Quit(Command, frozen=True, kw_only=True, tag="quit"):
    """Leave the program."""


PageSays = (
    GoTo
    | ChooseServer
    | EnterCode
    | CancelJoining
    | AnswerConsent
    | ChangeGrants
    | EndSession
    | LogIn
    | LogOut
    | AddSlot
    | RemoveSlot
    | RenewSlot
    | AskForGrants
    | SetViewOnly
    | Say
    | CloseTab
    | ChangeSetting
    | UseProxy
    | FullScreen
    | OpenRecord
    | CheckUp
    | StopCheckup
    | Quit
)
