"""Secrets never reach the diary."""

from __future__ import annotations

import io
import logging

from ezp2p.base.log import RedactingFormatter


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
