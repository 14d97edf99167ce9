"""The customer's end: shows the screen to a viewer, as far as the customer allows it.

    allowed?  viewer?   what happens
    no        any       nothing is looked at, nothing is said
    yes       no        nothing: nobody would see it
    yes       yes       a run of captures; another one after ShowScreen and UseDriver

Capturing blocks, so this end does not do it: it gives commands (its events, see capturing.py)
to a ScreenWorker and hears from it by `captured`.
"""

from __future__ import annotations

import msgspec

from ezp2p.base.errors import PeerError
from ezp2p.channels.end import End
from ezp2p.channels.screen.capturing import (
    Captured,
    CaptureFailed,
    Command,
    FreeFrames,
    LayoutTaken,
    PartsTaken,
    StartCapture,
    StopCapture,
    TakeWhole,
)
from ezp2p.channels.screen.flow import Flow
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import (
    Frame,
    FrameShown,
    RefreshScreen,
    ScreenDriver,
    ScreenLayout,
    ScreenUnavailable,
    ShowScreen,
    UseDriver,
)

# A run begins with a whole picture, the dearest thing a viewer can ask for; no more than this.
RESTART_PAUSE_S = 0.25
# How long to wait before looking whether a lost screen is back: doubled each time.
RETRY_S = 1.0
RETRY_MOST_S = 10.0

_DETAILS_LENGTH = 256


class CustomerScreen(End[Command]):
    """Sends the screen, when the session calls `allow`, a viewer asks and a worker delivers."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed = False
        self._codecs: tuple[str, ...] | None = None  # of the viewer; None before there is one
        self._driver = ScreenDriver.AUTO
        self._run = 0
        self._capturing = False
        self._flow = Flow()
        self._restart_after = float("-inf")
        self._retry_s = RETRY_S
        self._told_unavailable: str | None = None

    @property
    def frames_shown(self) -> int:
        """How many frames the viewer has shown."""
        return self._flow.frames_shown

    @property
    def latency_s(self) -> float:
        """Median time from a frame's sending until we heard that it was shown, in seconds."""
        return self._flow.latency_s

    def allow(self, allowed: bool, now: float) -> None:
        """The customer's permission to be seen, given or taken back; in force at once."""
        if allowed == self._allowed:
            return
        self._allowed = allowed
        if allowed:
            self._restart(now)
        else:
            self._stop()

    def receive(self, message: msgspec.Struct, now: float) -> None:
        """Take a viewer's message; raises PeerError for one that only a customer sends."""
        match message:
            case ShowScreen(codecs=codecs):
                self._codecs = tuple(codecs)
                self._told_unavailable = None
                self._restart(now)
            case UseDriver(driver=driver):
                self._driver = driver
                self._told_unavailable = None
                self._restart(now)
            case RefreshScreen():
                if self._capturing:
                    self._tell(TakeWhole())
            case FrameShown(number=number):
                self._shown(number, now)
            case _:
                raise PeerError(ErrorKey.PEER_PROTOCOL, why=type(message).__name__)

    def captured(self, captured: Captured, now: float) -> None:
        """Take what the worker delivers; anything of an earlier run is dropped."""
        if captured.run != self._run or not self._capturing:
            return
        match captured:
            case LayoutTaken(width=width, height=height, driver=driver):
                self._retry_s = RETRY_S
                self._told_unavailable = None
                self._send(ScreenLayout(width, height, driver))
            case PartsTaken(parts=parts):
                self._send(Frame(self._flow.sent(now), parts))
            case CaptureFailed(key=key, details=details):
                self._failed(key, details, now)

    def wake(self, now: float) -> None:
        """Begin the run that had to wait."""
        if self.wake_at is not None and now >= self.wake_at:
            self._restart(now)

    def _restart(self, now: float) -> None:
        """Begin a run if there is a viewer that may see one, now or once the pause is over."""
        if not self._allowed or self._codecs is None:
            return
        if now < self._restart_after:
            self.wake_at = self._restart_after
            return
        self.wake_at = None
        self._restart_after = now + RESTART_PAUSE_S
        self._flow.forget()
        self._run += 1
        self._capturing = True
        self._tell(
            StartCapture(
                run=self._run,
                codecs=self._codecs,
                driver=self._driver,
                window=self._flow.window,
            )
        )

    def _stop(self) -> None:
        self.wake_at = None
        self._capturing = False
        self._outbox.clear()
        self._flow.forget()
        self._tell(StopCapture())

    def _shown(self, number: int, now: float) -> None:
        # A viewer may name frames of an earlier run, or invent some: that frees nothing.
        count = self._flow.shown(number, now)
        if count and self._capturing:
            self._tell(FreeFrames(run=self._run, shown=count, window=self._flow.window))

    def _failed(self, key: str, details: str, now: float) -> None:
        self._capturing = False
        if self._told_unavailable != key:
            self._told_unavailable = key
            self._send(ScreenUnavailable(key, details[:_DETAILS_LENGTH]))
        self.wake_at = now + self._retry_s
        self._retry_s = min(self._retry_s * 2, RETRY_MOST_S)
