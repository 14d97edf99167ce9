"""Every page with somebody on it: the states that are photographed and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ezp2p.ui.qr import qr_svg
from ezp2p.wire.bridge import (
    CheckupView,
    CheckView,
    CounselorView,
    CustomerView,
    Page,
    ProblemView,
    ServerView,
    SessionState,
    SessionView,
    SlotState,
    SlotView,
    State,
)
from ezp2p.wire.keys import CheckName, CheckState, Grant, Hindrance

MINUTE_MS = 60_000.0
_NETWORK = list(CheckName)[list(CheckName).index(CheckName.NETWORK) :]
REPORT = """ezp2p diagnostics
ezp2p 0.1.0 (2026-11-25, 1503c2b) | Windows 11 23H2 | 2026-11-25 04:20 UTC
Server: https://help.hanbit.co.kr/main

[OK] Network connection (network, 2 ms): addresses=192.168.0.x
[Problem] Reaching the server's port (TCP) (port, 6003 ms): key=hindrance.port-silent
"""
LINK = "https://help.hanbit.co.kr/main/417#k=AbCdEfGhIjKlMnOpQrStUv"


def scenes(now_ms: float, language: str = "en") -> dict[str, State]:
    """Return {name: state} at a time, in one language."""
    korean = language == "ko"
    company = "한빛소프트 고객지원" if korean else "Hanbit Software Support"
    name = "김민지" if korean else "Kim Minji"
    person = "박영수" if korean else "Park Youngsoo"
    server = ServerView(address="help.hanbit.co.kr", company=company, online=True)
    customer = CustomerView(
        company=company,
        counselor=name,
        asks=[Grant.VIEW, Grant.CONTROL],
        words=["acrobat", "violin", "harbor", "melon"],
        consent_until_ms=now_ms + 55_000,
    )
    helped = CustomerView(
        company=company,
        counselor=name,
        granted=[Grant.VIEW, Grant.CONTROL],
        grantable=[Grant.VIEW, Grant.CONTROL],
        since_ms=now_ms - 7 * MINUTE_MS,
        path="direct-lan",
    )
    counselor = CounselorView(
        login="minji", name=name, slots=slots(now_ms, person), sessions=[], can_remember=True
    )
    at_work = CounselorView(
        login="minji", name=name, slots=counselor.slots, sessions=sessions(now_ms, person)
    )

    def state(page: Page, **more: object) -> State:
        fields: dict[str, object] = {
            "version": "0.1.0",
            "language": language,
            "languages": ["en", "ko"],
            "server": server,
            "recent_servers": ["help.hanbit.co.kr"],
            **more,
        }
        return State(page=page, **fields)  # type: ignore[arg-type]

    wrong = ProblemView(key="code.wrong", fields={"n": "2"})
    unreachable = ProblemView(
        key="server.unreachable", fields={"host": "help.hanbit.co.kr", "port": "443"}
    )
    return {
        "start": state(Page.START),
        "server": state(Page.CODE, server=ServerView()),
        "code": state(Page.CODE),
        "code-wrong": state(Page.CODE, problem=wrong),
        "joining": state(Page.JOINING),
        "consent": state(Page.CONSENT, customer=customer),
        "session": state(Page.SESSION, customer=helped),
        "session-broken": state(
            Page.SESSION,
            customer=CustomerView(
                counselor=name,
                granted=[Grant.VIEW],
                grantable=[Grant.VIEW, Grant.CONTROL],
                since_ms=now_ms - MINUTE_MS,
                path="relay-udp",
                gives_up_ms=now_ms + 9 * MINUTE_MS,
            ),
        ),
        "ended": state(
            Page.ENDED, customer=CustomerView(end_reason="counselor-ended", record="/tmp/a.txt")
        ),
        "ended-lost": state(Page.ENDED, customer=CustomerView(end_reason="link-lost")),
        "login": state(Page.LOGIN, counselor=CounselorView(can_remember=True)),
        "login-wrong": state(
            Page.LOGIN,
            counselor=CounselorView(login="minji", can_remember=True),
            problem=ProblemView(key="login.wrong"),
        ),
        "login-unreachable": state(
            Page.LOGIN, counselor=CounselorView(login="minji"), problem=unreachable
        ),
        "checkup-running": state(Page.CHECKUP, busy=True, checkup=checkup_running()),
        "checkup-alone": state(
            Page.CHECKUP,
            checkup=CheckupView(
                address="",
                back=Page.START,
                state=CheckState.GOOD,
                checks=[CheckView(name=CheckName.NETWORK, state=CheckState.GOOD)],
                conclusion=ProblemView(key="doctor.well-alone"),
                report=REPORT,
            ),
        ),
        "checkup-bad": state(Page.CHECKUP, checkup=checkup_bad()),
        "checkup-worse": state(Page.CHECKUP, checkup=checkup_worse()),
        "checkup-well": state(Page.CHECKUP, checkup=checkup_well()),
        "waiting": state(Page.WAITING, counselor=counselor),
        "viewer": state(Page.VIEWER, counselor=at_work),
        "viewer-none": state(Page.VIEWER, counselor=counselor),
    }


def checkup_running() -> CheckupView:
    """Return a check-up on its way."""
    order = [CheckState.GOOD] * 4 + [CheckState.RUNNING] + [CheckState.WAITING] * 7
    return _checkup(zip(_NETWORK, order, strict=True), state=CheckState.RUNNING, running=True)


def checkup_bad() -> CheckupView:
    """Return a check-up that found what is in the way."""
    order = [CheckState.GOOD] * 3 + [CheckState.BAD] + [CheckState.SKIPPED] * 8
    said = ProblemView(
        key=Hindrance.PORT_SILENT, fields={"host": "help.hanbit.co.kr", "port": "443"}
    )
    return _checkup(zip(_NETWORK, order, strict=True), said, state=CheckState.BAD)


def checkup_worse() -> CheckupView:
    """Return a check-up of a network that lets no UDP through, and no other port."""
    states = dict.fromkeys(_NETWORK, CheckState.GOOD)
    states |= {CheckName.UDP: CheckState.WORSE, CheckName.MAPPING: CheckState.SKIPPED}
    fields = {"host": "help.hanbit.co.kr", "ports": "3000, 3001"}
    said = ProblemView(key=Hindrance.UDP_SILENT, fields=fields)
    notes = {
        CheckName.PORTS: (Hindrance.PORTS_CLOSED, {"open": "443", "closed": "80, 51515"}),
        CheckName.ROUTER: (Hindrance.ROUTER_CLOSED, {}),
    }
    return _checkup(states.items(), said, notes, state=CheckState.WORSE)


def checkup_well() -> CheckupView:
    """Return a check-up that found nothing."""
    states = dict.fromkeys(_NETWORK, CheckState.GOOD)
    return _checkup(states.items(), ProblemView(key="doctor.well"), state=CheckState.GOOD)


def _checkup(
    rows: Iterable[tuple[CheckName, CheckState]],
    said: ProblemView | None = None,
    notes: Mapping[CheckName, tuple[str, dict[str, str]]] | None = None,
    *,
    state: CheckState,
    running: bool = False,
) -> CheckupView:
    """Return a view; who is bad or worse says `said`."""
    checks = []
    for name, each in rows:
        key, fields = (notes or {}).get(name, ("", {}))
        if said and each in (CheckState.BAD, CheckState.WORSE):
            key, fields = said.key, said.fields
        checks.append(CheckView(name=name, state=each, key=key, fields=fields))
    return CheckupView(
        address="help.hanbit.co.kr",
        back=Page.CODE,
        running=running,
        checks=checks,
        state=state,
        conclusion=said,
        report="" if running else REPORT,
    )


def slots(now_ms: float, caller: str) -> list[SlotView]:
    """Return one slot in each state."""
    return [
        SlotView(
            slot=1,
            state=SlotState.WAITING,
            code="417 905 387",
            link=LINK,
            qr_svg=qr_svg(LINK),
            until_ms=now_ms + 8.4 * MINUTE_MS,
        ),
        SlotView(
            slot=2,
            state=SlotState.WAITING,
            code="088 642 197",
            link=LINK,
            qr_svg=qr_svg(LINK),
            until_ms=now_ms + 42_000,
        ),
        SlotView(slot=3, state=SlotState.CALLING, caller=caller),
        SlotView(slot=4, state=SlotState.SESSION, caller=caller),
    ]


def sessions(now_ms: float, customer: str) -> list[SessionView]:
    """Return one session that lives; it is number 1."""
    return [
        SessionView(
            session=1,
            slot=4,
            customer=customer,
            state=SessionState.LIVE,
            granted=[Grant.VIEW, Grant.CONTROL],
            path="direct-lan",
            since_ms=now_ms - 7 * MINUTE_MS,
        )
    ]
