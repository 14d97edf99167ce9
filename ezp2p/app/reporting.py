"""What scripts hear about sessions: the documented events, from the desk and from a visit."""

from __future__ import annotations

from ezp2p.app.report import Reporter
from ezp2p.session import events
from ezp2p.session.counselor import CounselorSession
from ezp2p.session.slots import Slot
from ezp2p.wire.keys import ErrorKey


class SessionReporter:
    """Reports one program's sessions; `session` tells a counselor's apart."""

    def __init__(self, reporter: Reporter, **always: object) -> None:
        self._reporter = reporter
        self._always = always
        self.path = ""

    def happened(self, event: events.SessionEvent) -> None:
        """Report what scripts rely on."""
        text = self._reporter.texts.text
        report = self._reporter.event
        match event:
            case events.Started(peer=peer):
                sentence = text("cli.session-started", {"peer": peer})
                report("session-started", sentence, peer=peer, **self._always)
            case events.ConsentOpened(grants=grants):
                report("consent-asked", grants=list(grants), **self._always)
            case events.GrantsSet(granted=granted):
                report("grants", granted=sorted(granted), **self._always)
            case events.PathTaken(kind=kind, address=address, round_trip_s=round_trip_s):
                self.path = kind
                report(
                    "path",
                    text(f"path.{kind}", {"port": address.rpartition(":")[2]}),
                    kind=kind,
                    address=address,
                    round_trip_ms=round(round_trip_s * 1000, 2),
                    **self._always,
                )
            case events.PathExplained(why=why):
                sentence = text(f"path.why.{why}") if why else ""
                report("path-why", sentence, why=why or "", **self._always)
            case events.Broken():
                report("link-lost", text("cli.link-lost"), **self._always)
            case events.Mended():
                report("link-back", text("cli.link-back"), **self._always)
            case events.Said(mine=mine, text=said):
                report("chat", mine=mine, text=said, **self._always)


class VisitReporter(SessionReporter):
    """Reports the visits of a customer who looks at the pages, their ends too."""

    def happened(self, event: events.SessionEvent) -> None:
        """Report what scripts rely on."""
        super().happened(event)
        if isinstance(event, events.Over):
            sentence = self._reporter.texts.text(f"end.{event.reason}")
            self._reporter.event("session-ended", sentence, reason=event.reason, path=self.path)


class DeskReporter:
    """Reports a counselor's desk."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._sessions: dict[int, SessionReporter] = {}

    def desk_changed(self) -> None:
        """Nothing a script would wait for."""

    def slot_waiting(self, slot: Slot) -> None:
        """Report the new code."""
        fields = {"slot": slot.place, "code": str(slot.code), "link": str(slot.invitation)}
        sentence = self._reporter.texts.text("cli.waiting", fields)
        self._reporter.event("waiting", sentence, number=slot.number, **fields)

    def call_failed(self, slot: Slot, key: ErrorKey, tries_left: int) -> None:
        """Report a call that did not get through."""
        self._reporter.event("call-failed", slot=slot.place, key=key, tries_left=tries_left)

    def session_happened(self, session: CounselorSession, event: events.SessionEvent) -> None:
        """Report what happened in a session."""
        number = session.number
        known = self._sessions.setdefault(
            number, SessionReporter(self._reporter, session=number, slot=session.slot)
        )
        known.happened(event)
        if isinstance(event, events.Over):
            del self._sessions[number]
            self._reporter.event(
                "session-ended",
                self._reporter.texts.text(f"end.{event.reason}"),
                session=number,
                slot=session.slot,
                reason=event.reason,
            )
