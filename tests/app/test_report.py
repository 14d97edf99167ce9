"""What a program tells whoever started it, and what if nobody listens."""

from __future__ import annotations

import json
import os

from ezp2p.app.places import LOCALE
from ezp2p.app.report import Reporter
from ezp2p.base.texts import Texts


def test_reporting_goes_on_when_the_reader_has_gone() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as out:
        reporter = Reporter(Texts(LOCALE, "en"), as_json=True, out=out)
        reporter.event("waiting", slot=1)
        assert json.loads(os.read(reading, 1000)) == {"event": "waiting", "slot": 1}
        os.close(reading)
        for slot in (2, 3):
            reporter.event("waiting", slot=slot)
