"""One run of captures: when to look at the screen, and what to hand over.

Looks only when something may have changed and the viewer has room for a frame; in between,
damage gathers in the source. Belongs to one thread, which also waits on the source.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from ezp2p.base.errors import Unavailable
from ezp2p.channels.screen.capturing import Captured, CursorTaken, LayoutTaken, PartsTaken
from ezp2p.channels.screen.pointer import PointerShapes
from ezp2p.desktop.screen import ScreenChanged, ScreenSource
from ezp2p.media.engine import ScreenEngine
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.cursor import CursorMoved
from ezp2p.wire.messages.screen import Jpeg, Lossless, Part

# The shortest time between two frames. Not 1/60 s: that beats against programs that paint at
# 60 Hz, and halves what is seen of them.
FRAME_PAUSE_S = 0.008
POINTER_PAUSE_S = 1 / 30
# The shortest time between two whole pictures that were asked for: they are dear.
WHOLE_PAUSE_S = 0.25
# A frame holds at least one part (at most 1.5 MiB, see STRIP_PIXELS) and not much more than this.
FRAME_BYTES = 1024 * 1024
FRAME_PARTS = 4096
LARGEST_SIDE = 16384  # of a ScreenLayout

# Pixels refined at a time: as many as the link carries in QUICK_S, so that a key typed
# meanwhile does not wait behind them.
REFINE_MOST = 400_000
REFINE_LEAST = 16_000
QUICK_S = 0.05


class Capture:
    """Looks at `source` for one viewer. Every method may raise Unavailable."""

    def __init__(
        self, source: ScreenSource, *, run: int, codecs: Sequence[str], window: int
    ) -> None:
        self._source = source
        self._run = run
        self._codecs = codecs
        self._window = window
        self._in_flight = 0
        self._queue: deque[list[Part]] = deque()  # frames of a change too large for one
        self._engine = self._new_engine()
        self._layout_due = True
        self._whole_due = True
        self._whole_after = float("-inf")
        self._dirty = True
        self._next_frame_at = float("-inf")
        self._shapes = PointerShapes()
        self._pointer_moves = True
        self._pointer_at = float("-inf")
        self._refine_pixels = REFINE_MOST // 4
        self._refined_at: float | None = None

    def wait_s(self, now: float) -> float | None:
        """Return how long to wait on the source before the next `step`; None is for ever."""
        moments = [self._pointer_at] if self._pointer_moves else []
        if self._layout_due:
            return 0.0
        if self._in_flight < self._window:
            if self._queue:
                return 0.0
            if self._whole_due:
                moments.append(self._whole_after)
            if self._dirty:
                moments.append(self._next_frame_at)
            elif self._in_flight == 0 and self._engine.refine_at is not None:
                moments.append(self._engine.refine_at)
        return max(min(moments) - now, 0.0) if moments else None

    def noticed(self) -> None:
        """The source says that something may have happened: pixels, or the pointer."""
        self._dirty = self._pointer_moves = True

    def frames_shown(self, count: int, window: int, now: float) -> None:
        """The viewer has shown `count` more frames; `window` may be on their way from now on."""
        self._in_flight = max(self._in_flight - count, 0)
        self._window = window
        if self._in_flight == 0 and self._refined_at is not None:
            quick = now - self._refined_at < QUICK_S
            pixels = self._refine_pixels * 2 if quick else self._refine_pixels // 2
            self._refine_pixels = min(max(pixels, REFINE_LEAST), REFINE_MOST)
            self._refined_at = None

    def take_whole(self) -> None:
        """The next frames cover the whole screen."""
        self._whole_due = True

    def step(self, now: float) -> Iterator[Captured]:
        """Look at what is due now; yield what there is to hand over, at most one frame."""
        if self._source.resized():
            self._engine = self._new_engine()
            self._layout_due = self._whole_due = True
            self._whole_after = now
        if self._layout_due:
            self._layout_due = False
            self._queue.clear()
            yield LayoutTaken(
                run=self._run,
                width=self._source.width,
                height=self._source.height,
                driver=self._source.driver,
            )
        if self._in_flight < self._window and (parts := self._next_frame(now)):
            self._in_flight += 1
            yield PartsTaken(run=self._run, parts=parts)
        yield from self._pointer(now)

    def _next_frame(self, now: float) -> list[Part]:
        if not self._queue:
            try:
                self._queue.extend(frames(self._parts(now)))
            except ScreenChanged:
                self._dirty = True  # `resized` knows as well: all begins anew with the next step
        return self._queue.popleft() if self._queue else []

    def _parts(self, now: float) -> list[Part]:
        if self._whole_due and now >= self._whole_after:
            parts = self._engine.whole(now)
            self._whole_due = self._dirty = False
            self._whole_after = now + WHOLE_PAUSE_S
            self._next_frame_at = now + FRAME_PAUSE_S
            return parts
        if self._dirty:
            if now < self._next_frame_at:
                return []
            self._dirty = False
            if parts := self._engine.changes(now):
                self._next_frame_at = now + FRAME_PAUSE_S
                return parts
        refine_at = self._engine.refine_at
        if self._in_flight or refine_at is None or now < refine_at:
            return []
        self._refined_at = now
        return self._engine.refine(now, self._refine_pixels)

    def _pointer(self, now: float) -> Iterator[Captured]:
        if shape := self._source.pointer():
            yield CursorTaken(run=self._run, message=self._shapes.message(shape))
        if now < self._pointer_at:
            return
        place = self._source.pointer_place()
        self._pointer_moves = place is not None
        self._pointer_at = now + POINTER_PAUSE_S
        if place:
            yield CursorTaken(run=self._run, message=CursorMoved(*place))

    def _new_engine(self) -> ScreenEngine:
        if max(self._source.width, self._source.height) > LARGEST_SIDE:
            why = f"{self._source.width} x {self._source.height} pixels are too many"
            raise Unavailable(ErrorKey.SCREEN_UNAVAILABLE, why=why)
        return ScreenEngine(self._source, self._codecs)


def frames(parts: list[Part]) -> Iterator[list[Part]]:
    """Yield `parts` in lists that each make a frame of reasonable size."""
    frame: list[Part] = []
    size = 0
    for part in parts:
        length = len(part.data) if isinstance(part, Lossless | Jpeg) else 0
        if frame and (size + length > FRAME_BYTES or len(frame) >= FRAME_PARTS):
            yield frame
            frame, size = [], 0
        frame.append(part)
        size += length
    if frame:
        yield frame
