"""Sentences by key, in the person's language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ezp2p.base.texts import Texts, languages, system_language


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en.json").write_text(json.dumps({"a": "one {n}", "b": "two"}), "utf-8")
    (tmp_path / "ko.json").write_text(json.dumps({"a": "하나 {n}"}), "utf-8")
    return tmp_path


def test_placeholders_are_filled(folder: Path) -> None:
    assert Texts(folder, "ko").text("a", {"n": 3}) == "하나 3"


def test_missing_sentence_falls_back_to_english_then_to_its_key(folder: Path) -> None:
    texts = Texts(folder, "ko")
    assert (texts.text("b"), texts.text("c.d")) == ("two", "c.d")


def test_values_with_braces_are_taken_as_they_are(folder: Path) -> None:
    assert Texts(folder, "en").text("a", {"n": "{n}{x}"}) == "one {n}{x}"


def test_languages_are_the_files(folder: Path) -> None:
    assert languages(folder) == ["en", "ko"]


@pytest.mark.parametrize(
    ("value", "language"), [("ko_KR.UTF-8", "ko"), ("de_DE.UTF-8", "en"), ("C.UTF-8", "en")]
)
def test_system_language_is_ours_or_english(
    monkeypatch: pytest.MonkeyPatch, value: str, language: str
) -> None:
    monkeypatch.setenv("LC_ALL", value)
    assert system_language(["en", "ko"]) == language
