"""Passwords as argon2id, hashed two at a time and with a short queue.

t=2, 19 MiB, p=1 (OWASP): 21 ms of a core each, 76 logins a second here. The queue is what keeps
a flood of logins from taking the machine's memory and the event loop's turn.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Letters nobody mixes up when copying from a terminal; 16 of them are 79 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_password() -> str:
    """Return a random password as four groups of four."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


class Passwords:
    """Hashes and checks passwords off the event loop; refuses when too many wait."""

    def __init__(self, *, threads: int, queue: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._places = threads + queue
        # Unknown accounts are checked against this, so that they take as long as known ones.
        self._nobody = _HASHER.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str) -> str:
        """Return what to store. Raises Unavailable(server.busy)."""
        return await self._run(_hash, password, "")

    async def fits(self, password: str, stored: str | None) -> bool:
        """Tell whether `password` made the hash `stored`; None (nobody) takes as long.

        Raises Unavailable(server.busy) instead of queueing without end.
        """
        verdict = await self._run(_check, password, stored or self._nobody)
        return verdict == "ok" and stored is not None

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[str, str], str], password: str, stored: str) -> str:
        if self._places == 0:
            raise Unavailable(ErrorKey.SERVER_BUSY)
        self._places -= 1
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._pool, work, password, stored)
        # A caller that went away does not take its work out of a thread: the place stays taken.
        running.add_done_callback(self._free)
        return await asyncio.shield(running)

    def _free(self, done: asyncio.Future[str]) -> None:
        self._places += 1
        if not done.cancelled():
            done.exception()


def _hash(password: str, _stored: str) -> str:
    return _HASHER.hash(password)


def _check(password: str, stored: str) -> str:
    try:
        _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return "wrong"
    return "ok"
