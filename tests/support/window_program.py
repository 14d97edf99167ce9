"""A program with our window and nothing behind it: tells on stdout what its page asked for.

Lines on stdin say what to do with the window: front, full, normal, small, close.
"""

from __future__ import annotations

import asyncio
import sys
import threading

import msgspec

from ezp2p.ui.window import ProgramWindow, run_window
from ezp2p.wire.bridge import PageSays
from tests.support.fake_program import FakeProgram, Stage


class TalkingProgram(FakeProgram):
    """Writes each command down."""

    def do(self, command: PageSays) -> None:
        say(msgspec.json.encode(command).decode())


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def obey(window: ProgramWindow) -> None:
    """Do what stands on stdin, from another thread than the window's."""
    for line in sys.stdin:
        match line.strip():
            case "front":
                window.bring_to_front()
            case "full":
                window.full_screen(True)
            case "normal":
                window.full_screen(False)
            case "small":
                window.resize(400, 600)
            case "close":
                window.close()


def main() -> None:
    """Serve in one thread, show in this one, listen to stdin in a third."""
    loop = asyncio.new_event_loop()
    stage = Stage(TalkingProgram())
    loop.run_until_complete(stage.server.start())
    threading.Thread(target=loop.run_forever, daemon=True).start()

    def opened(window: ProgramWindow) -> None:
        threading.Thread(target=obey, args=(window,), daemon=True).start()

    run_window(
        stage.server.new_address(),
        "ezp2p test",
        opened=opened,
        closed=lambda: say("closed"),
    )
    say("returned")


if __name__ == "__main__":
    main()
