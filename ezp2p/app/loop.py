"""The one event loop: on the main thread alone, or beside a window that wants that thread."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")

# Python hands the interpreter over every 5 ms unless asked; a picture that is being compared
# must not keep a key stroke waiting for so long.
SWITCH_INTERVAL_S = 0.0005


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on this thread until it returns; SIGTERM cancels it like Ctrl+C.

    Raises KeyboardInterrupt if it then does not return by itself.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        try:
            return runner.run(_with_signals(main))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


def run_beside(
    main: Callable[[], Coroutine[Any, Any, T]], window: Callable[[threading.Event], None]
) -> T | None:
    """Run `window(ended)` on this thread and `main()` on a second one; return what main returns.

    When the window returns, or a signal asks us to leave, main is cancelled; when main has ended,
    `ended` is set, and `window` must return soon. None is returned if main let itself be
    cancelled.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    box: dict[str, Any] = {}
    started = threading.Event()
    ended = threading.Event()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(_remember(box, started, main(), signals))
        except BaseException as error:  # the main thread raises it again
            box.setdefault("error", error)
        finally:
            started.set()
            ended.set()

    with _signal_bytes() as signals:
        thread = threading.Thread(target=work, name="ezp2p-loop")
        thread.start()
        started.wait()
        try:
            window(ended)
        finally:
            task, loop = box.get("task"), box.get("loop")
            if task is not None and loop is not None:
                with suppress(RuntimeError):  # the loop has ended by itself
                    loop.call_soon_threadsafe(task.cancel)
            thread.join()
    if "error" in box and not isinstance(box["error"], asyncio.CancelledError):
        raise box["error"]
    return box.get("result")


async def _remember(
    box: dict[str, Any],
    started: threading.Event,
    main: Coroutine[Any, Any, T],
    signals: socket.socket | None,
) -> None:
    loop = box["loop"] = asyncio.get_running_loop()
    task = box["task"] = asyncio.current_task()
    started.set()
    if signals is not None and task is not None:
        loop.add_reader(signals, _cancel_by_signal, signals, task)
    box["result"] = await main


def _cancel_by_signal(signals: socket.socket, task: asyncio.Task[Any]) -> None:
    signals.recv(64)
    task.cancel()


@contextmanager
def _signal_bytes() -> Iterator[socket.socket | None]:
    """Give a socket that gets a byte for each SIGTERM and SIGINT; None on Windows.

    A window's own loop keeps Python's handlers, which run in the main thread, from running; the
    bytes are written at once, and another thread can act on them.
    """
    if sys.platform == "win32":
        yield None
        return
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        kinds = (signal.SIGTERM, signal.SIGINT)
        before = {kind: signal.signal(kind, lambda *_: None) for kind in kinds}
        fd_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(fd_before)
            for kind, handler in before.items():
                signal.signal(kind, handler)


async def _with_signals(main: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    if sys.platform != "win32" and task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await main


def _new_loop() -> asyncio.AbstractEventLoop:
    # The Proactor's UDP stops reading after an ICMP port-unreachable, which searching for a
    # path provokes all the time: so the selector loop, on Windows too.
    return asyncio.SelectorEventLoop()
