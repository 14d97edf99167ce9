"""A small rendezvous whose every answer a test decides, over http, or https with its own key."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from ezp2p.link.server import key_of
from ezp2p.wire.invitation import ServerAddress

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[web.WebSocketResponse], Awaitable[None]]


@dataclass
class SignalServer:
    """Where it is, and every request it has seen."""

    address: ServerAddress
    requests: list[web.BaseRequest] = field(default_factory=list)


def talking(talk: Talk) -> Handler:
    """Return a handler that opens the WebSocket and lets `talk` have it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await talk(socket)
        return socket

    return handle


def answering(body: bytes, status: int = 200, **headers: str) -> Handler:
    """Return a handler that answers everybody the same."""

    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    return handle


@asynccontextmanager
async def signal_server(
    handle: Handler, *, tls: ssl.SSLContext | None = None, port: int = 0
) -> AsyncIterator[SignalServer]:
    """Serve every path of a free loopback port with `handle`."""
    seen: list[web.BaseRequest] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request)
        assert isinstance(request, web.Request)
        return await handle(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", note)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
    await site.start()
    bound = runner.addresses[0][1]
    scheme = "https" if tls else "http"
    try:
        yield SignalServer(ServerAddress(f"{scheme}://127.0.0.1:{bound}"), seen)
    finally:
        await runner.cleanup()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Return a TLS context with a fresh self-signed certificate, and the pin of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "help.company.kr")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    pin = base64.urlsafe_b64encode(key_of(certificate.public_bytes(Encoding.DER))).decode()
    return context, pin.rstrip("=")
