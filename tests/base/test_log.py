"""Secrets never reach the diary."""

from __future__ import annotations

import io
import logging

import pytest

from ezp2p.base.log import RedactingFormatter, redact


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("code 417 905 382 entered", "905"),
        ("code 417905382", "417905382"),
        ("link https://h/main/417#k=AAAABBBBCCCCDDDDEEEEFF", "AAAABBBB"),
        ("Authorization: Bearer abc.def-ghi", "abc.def"),
        ("password=hunter2 given", "hunter2"),
    ],
)
def test_secret_is_blacked_out(line: str, secret: str) -> None:
    assert secret in line
    assert secret not in redact(line)


def test_ordinary_numbers_stay_readable() -> None:
    line = "session 12 took 4521 ms on port 51515 and sent 123456 bytes"
    assert redact(line) == line


def test_tracebacks_are_redacted_too() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(RedactingFormatter("%(message)s"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        logger.exception("failed")
    assert "ValueError" in out.getvalue()
    assert "hunter2" not in out.getvalue()
