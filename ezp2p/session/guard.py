"""What keeps the customer in charge while her screen is seen: the strip and the end-now key.

Both belong to the system, not to the web view, and both work from threads of their own, so
that a hung network or a hung page cannot keep them from ending the session.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from ezp2p.base.errors import Unavailable
from ezp2p.base.texts import Texts
from ezp2p.desktop.hotkeys import Hotkey
from ezp2p.desktop.notice import Notice, NoticeText
from ezp2p.session.tools import Desktop, Diary, Names
from ezp2p.wire.keys import Grant


class Guard:
    """Raised before the first grant takes effect; the session ends when it falls."""

    def __init__(
        self,
        *,
        desktop: Desktop,
        texts: Texts,
        names: Names,
        diary: Diary,
        ended: Callable[[], None],
    ) -> None:
        """`ended` is called, from any thread, when a person ends the session by strip or key."""
        self._desktop = desktop
        self._texts = texts
        self._names = names
        self._diary = diary
        self._ended = ended
        self._lock = threading.Lock()
        self._notice: Notice | None = None
        self._hotkey: Hotkey | None = None
        self._closed = False

    @property
    def is_raised(self) -> bool:
        """Whether the strip is on the screen right now."""
        notice = self._notice
        return notice is not None and notice.is_shown()

    @property
    def is_lost(self) -> bool:
        """Whether the strip has been on the screen and no longer is."""
        notice = self._notice
        return notice is not None and not notice.is_shown()

    def rise(self, granted: frozenset[Grant], since: float) -> None:
        """Show the strip and watch the key, once; blocks for some 50 ms.

        `since` is seconds since 1970. Raises Unavailable if the strip cannot be shown; a key
        that another program holds is noted in the diary, the strip's button stays.
        """
        notice = self._desktop.show_notice(self._text(granted, since), self._ended)
        try:
            hotkey = self._watch_key()
        except BaseException:
            notice.close()
            raise
        with self._lock:
            if not self._closed:
                self._notice, self._hotkey = notice, hotkey
                return
        _close(notice, hotkey)

    def say(self, granted: frozenset[Grant], since: float) -> None:
        """Let the strip say what is allowed now."""
        notice = self._notice  # another thread may let it fall meanwhile
        if notice is not None:
            notice.update(self._text(granted, since))

    def fall(self) -> None:
        """Take both away; may be called while they are being raised. Waits for their threads."""
        with self._lock:
            self._closed = True
            notice, hotkey, self._notice, self._hotkey = self._notice, self._hotkey, None, None
        _close(notice, hotkey)

    def _watch_key(self) -> Hotkey | None:
        try:
            return self._desktop.watch_end_key(self._ended)
        except Unavailable as error:
            self._diary.write("end-key-unavailable", why=str(error))
            return None

    def _text(self, granted: frozenset[Grant], since: float) -> NoticeText:
        text = self._texts.text
        allowed = "controls" if Grant.CONTROL in granted else "sees" if granted else "nothing"
        names = {"counselor": self._names.counselor, "company": self._names.company}
        clock = time.strftime("%H:%M", time.localtime(since))
        return NoticeText(
            title=text("notice.title", names),
            details=text(f"notice.{allowed}", {"time": clock}),
            end_button=text("notice.end"),
            end_hint=text("notice.end-hint"),
        )


def _close(notice: Notice | None, hotkey: Hotkey | None) -> None:
    with ExitStack() as stack:  # the one goes even if the other will not
        for thing in (hotkey, notice):
            if thing is not None:
                stack.callback(thing.close)
