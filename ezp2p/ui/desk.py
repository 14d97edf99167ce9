"""A counselor's slots and sessions as the pages show them."""

from __future__ import annotations

from functools import lru_cache

from ezp2p.base.clock import Clock
from ezp2p.session import events
from ezp2p.session.counselor import CounselorSession
from ezp2p.session.phase import Phase
from ezp2p.session.slots import Slot
from ezp2p.ui.moment import page_ms, wall_ms
from ezp2p.ui.qr import qr_svg
from ezp2p.wire.bridge import (
    ChatSaid,
    ProblemView,
    QualityMeasured,
    SessionState,
    SessionView,
    SlotView,
)
from ezp2p.wire.signalling import MAX_SLOTS

# A QR code takes 10 ms to make, and the state is made anew at every change.
_qr = lru_cache(maxsize=2 * MAX_SLOTS)(qr_svg)

_STATES = {
    Phase.CONNECTING: SessionState.CONNECTING,
    Phase.GREETING: SessionState.CONNECTING,
    Phase.OPEN: SessionState.LIVE,
    Phase.BROKEN: SessionState.BROKEN,
    Phase.OVER: SessionState.ENDED,
}


def slot_view(slot: Slot, clock: Clock) -> SlotView:
    """Return a waiting slot's card; its `until` is a time of `clock.now()`."""
    link = str(slot.invitation) if slot.invitation else ""
    return SlotView(
        slot=slot.place,
        state=slot.state,
        code=str(slot.code) if slot.code else "",
        link=link,
        qr_svg=_qr(link) if link else "",
        until_ms=page_ms(slot.until or None, clock),
        caller=slot.caller,
        problem=ProblemView(key=slot.problem, fields={"n": str(slot.tries.left)})
        if slot.problem
        else None,
    )


def session_view(session: CounselorSession) -> SessionView:
    """Return a session's tab."""
    state = _STATES[session.phase]
    if state is SessionState.LIVE and session.asking and not session.granted:
        state = SessionState.ASKING
    return SessionView(
        session=session.number,
        slot=session.slot,
        customer=session.customer,
        state=state,
        granted=sorted(session.granted),
        view_only=session.view_only,
        driver=session.driver,
        path=session.path.kind if session.path else "",
        path_why=session.path_why or "",
        words=session.words,
        since_ms=wall_ms(session.since),
        gives_up_ms=wall_ms(session.gives_up_at),
        end_reason=session.reason or "",
    )


def quality(session: CounselorSession, taken: events.QualityTaken) -> QualityMeasured:
    """Return what the viewer's status line says."""
    return QualityMeasured(
        session=session.number,
        path=session.path.kind if session.path else "",
        round_trip_ms=taken.round_trip_s * 1000,
        frames_per_s=taken.frames_per_s,
        rate_bps=taken.rate_bps,
        driver=session.driver,
    )


def chat_line(session: CounselorSession, said: events.Said) -> ChatSaid:
    """Return a chat line under its writer's name; nobody's if it is ours."""
    return ChatSaid(
        session=session.number,
        number=said.number,
        mine=said.mine,
        who="" if said.mine else session.customer,
        text=said.text,
        at_ms=wall_ms(said.at),
    )
