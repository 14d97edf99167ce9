"""Both ends of the screen channel joined in memory, with captures made in between.

No thread and no sleep: `now` jumps to whenever something is due.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ezp2p.base.errors import Unavailable
from ezp2p.channels.screen.capture import Capture
from ezp2p.channels.screen.capturing import (
    Captured,
    CaptureFailed,
    Command,
    CursorTaken,
    FreeFrames,
    StartCapture,
    StopCapture,
    TakeWhole,
)
from ezp2p.channels.screen.counselor import CounselorScreen
from ezp2p.channels.screen.customer import CustomerScreen
from ezp2p.desktop.screen.fake import FakeScreen
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.messages.cursor import CursorMoved, CursorShape
from ezp2p.wire.messages.screen import (
    Frame,
    FrameShown,
    ScreenCodec,
    ScreenDriver,
    ScreenLayout,
    ScreenUnavailable,
)
from tests.support.replica import Replica

ALL_CODECS = tuple(ScreenCodec)
ROUNDS = 10_000  # more than any script needs: it would go on for ever


class JoinedScreen:
    """A customer whose screen is `source`, and a viewer."""

    def __init__(self, source: FakeScreen) -> None:
        self.source = source
        self.customer, self.counselor = CustomerScreen(), CounselorScreen()
        self.viewer = Replica()
        self.now = 1000.0
        self.answers = True  # whether the viewer says what it has shown
        self.frames: list[Frame] = []
        self.layouts: list[ScreenLayout] = []
        self.complaints: list[ScreenUnavailable] = []
        self.cursor: list[CursorShape | CursorMoved] = []
        self.drivers: list[ScreenDriver] = []  # of each start
        self.window = 0
        self._capture: Capture | None = None
        self._run = 0

    @property
    def capturing(self) -> bool:
        """Whether anybody looks at the screen."""
        return self._capture is not None

    def begin(self, codecs: Sequence[str] = ALL_CODECS) -> None:
        """Allow, show, and let everything settle."""
        self.customer.allow(True, self.now)
        self.counselor.show(codecs)
        self.settle()

    def show(self) -> None:
        """Tell the customer's side that the last frame is on the canvas."""
        self.counselor.frame_shown(FrameShown(self.frames[-1].number), self.now)

    def settle(self, *, for_s: float = 1e9) -> None:
        """Let everything happen that happens without another event, in the next `for_s`."""
        end = self.now + for_s
        for _ in range(ROUNDS):
            moved = self._exchange()
            if not moved and not self._next_look(end):
                return
        raise AssertionError("it never settles")

    def _next_look(self, end: float) -> bool:
        """Look at what is due next; tell whether there was anything."""
        wakes = [] if self.customer.wake_at is None else [self.customer.wake_at]
        news = False
        if self._capture:
            try:
                news = self.source.wait(0)
            except Unavailable as error:
                self._fail(error)
                return True
            if news:
                self._capture.noticed()
            wait_s = self._capture.wait_s(self.now)
            wakes += [] if wait_s is None else [self.now + wait_s]
        if not news:
            if not wakes or min(wakes) > end:
                self.now = max(self.now, end if end < 1e9 else self.now)
                return False
            self.now = max(self.now, min(wakes))
        if self.customer.wake_at is not None and self.now >= self.customer.wake_at:
            self.customer.wake(self.now)
        if self._capture:
            try:
                for captured in self._capture.step(self.now):
                    self._deliver(captured)
            except Unavailable as error:
                self._fail(error)
        return True

    def _exchange(self) -> bool:
        moved = False
        for message in self.counselor.messages_to_send():
            self.customer.receive(_over_the_wire(message), self.now)
            moved = True
        for command in self.customer.next_events():
            self._obey(command)
            moved = True
        for message in self.customer.messages_to_send():
            self.counselor.receive(_over_the_wire(message), self.now)
            moved = True
        for picture in self.counselor.next_events():
            self.viewer.take(picture)
            match picture:
                case ScreenLayout():
                    self.layouts.append(picture)
                case ScreenUnavailable():
                    self.complaints.append(picture)
                case Frame():
                    self.frames.append(picture)
                    if self.answers:
                        self.show()
        return moved

    def _obey(self, command: Command) -> None:
        match command:
            case StartCapture(run=run, codecs=codecs, driver=driver, window=window):
                self._run, self.window = run, window
                self.drivers.append(driver)
                self.source.driver = ScreenDriver.FAST if driver is ScreenDriver.AUTO else driver
                self._capture = Capture(self.source, run=run, codecs=codecs, window=window)
            case StopCapture():
                self._capture = None
            case FreeFrames(shown=shown, window=window):
                self.window = window
                if self._capture:
                    self._capture.frames_shown(shown, window, self.now)
            case TakeWhole():
                if self._capture:
                    self._capture.take_whole()

    def _deliver(self, captured: Captured) -> None:
        if isinstance(captured, CursorTaken):
            self.cursor.append(captured.message)
        else:
            self.customer.captured(captured, self.now)

    def _fail(self, error: Unavailable) -> None:
        self._capture = None
        failed = CaptureFailed(run=self._run, key=error.key, details=str(error))
        self.customer.captured(failed, self.now)


def _over_the_wire(message: msgspec.Struct) -> msgspec.Struct:
    """Return what arrives, having passed every limit of the channel."""
    codec = CODECS[Channel.SCREEN]
    arrived: msgspec.Struct = codec.decode(codec.encode(message))
    assert arrived is not None
    return arrived
