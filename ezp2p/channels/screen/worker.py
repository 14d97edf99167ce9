"""The thread that looks at the screen, since looking blocks.

    asyncio side                        this thread
    CustomerScreen --commands--> obey()        |
                                   '--queue--> ScreenSource + Capture
    captured() <--deliver()--------------------'

`deliver` is called in this thread; the session wraps it into loop.call_soon_threadsafe.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator

from ezp2p.base.clock import Clock
from ezp2p.base.errors import Unavailable
from ezp2p.channels.screen.capture import Capture
from ezp2p.channels.screen.capturing import (
    Captured,
    CaptureFailed,
    Command,
    FreeFrames,
    StartCapture,
    StopCapture,
    TakeWhole,
)
from ezp2p.desktop.screen import ScreenSource
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.screen import ScreenDriver

_log = logging.getLogger(__name__)


class ScreenWorker:
    """Captures in a thread of its own, which sleeps while there is nothing to do."""

    def __init__(
        self,
        open_source: Callable[[ScreenDriver], ScreenSource],
        deliver: Callable[[Captured], None],
        clock: Clock,
    ) -> None:
        self._open_source = open_source
        self._deliver = deliver
        self._clock = clock
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # held while another thread may ring the source's bell
        self._source: ScreenSource | None = None
        self._capture: Capture | None = None
        self._run = 0
        self._thread = threading.Thread(target=self._work, name="screen", daemon=True)

    def start(self) -> None:
        """Begin to take commands."""
        self._thread.start()

    def obey(self, command: Command) -> None:
        """Do this as soon as possible. Any thread may call it; it does not block."""
        self._put(command)

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Close the screen and end the thread; tell whether it ended in time.

        A daemon thread that did not end (an X server that answers nothing) dies with the
        program. Blocks: call it by asyncio.to_thread.
        """
        self._put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _put(self, command: Command | None) -> None:
        self._commands.put(command)
        with self._lock:
            if self._source:
                self._source.interrupt()

    def _work(self) -> None:
        try:
            while self._obey_all():
                self._look()
        finally:
            self._close()

    def _obey_all(self) -> bool:
        """Do what was asked for; wait for a command if there is nothing else to do."""
        while self._capture is None or not self._commands.empty():
            command = self._commands.get()
            if command is None:
                return False
            with self._failing_softly():
                self._do(command)
        return True

    def _do(self, command: Command) -> None:
        match command:
            case StartCapture():
                self._close()
                self._run = command.run
                source = self._open_source(command.driver)
                with self._lock:
                    self._source = source
                self._capture = Capture(
                    source, run=command.run, codecs=command.codecs, window=command.window
                )
            case StopCapture():
                self._close()
            case FreeFrames(run=run, shown=shown, window=window):
                if self._capture and run == self._run:
                    self._capture.frames_shown(shown, window, self._clock.now())
            case TakeWhole():
                if self._capture:
                    self._capture.take_whole()

    def _look(self) -> None:
        with self._failing_softly():
            assert self._source is not None
            assert self._capture is not None
            if self._source.wait(self._capture.wait_s(self._clock.now())):
                self._capture.noticed()
            for captured in self._capture.step(self._clock.now()):
                self._deliver(captured)

    @contextlib.contextmanager
    def _failing_softly(self) -> Iterator[None]:
        """Turn whatever goes wrong into the end of this run: the thread's outermost border."""
        try:
            yield
        except Unavailable as error:
            self._fail(error.key, str(error.fields.get("why", "")))
        except Exception as error:
            _log.exception("capturing failed")
            self._fail(ErrorKey.SCREEN_UNAVAILABLE, repr(error))

    def _fail(self, key: str, details: str) -> None:
        self._close()
        self._deliver(CaptureFailed(run=self._run, key=key, details=details))

    def _close(self) -> None:
        self._capture = None
        with self._lock:
            source, self._source = self._source, None
        if source:
            source.close()
