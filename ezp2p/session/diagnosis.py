"""What a check-up found, as plain text that a person sends to whoever helps her (S164).

    ezp2p diagnostics
    ezp2p 0.1.0 (2026-11-25, 1503c2b) | Debian GNU/Linux 12 | 2026-11-25 04:20 UTC
    Server: https://help.company.kr/main

    Nothing comes back from help.company.kr, port 443. ...

    [OK] Network connection (network, 2 ms): addresses=10.77.1.x
    [Problem] Reaching the server's port (port, 6003 ms): key=hindrance.port-silent
    [Not checked] The server's identity (certificate)

In the person's own language, with names and numbers that are the same in all. Who she is and
where exactly is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ezp2p.base.redaction import anonymize
from ezp2p.base.stranger import one_line
from ezp2p.base.texts import Texts
from ezp2p.session.checkup import Finding, conclusion
from ezp2p.wire.keys import CheckState

_LONGEST_FACT = 200  # characters


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Which program looked, where and when; `at` in seconds since 1970 (UTC)."""

    program: str
    system: str
    server: str
    at: float


def diagnosis(findings: Iterable[Finding], about: Circumstances, texts: Texts) -> str:
    """Return the text; secrets and what is personal are left out."""
    known = list(findings)
    key, fields = conclusion(known)
    when = datetime.fromtimestamp(about.at, UTC)
    server = about.server or texts.text("doctor.report.none")
    lines = [
        texts.text("doctor.report.title"),
        f"{about.program} | {about.system} | {when:%Y-%m-%d %H:%M} UTC",
        f"{texts.text('doctor.report.server')}: {server}",
        "",
        texts.text(key, fields),
        "",
        *(_line(finding, texts) for finding in known),
    ]
    return anonymize("\n".join(lines)) + "\n"


def _line(finding: Finding, texts: Texts) -> str:
    state = texts.text(f"check.state.{finding.state}")
    took = "" if finding.state is CheckState.SKIPPED else f", {finding.took_s * 1000:.0f} ms"
    label = f"[{state}] {texts.text(f'check.{finding.name}')} ({finding.name}{took})"
    facts = {"key": finding.key} if finding.key else {}
    facts |= {name: one_line(value, _LONGEST_FACT) for name, value in finding.facts.items()}
    details = "; ".join(f"{name}={value}" for name, value in facts.items())
    return f"{label}: {details}" if details else label
