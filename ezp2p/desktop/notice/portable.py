"""The notice on macOS: not drawn yet, so nobody may see or control there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.notice import NoticeText
from ezp2p.wire.keys import ErrorKey


def show_notice(text: NoticeText, ended: Callable[[], None]) -> NoReturn:
    """Raise Unavailable(notice.unavailable): without a notice there is no session (S2)."""
    raise Unavailable(ErrorKey.NOTICE_UNAVAILABLE, why="this system has no notice window yet")
