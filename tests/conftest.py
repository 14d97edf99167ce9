"""What holds for all tests: their event loop is the program's own kind (ezp2p/app/loop.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give every test a selector loop; Windows' own choice loses UDP, and our program."""
    return {"selector": asyncio.SelectorEventLoop}
