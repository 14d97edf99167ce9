"""core/types.js says of the bridge what ezp2p/wire/bridge.py says."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest

from ezp2p.wire import bridge
from tests.support.fake_program import WEB_ROOT

TYPES = (WEB_ROOT / "core" / "types.js").read_text(encoding="utf-8")
VIEWS = [
    bridge.ProblemView,
    bridge.ServerView,
    bridge.CustomerView,
    bridge.SlotView,
    bridge.SessionView,
    bridge.CounselorView,
    bridge.CheckView,
    bridge.CheckupView,
    bridge.State,
]
EVENTS = [bridge.ChatSaid, bridge.QualityMeasured, bridge.Notified]
WORDS = [bridge.Page, bridge.SlotState, bridge.SessionState]


def fields(name: str) -> list[str]:
    comments = re.findall(r"/\*\*(.*?)\*/", TYPES, re.DOTALL)
    block = next(each for each in comments if f"@typedef {{object}} {name}\n" in each)
    return re.findall(r"@property \{[^\n]+\} (\w+)", block)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_view_has_the_fields_of_the_program(view: type[msgspec.Struct]) -> None:
    assert fields(view.__name__) == [field.name for field in msgspec.structs.fields(view)]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_event_has_the_fields_of_the_program(event: type[msgspec.Struct]) -> None:
    names = [field.name for field in msgspec.structs.fields(event)]
    assert fields(event.__name__) == ["event", *names]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_choice_has_the_words_of_the_program(words: type[bridge.Page]) -> None:
    line = re.search(r"@typedef \{([^}]+)\} " + words.__name__ + r"\b", TYPES)
    assert line is not None
    assert re.findall(r"'([\w-]+)'", line[1]) == [str(word) for word in words]


def test_commands_are_those_of_the_program() -> None:
    block = TYPES[TYPES.index("@typedef {{do:") :]
    block = block[: block.index("*/")]
    ours = {
        name: set(re.findall(r"(\w+):", rest))
        for name, rest in re.findall(r"\{do: '([\w-]+)'([^}]*)\}", block)
    }
    theirs = {
        str(command.__struct_config__.tag): {f.name for f in msgspec.structs.fields(command)}
        for command in get_args(bridge.PageSays)
    }
    assert ours == theirs
