"""What stands literally in the html`` templates of a script: a reader of just enough JavaScript."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_REGEX = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_EXPRESSION = "\0"  # stands where ${...} stood


@dataclass
class _Level:
    """Inside a template's text, or inside the code of a ${...}."""

    is_text: bool
    text: list[str] = field(default_factory=list)
    is_html: bool = False
    depth: int = 0


def templates(source: str) -> list[str]:
    """Return the text of every html`` template, each ${...} in it as one NUL."""
    found: list[str] = []
    levels = [_Level(is_text=False)]
    at = 0
    while at < len(source):
        level = levels[-1]
        at += _in_text(source, at, levels, found) if level.is_text else _in_code(source, at, levels)
    return found


def words(source: str) -> list[str]:
    """Return the words that people would read in a script's templates, as they stand there."""
    text = " ".join(re.sub(r"<[^<>]*>", " ", template) for template in templates(source))
    return re.findall(r"[^\W\d_]{3,}", text)


def _in_text(source: str, at: int, levels: list[_Level], found: list[str]) -> int:
    level = levels[-1]
    if source[at] == "`":
        levels.pop()
        if level.is_html:
            found.append("".join(level.text))
        return 1
    if source.startswith("${", at):
        level.text.append(_EXPRESSION)
        levels.append(_Level(is_text=False))
        return 2
    level.text.append(source[at])
    return 1


def _in_code(source: str, at: int, levels: list[_Level]) -> int:
    for skipped in (_COMMENT, _STRING):
        match = skipped.match(source, at)
        if match:
            return len(match[0])
    before = source[:at].rstrip()[-1:]
    if source[at] == "/" and before in "(,=:[!&|?{};" and (match := _REGEX.match(source, at)):
        return len(match[0])
    level = levels[-1]
    if source[at] == "`":
        levels.append(_Level(is_text=True, is_html=source[:at].endswith("html")))
    elif source[at] == "{":
        level.depth += 1
    elif source[at] == "}" and level.depth == 0:
        levels.pop()
    elif source[at] == "}":
        level.depth -= 1
    return 1
