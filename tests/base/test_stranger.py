"""What a stranger says, as people read it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ezp2p.base.stranger import SHOWN, one_line


def test_ordinary_words_stay() -> None:
    assert one_line("CN=한빛 Root, O=Example") == "CN=한빛 Root, O=Example"


def test_lines_and_control_characters_become_blanks() -> None:
    assert one_line(" a\r\n\tb\x1b[31mc\u202ed ") == "a b [31mc d"


@given(st.text())
def test_nothing_is_longer_than_the_limit_or_unprintable(text: str) -> None:
    line = one_line(text)
    assert len(line) <= SHOWN
    assert line.isprintable()
