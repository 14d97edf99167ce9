"""The notice window: a strip that stays on top while somebody sees this screen (S2).

It is drawn by the system's own means, so that it lives and ends sessions even when the web
view hangs. It can be moved, not closed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """What the strip says, in the customer's language."""

    title: str  # "Kim Minji of Hanbit Support is connected"
    details: str  # "can see and control - since 10:42"
    end_button: str  # "End now"
    end_hint: str  # "Ctrl+Alt+End"


class Notice(Protocol):
    """A strip that is being shown."""

    def update(self, text: NoticeText) -> None:
        """Show this from now on; may be called from any thread."""
        ...

    def is_shown(self) -> bool:
        """Tell whether the strip is really on the screen right now."""
        ...

    def close(self) -> None:
        """Take the strip away."""
        ...


def show_notice(text: NoticeText, ended: Callable[[], None]) -> Notice:
    """Show the strip; call `ended` (from any thread) when its end button is pressed.

    Injected clicks count as well: ending is always safe, and assistive tools inject.
    Raises Unavailable(notice.unavailable) where none can be shown.
    """
    if sys.platform == "linux":
        from ezp2p.desktop.notice import linux as system
    elif sys.platform == "win32":
        from ezp2p.desktop.notice import windows as system
    else:
        from ezp2p.desktop.notice import portable as system
    return system.show_notice(text, ended)
