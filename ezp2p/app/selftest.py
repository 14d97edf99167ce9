"""`ezp2p --selftest`: does everything that belongs to the program work here?

For whoever built or installed it: one line for each part, exit code 0 if none fails. A program
that was packed without something it needs says so here and not in the middle of a session.
What only this machine lacks (a display) is named and is no failure; `ezp2p doctor` is about that.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from ezp2p.app import exercises
from ezp2p.app.exercises import Exercise
from ezp2p.app.loop import run as run_loop
from ezp2p.app.report import Reporter
from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

TIMEOUT_S = 60.0

# The name is the part's in events, and selftest.<name> its text. The engine wants to be loaded
# before there are other threads.
EXERCISES: dict[str, Exercise] = {
    "engine": exercises.web_engine,
    "modules": exercises.modules,
    "texts": exercises.texts,
    "store": exercises.store,
    "keyring": exercises.keyring,
    "trust": exercises.trust,
    "processes": exercises.processes,
    "code": exercises.code,
    "link": exercises.link,
    "picture": exercises.picture,
    "qr": exercises.qr,
    "notice": exercises.notice,
    "screen": exercises.screen,
    "control": exercises.control,
    "records": exercises.records,
    "company": exercises.company,
}
_NO_DISPLAY = frozenset({ErrorKey.DISPLAY_NONE, ErrorKey.SCREEN_WAYLAND})

_log = logging.getLogger(__name__)


def run(options: dict[str, Any], reporter: Reporter) -> int:
    """Try every part; 0 if all work, 1 if one does not."""
    del options  # nothing can be chosen
    begun = time.perf_counter()
    failed = []
    with tempfile.TemporaryDirectory(prefix="ezp2p-selftest-") as folder:
        for name, exercise in EXERCISES.items():
            if not _passes(name, exercise, Path(folder), reporter):
                failed.append(name)
    seconds = round(time.perf_counter() - begun, 2)
    key = "selftest.failed" if failed else "selftest.passed"
    sentence = reporter.texts.text(key, {"parts": ", ".join(failed), "seconds": seconds})
    reporter.event("selftest", sentence, ok=not failed, failed=failed, seconds=seconds)
    return 1 if failed else 0


def _passes(name: str, exercise: Exercise, folder: Path, reporter: Reporter) -> bool:
    label = reporter.texts.text(f"selftest.{name}")
    begun = time.perf_counter()
    skipped = False
    try:
        detail = _met(exercise, folder)
    except Unavailable as error:
        skipped = error.key in _NO_DISPLAY
        ok, detail = skipped, reporter.texts.text(error.key, error.fields)
    except Exception as error:
        # The border of everything: whatever a part raises is what we were asked to find.
        ok, detail = False, f"{type(error).__name__}: {error}"
        _log.info("%s", traceback.format_exc())
    else:
        ok = True
    seconds = round(time.perf_counter() - begun, 3)
    sign = "–" if skipped else "✓" if ok else "✗"
    sentence = f"{sign} {label}" + (f" ({detail})" if detail else "")
    reporter.event(
        "part", sentence, name=name, ok=ok, skipped=skipped, detail=detail, seconds=seconds
    )
    return ok


def _met(exercise: Exercise, folder: Path) -> str:
    result = exercise(folder)
    return result if isinstance(result, str) else run_loop(_in_time(result))


async def _in_time(result: Any) -> str:
    async with asyncio.timeout(TIMEOUT_S):
        met: str = await result
        return met
