"""What people read: complete in each language, and nowhere but in the locale files."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path

import pytest

import ezp2p
from ezp2p.wire.keys import (
    CheckName,
    CheckState,
    EndReason,
    ErrorKey,
    Grant,
    Hindrance,
    PathKind,
    PathWhy,
)
from ezp2p.wire.messages.screen import ScreenDriver
from tests.support.fake_program import LOCALE_ROOT, WEB_ROOT
from tests.support.templates import words

LANGUAGES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(LOCALE_ROOT.glob("*.json"))
}
PLACEHOLDER = re.compile(r"\{(\w+)\}")
SOURCES = [
    path
    for path in sorted(WEB_ROOT.rglob("*.js"))
    if "vendor" not in path.relative_to(WEB_ROOT).parts
]
HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
# What is no sentence though it stands in a page: names.
NAMES = {"ezp"}  # with its number: ezp2p


def test_every_language_has_the_same_sentences() -> None:
    assert set(LANGUAGES) >= {"en", "ko"}
    for texts in LANGUAGES.values():
        assert set(texts) == set(LANGUAGES["en"])


def test_every_language_fills_the_same_placeholders() -> None:
    for key, sentence in LANGUAGES["en"].items():
        wanted = set(PLACEHOLDER.findall(sentence))
        for language, texts in LANGUAGES.items():
            assert set(PLACEHOLDER.findall(texts[key])) == wanted, (language, key)


def test_no_sentence_is_empty_and_none_has_stray_blanks() -> None:
    for texts in LANGUAGES.values():
        assert all(text and text == text.strip() for text in texts.values())


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("", ErrorKey),
        ("", Hindrance),
        ("check.", CheckName),
        ("check.state.", CheckState),
        ("end.", EndReason),
        ("path.", PathKind),
        ("path.why.", PathWhy),
        ("grant.", Grant),
        ("driver.", ScreenDriver),
    ],
)
def test_every_name_that_crosses_a_border_has_a_sentence(prefix: str, names: type[StrEnum]) -> None:
    missing = [prefix + name for name in names if prefix + name not in LANGUAGES["en"]]
    assert missing == []


def test_korean_sentences_are_korean_and_english_ones_are_not() -> None:
    assert [key for key, text in LANGUAGES["en"].items() if HANGUL.search(text)] == []
    plain = [key for key, text in LANGUAGES["ko"].items() if not HANGUL.search(text)]
    # Only signs, numbers and key names need no Korean.
    assert all(
        not re.search(r"[a-z]{4,}", LANGUAGES["ko"][key]) for key in plain if "bit" not in key
    )


def keys_in_scripts() -> set[str]:
    keys: set[str] = set()
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        keys |= set(re.findall(r"\bt\(\s*'([\w.-]+)'", text))
        for both in re.findall(r"\bt\([^()'`]*\?\s*'([\w.-]+)'\s*:\s*'([\w.-]+)'", text):
            keys |= set(both)
    return keys


def test_every_key_in_the_scripts_has_a_sentence() -> None:
    assert keys_in_scripts() - set(LANGUAGES["en"]) == set()


def test_every_action_has_its_name_and_its_hint() -> None:
    actions = (WEB_ROOT / "core" / "actions.js").read_text(encoding="utf-8")
    names = set(re.findall(r"name: '([\w-]+)', group", actions))
    names |= {f"zoom-{zoom}" for zoom in ("100", "75", "50", "fit")}
    assert {"refresh", "end", "full-screen"} <= names
    for name in names:
        assert f"action.{name}" in LANGUAGES["en"]
        assert f"action.{name}.hint" in LANGUAGES["en"]


def keys_in_programs() -> set[str]:
    root = Path(ezp2p.__file__).parent
    return {
        key
        for path in root.rglob("*.py")
        if "rendezvous" not in path.parts
        for key in re.findall(r"texts\.text\(\s*\"([\w.-]+)\"", path.read_text(encoding="utf-8"))
    }


def test_every_key_in_the_programs_has_a_sentence() -> None:
    assert keys_in_programs() - set(LANGUAGES["en"]) == set()


def test_the_search_for_literals_finds_one() -> None:
    script = "html`<p class=${x ? 'a' : html`<b>no</b>`} title=${'`'}>Please ${t('x')} wait</p>`"
    assert words(script) == ["Please", "wait"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_script_holds_no_sentence_of_its_own(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert HANGUL.search(source) is None
    assert [word for word in words(source) if word not in NAMES] == []
    attributes = re.findall(r"(?:aria-label|title|alt)=\"([^\"]+)\"", source)
    assert attributes == []
