"""Notepad for a test that runs outside Windows: says, a JSON object a line, what stands in it.

    {"event": "open", "x": 300, "y": 300}       in front; the middle of its paper
    {"event": "text", "text": "안녕"}            at every change

It ends once the file exists that its only argument names: whoever kills it would leave Notepad.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.windows.notepad import notepad

LOOK_EVERY_S = 0.05


def main() -> None:
    """Run until we are told to end."""
    end = Path(sys.argv[1])
    with notepad() as paper:
        paper.move(100, 200, 600, 300)
        _say(event="open", x=400, y=350)
        last = ""
        while not end.exists():
            if (text := paper.text) != last:
                last = text
                _say(event="text", text=text)
            time.sleep(LOOK_EVERY_S)


def _say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
