"""The thread that injects input, since injecting blocks.

    asyncio side                       this thread
    CustomerInput --put()--> queue --> InputSink
    marked(), a note <--deliver(), failed()

`deliver` and `failed` are called in this thread; the session wraps them into
loop.call_soon_threadsafe. Taking permission back works from any thread, needs no event loop,
and beats everything that waits: the queue is emptied, typing stops, all keys are let go.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

from ezp2p.base.errors import PeerError, Unavailable
from ezp2p.desktop.input import InputSink
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.input import (
    ButtonChanged,
    InputMark,
    InputMessage,
    KeyChanged,
    PointerMoved,
    ReleaseAll,
    TextTyped,
    WheelTurned,
)

_log = logging.getLogger(__name__)

WAITING_MOST = 2000  # events; a hand makes some hundred a second, so the sink has hung
TYPED_AT_ONCE = 8  # characters between two looks at whether typing is still allowed
# An injection that has begun cannot be called back. It takes well below a millisecond; how long
# to wait for a hung one before going on without it.
BEGUN_S = 0.1


class InputWorker:
    """Injects in a thread of its own, in order, which sleeps while there is nothing to do."""

    def __init__(
        self,
        open_sink: Callable[[], InputSink],
        deliver: Callable[[int], None],
        failed: Callable[[Unavailable], None],
    ) -> None:
        """`open_sink` is called at the first use; `failed` once, if it or the sink fails.

        `deliver` hears the number of each InputMark that has been reached.
        """
        self._open_sink = open_sink
        self._deliver = deliver
        self._failed = failed
        self._changed = threading.Condition()  # guards the next six
        self._waiting: deque[InputMessage] = deque()
        self._permit = 0  # counts the times permission was taken back
        self._let_go = False  # release everything before anything else; cleared when that is done
        self._stopped = False
        self._ending = False
        self._sink: InputSink | None = None
        self._broken_permit = -1  # the sink has failed under this one: try again under the next
        self._thread = threading.Thread(target=self._work, name="input", daemon=True)

    def start(self) -> None:
        """Begin to inject."""
        self._thread.start()

    def put(self, message: InputMessage) -> None:
        """Inject this after everything before it. Does not block.

        Raises PeerError if more waits than a hand can make.
        """
        with self._changed:
            if self._stopped:
                return
            if len(self._waiting) >= WAITING_MOST:
                self._waiting = deque(_without_passed_places(self._waiting))
            if len(self._waiting) >= WAITING_MOST:
                raise PeerError(ErrorKey.PEER_PROTOCOL, why="too much input")
            self._waiting.append(message)
            self._changed.notify_all()

    def revoke(self) -> None:
        """Inject nothing of what was put before and let go of all keys; from any thread.

        When this returns, nothing more is injected and nothing is held down (but for an injection
        hung in the system).
        """
        with self._changed:
            self._permit += 1
            self._waiting.clear()
            if self._sink is None:
                return  # nothing is down, and a sink being opened finds its permit gone
            self._sink.interrupt()
            self._let_go = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._let_go, timeout=BEGUN_S)

    def stop_now(self) -> None:
        """Revoke for good: nothing put from here on is injected either; from any thread."""
        with self._changed:
            self._stopped = True
        self.revoke()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Let go of everything, give the sink back, end the thread; tell whether it ended in time.

        A daemon thread that did not end (a system that answers nothing) dies with the program.
        Blocks: call it by asyncio.to_thread.
        """
        self.stop_now()
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- in the thread

    def _work(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._let_go or self._waiting or self._ending)
                    if self._ending:
                        return
                    permit = self._permit
                    message = None if self._let_go else self._waiting.popleft()
                with self._failing_softly(permit):
                    if message is None:
                        self._release()
                    elif permit != self._broken_permit:
                        self._do(message, permit)
        finally:
            self._close()

    def _release(self) -> None:
        """Let go of everything; whoever takes permission back waits for this."""
        try:
            if self._sink is not None:
                self._sink.release_all()
        finally:
            with self._changed:
                self._let_go = False
                self._changed.notify_all()

    def _do(self, message: InputMessage, permit: int) -> None:
        """Inject one message, as long as nobody has taken its permit back."""
        sink = self._opened()
        for inject in _injections(message, sink, self._deliver):
            if permit != self._permit:
                return
            inject()

    def _opened(self) -> InputSink:
        if self._sink is None:
            sink = self._open_sink()
            with self._changed:
                self._sink = sink
        return self._sink

    @contextlib.contextmanager
    def _failing_softly(self, permit: int) -> Iterator[None]:
        """Report whatever goes wrong and go on without a sink: the thread's outermost border."""
        try:
            yield
        except Unavailable as error:
            self._fail(error, permit)
        except Exception as error:
            _log.exception("injecting failed")
            self._fail(Unavailable(ErrorKey.INPUT_UNAVAILABLE, why=repr(error)), permit)

    def _fail(self, error: Unavailable, permit: int) -> None:
        self._broken_permit = permit
        self._close()
        self._failed(error)

    def _close(self) -> None:
        with self._changed:
            sink, self._sink = self._sink, None
        if sink is None:
            return
        try:
            sink.close()
        except Exception:
            _log.exception("the injector cannot be given back")


def _injections(
    message: InputMessage, sink: InputSink, deliver: Callable[[int], None]
) -> Iterator[Callable[[], None]]:
    """Yield what to call for a message, one step after the other."""
    match message:
        case PointerMoved(x=x, y=y):
            yield partial(sink.move, x, y)
        case ButtonChanged(x=x, y=y, button=button, down=down):
            yield partial(sink.move, x, y)
            yield partial(sink.button, button, down=down)
        case WheelTurned(x=x, y=y, right=right, down=turned):
            yield partial(sink.move, x, y)
            yield partial(sink.wheel, right, turned)
        case KeyChanged(code=code, down=down):
            yield partial(sink.key, code, down=down)
        case TextTyped(text=text):
            # A line end must not be torn into two.
            whole = text.replace("\r\n", "\n")
            for start in range(0, len(whole), TYPED_AT_ONCE):
                yield partial(sink.type_text, whole[start : start + TYPED_AT_ONCE])
        case ReleaseAll():
            yield sink.release_all
        case InputMark(number=number):
            yield partial(deliver, number)


def _without_passed_places(waiting: deque[InputMessage]) -> Iterator[InputMessage]:
    """Yield the messages without moves that the next message moves on from at once."""
    following = list(waiting)[1:]
    for message, after in zip(waiting, [*following, None], strict=True):
        if not (isinstance(message, PointerMoved) and isinstance(after, PointerMoved)):
            yield message
