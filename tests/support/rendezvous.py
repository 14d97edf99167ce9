"""A real rendezvous for tests: free loopback ports, its own data folder, a way to log in."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import msgspec

from ezp2p.rendezvous.config import Limits, RendezvousConfig
from ezp2p.rendezvous.server import Rendezvous, Started
from ezp2p.wire.signalling import LoginAnswer, LoginRequest


@dataclass(frozen=True, slots=True)
class RunningRendezvous:
    """Where the server is, and the admin's password."""

    started: Started
    config: RendezvousConfig
    rendezvous: Rendezvous

    @property
    def url(self) -> str:
        """Where the server can be reached from here: http://127.0.0.1:PORT"""
        return f"http{'s' if self.config.tls else ''}://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The TCP port."""
        return self.started.port

    @property
    def site(self) -> str:
        """The one site of a new server."""
        return self.started.site

    @property
    def admin_password(self) -> str:
        """What the first start printed."""
        assert self.started.admin_password is not None
        return self.started.admin_password

    async def login(self) -> LoginAnswer:
        """Return a bearer token of the admin."""
        asked = LoginRequest(site=self.site, login="admin", password=self.admin_password)
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.url}/api/v1/login", data=msgspec.json.encode(asked)) as answer,
        ):
            answer.raise_for_status()
            return msgspec.json.decode(await answer.read(), type=LoginAnswer)

    async def logout(self, token: str) -> None:
        """Revoke a bearer token."""
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
            http.post(f"{self.url}/api/v1/logout") as answer,
        ):
            answer.raise_for_status()


@asynccontextmanager
async def running_rendezvous(
    data: Path | None = None, *, limits: Limits | None = None, **options: object
) -> AsyncIterator[RunningRendezvous]:
    """Start a server, and close it at the end; `options` are fields of RendezvousConfig."""
    with tempfile.TemporaryDirectory(prefix="ezp2p-rendezvous-") as temporary:
        config = RendezvousConfig(
            data=data or Path(temporary) / "data",
            host="127.0.0.1",
            port=0,
            limits=limits or Limits(),
        )
        config = replace(config, **options)  # type: ignore[arg-type]
        rendezvous = Rendezvous(config)
        started = await rendezvous.start()
        try:
            yield RunningRendezvous(started, config, rendezvous)
        finally:
            await rendezvous.close()
