"""The one event loop: on the main thread alone, or beside a window that wants that thread."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

# Python hands the interpreter over every 5 ms unless asked; a picture that is being compared
# must not keep a key stroke waiting for so long.
SWITCH_INTERVAL_S = 0.0005


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on this thread until it returns; SIGTERM ends it like Ctrl+C."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(_with_signals(main))


def run_beside(
    main: Callable[[], Coroutine[Any, Any, T]], window: Callable[[threading.Event], None]
) -> T | None:
    """Run `window(ended)` on this thread and `main()` on a second one; return what main returns.

    When the window returns, main is cancelled (and None returned); when main has ended, `ended`
    is set, and `window` must return soon.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    box: dict[str, Any] = {}
    started = threading.Event()
    ended = threading.Event()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(_remember(box, started, main()))
        except BaseException as error:  # the main thread raises it again
            box.setdefault("error", error)
        finally:
            started.set()
            ended.set()

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
    box: dict[str, Any], started: threading.Event, main: Coroutine[Any, Any, T]
) -> None:
    box["loop"] = asyncio.get_running_loop()
    box["task"] = asyncio.current_task()
    started.set()
    box["result"] = await main


async def _with_signals(main: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    if sys.platform != "win32" and task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await main


def _new_loop() -> asyncio.AbstractEventLoop:
    # The Proactor's UDP stops reading after an ICMP port-unreachable, which searching for a
    # path provokes all the time: so the selector loop, on Windows too.
    return asyncio.SelectorEventLoop()
