"""Hangul typed into the counselor's page, and what arrives in an xterm on the customer's screen.

200 different syllables, each composed as an input method does (jamo by jamo, then committed),
from a Chromium through the whole product into a real terminal, as fast as the page takes them.
"""

from __future__ import annotations

import random
import tempfile
import time
import unicodedata
from pathlib import Path

from tests.bench.report import Result, check
from tests.support.company import company
from tests.support.people import person_s_screen, terminal
from tests.support.viewer import Viewer, browser, opened_page

SYLLABLES = 200
FIRST, LAST = 0xAC00, 0xD7A3
ROUNDS = 1

# TARGETS.md, Screen [1]; the pace is its goal
RIGHT = 200
PER_S = 20.0


def run(rounds: int = ROUNDS) -> Result:
    """Measure; return the figures and the checks."""
    with (
        tempfile.TemporaryDirectory(prefix="ezp2p-bench-") as folder,
        company(Path(folder)) as running,
        person_s_screen(1280, 800) as screen,
        terminal(screen, Path(folder)) as paper,
        browser() as chromium,
        running.counselor() as counselor,
        opened_page(chromium, counselor.wait_for("ui")["url"]) as page,
        running.customer(counselor.wait_for("waiting")["link"], screen),
    ):
        viewer = Viewer(page)
        viewer.wait_for_picture()
        viewer.click(paper.x, paper.y)
        paper.wait_for_keyboard()
        typed, speeds, right = "", [], []
        for seed in range(rounds):
            text = syllables(seed)
            began = time.perf_counter()
            for syllable in text:
                viewer.compose_text(*steps(syllable))
            typed += text
            arrived_s = _until_typed(paper.file, len(typed)) - began
            arrived = paper.text[-SYLLABLES:]
            right.append(sum(a == b for a, b in zip(arrived, text, strict=False)))
            speeds.append(SYLLABLES / arrived_s)
    return {
        "figures": {"rounds": rounds, "slowest_per_s": round(min(speeds), 1)},
        "checks": {
            "syllables right, of 200": check(min(right), ">=", RIGHT),
            "syllables/s (goal)": check(min(speeds), ">=", PER_S),
        },
    }


def syllables(seed: int) -> str:
    """Return so many different syllables, always the same for a seed."""
    return "".join(map(chr, random.Random(seed).sample(range(FIRST, LAST + 1), SYLLABLES)))


def steps(syllable: str) -> list[str]:
    """Return what an input method shows while this syllable is typed."""
    jamo = unicodedata.normalize("NFD", syllable)
    return [unicodedata.normalize("NFC", jamo[:end]) for end in range(2, len(jamo) + 1)]


def _until_typed(file: Path, length: int, patience_s: float = 60.0) -> float:
    """Return when so many characters have arrived, or nothing came for a while."""
    deadline = time.perf_counter() + patience_s
    while time.perf_counter() < deadline:
        if len(file.read_text(encoding="utf-8", errors="replace")) >= length:
            break
        time.sleep(0.005)
    return time.perf_counter()
