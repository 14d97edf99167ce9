"""The company's server as a program reaches it: by https, whose certificate is checked first.

    https, no pin     the system's certificate authorities vouch for the name
    https, with pin   the link named the server's public key; no authority is asked
    http              to this very machine; elsewhere only if the person insisted

Nothing is sent before the check. What the server answers is hostile until it fits: no redirects,
no compression, no cookies, bounded bodies, error words from a closed list.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import math
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import aiohttp_socks
import msgspec
from aiohttp.client_middlewares import ClientHandlerType
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ezp2p.base.errors import EzError, PeerError, Unreachable, UsageError
from ezp2p.link.outbound import DIRECT, Outbound
from ezp2p.wire.invitation import ServerAddress, is_loopback
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.signalling import LoginAnswer, LoginRequest, ProblemAnswer

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 20.0
ANSWER_LIMIT = 16 * 1024  # bytes; a login's answer is below 1 KiB
LONGEST_WAIT_S = 24 * 3600.0

# What a failed request may mean; other words are the server's invention.
_PROBLEMS = frozenset(
    {
        ErrorKey.LOGIN_WRONG,
        ErrorKey.LOGIN_EXPIRED,
        ErrorKey.SITE_UNKNOWN,
        ErrorKey.SERVER_BUSY,
        ErrorKey.SERVER_INSECURE,
        ErrorKey.SERVER_REFUSED,
    }
)
# Who answers without a word of ours is a proxy, another server, or another version.
_BY_STATUS: Mapping[int, ErrorKey] = {
    401: ErrorKey.LOGIN_EXPIRED,
    403: ErrorKey.SERVER_REFUSED,
    407: ErrorKey.SERVER_UNREACHABLE,
    429: ErrorKey.SERVER_BUSY,
    500: ErrorKey.SERVER_BUSY,
    502: ErrorKey.SERVER_BUSY,
    503: ErrorKey.SERVER_BUSY,
    504: ErrorKey.SERVER_BUSY,
}


_NOT_TRUSTED = (aiohttp.ClientSSLError, ssl.SSLError)


class KeyPin(aiohttp.Fingerprint):
    """Accepts the one server that has this public key, whoever signed its certificate.

    aiohttp calls check() between the TLS handshake and the request.
    """

    def __init__(self, pin: str) -> None:
        """`pin`: SHA-256 of the SubjectPublicKeyInfo (DER) in base64url without padding."""
        super().__init__(base64.urlsafe_b64decode(pin + "="))

    def check(self, transport: asyncio.Transport) -> None:
        """Close and raise ssl.SSLCertVerificationError for any other key, and without TLS.

        After aiohttp's own exception it would look for the next address of the server, and not
        find the one it is connected to where that is a proxy's.
        """
        tls = transport.get_extra_info("ssl_object")
        key = key_of(tls.getpeercert(binary_form=True)) if tls else b""
        if not hmac.compare_digest(key, self.fingerprint):
            transport.abort()
            raise ssl.SSLCertVerificationError("another key than the link names")


class Socket(aiohttp.ClientWebSocketResponse):
    """A WebSocket that tells what carries it, so that who must not queue can see what waits."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        response: aiohttp.ClientResponse = arguments[3]
        carried_by = response.connection.transport if response.connection else None
        if not isinstance(carried_by, asyncio.Transport):
            raise aiohttp.ServerDisconnectedError  # it has broken in this very moment
        self.transport = carried_by


def key_of(certificate: bytes | None) -> bytes:
    """Return the SHA-256 of a certificate's (DER) public key; empty if it has none to read."""
    try:
        key = x509.load_der_x509_certificate(certificate or b"").public_key()
    except ValueError:
        return b""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()


def check_secure(server: ServerAddress, *, insecure_http: bool) -> None:
    """Raise UsageError(server.insecure) for plain http to another machine, unless allowed,
    and Unreachable(server.certificate) for a pin that plain http could not keep."""
    if server.url.startswith("https://"):
        return
    if server.pin is not None:
        raise Unreachable(ErrorKey.SERVER_CERTIFICATE, host=server.host)
    if not insecure_http and not is_loopback(server.host):
        raise UsageError(ErrorKey.SERVER_INSECURE, host=server.host)


async def open_http(
    server: ServerAddress, outbound: Outbound, tls: aiohttp.Fingerprint | None = None
) -> aiohttp.ClientSession:
    """Return an HTTP session that speaks to this server only; the caller closes it.

    `tls` judges its certificate otherwise than the address would have it.
    """
    pin = tls or (KeyPin(server.pin) if server.pin else True)
    scheme = server.url.partition(":")[0]
    return aiohttp.ClientSession(
        connector=await outbound.connector(server.host, scheme, pin),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(
            total=ANSWER_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S, connect=CONNECT_TIMEOUT_S
        ),
        middlewares=(_refuse_redirects,),
        ws_response_class=Socket,
    )


@contextmanager
def reaching(server: ServerAddress) -> Iterator[None]:
    """Turn the network's exceptions into ours.

    Raises Unreachable(server.unreachable, host, port), Unreachable(server.certificate, host),
    Unreachable(proxy.unreachable | proxy.refused, host) or PeerError(server.protocol, host).
    """
    try:
        yield
    except (aiohttp_socks.ProxyConnectionError, aiohttp_socks.ProxyTimeoutError) as error:
        raise Unreachable(ErrorKey.PROXY_UNREACHABLE, host=server.host, why=str(error)) from error
    except aiohttp_socks.ProxyError as error:
        raise Unreachable(ErrorKey.PROXY_REFUSED, host=server.host, why=str(error)) from error
    except (aiohttp.ClientConnectionError, OSError, TimeoutError) as error:
        # aiohttp wraps TLS's exceptions in its own, but not all of them in one that says so.
        if any(isinstance(e, _NOT_TRUSTED) for e in (error, error.__cause__)):
            why = str(error)
            raise Unreachable(ErrorKey.SERVER_CERTIFICATE, host=server.host, why=why) from error
        raise unreachable(server, str(error)) from error
    except (aiohttp.ClientError, ValueError) as error:
        raise PeerError(ErrorKey.SERVER_PROTOCOL, host=server.host, why=str(error)) from error


def unreachable(server: ServerAddress, why: str) -> Unreachable:
    """Return the error that names host and port, for people and firewalls."""
    return Unreachable(ErrorKey.SERVER_UNREACHABLE, host=server.host, port=server.port, why=why)


def refusal(server: ServerAddress, status: int) -> EzError:
    """Return what an HTTP status means that came without a word of ours."""
    key = _BY_STATUS.get(status, ErrorKey.SERVER_VERSION)
    if key == ErrorKey.SERVER_UNREACHABLE:
        return unreachable(server, f"status {status}")
    kind = Unreachable if key == ErrorKey.SERVER_BUSY else EzError
    return kind(key, host=server.host, status=status)


async def login(
    server: ServerAddress, name: str, password: str, outbound: Outbound = DIRECT
) -> LoginAnswer:
    """Exchange a password for a bearer token.

    Raises EzError(login.wrong | login.wait, seconds), and what reaching() raises.
    """
    check_secure(server, insecure_http=outbound.insecure_http)
    try:
        asked = msgspec.json.encode(
            msgspec.convert(
                {"site": server.site, "login": name, "password": password}, LoginRequest
            )
        )
    except msgspec.ValidationError:  # empty or longer than any login or password
        raise EzError(ErrorKey.LOGIN_WRONG) from None
    with reaching(server):
        async with _post(server, "/api/v1/login", asked, outbound) as (status, body):
            if status != 200:
                raise _problem(server, status, body)
            return _login_answer(server, body)


@asynccontextmanager
async def _post(
    server: ServerAddress, path: str, body: bytes, outbound: Outbound
) -> AsyncIterator[tuple[int, bytes]]:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    async with (
        await open_http(server, outbound) as http,
        http.post(server.url + path, data=body, headers=headers) as answer,
    ):
        received = bytearray()
        async for piece in answer.content.iter_chunked(4096):
            received += piece
            if len(received) > ANSWER_LIMIT:
                raise PeerError(ErrorKey.SERVER_PROTOCOL, host=server.host, why="oversize")
        yield answer.status, bytes(received)


def _login_answer(server: ServerAddress, body: bytes) -> LoginAnswer:
    try:
        answer = msgspec.json.decode(body, type=LoginAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PeerError(ErrorKey.SERVER_PROTOCOL, host=server.host, why=str(error)) from None
    if not answer.token.isascii() or not answer.token.isprintable() or " " in answer.token:
        raise PeerError(ErrorKey.SERVER_PROTOCOL, host=server.host, why="token")
    return answer


def _problem(server: ServerAddress, status: int, body: bytes) -> EzError:
    try:
        told = msgspec.json.decode(body, type=ProblemAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return refusal(server, status)
    if told.key == ErrorKey.LOGIN_WAIT:
        seconds = math.ceil(min(max(told.wait_s, 0.0), LONGEST_WAIT_S))
        return EzError(ErrorKey.LOGIN_WAIT, seconds=seconds)
    if told.key not in _PROBLEMS:
        return refusal(server, status)
    kind = Unreachable if told.key == ErrorKey.SERVER_BUSY else EzError
    return kind(told.key, host=server.host, site=server.site)


async def _refuse_redirects(
    request: aiohttp.ClientRequest, handler: ClientHandlerType
) -> aiohttp.ClientResponse:
    """A password or a token goes to the server the person named, and nowhere else."""
    answer = await handler(request)
    if 300 <= answer.status < 400:
        answer.close()
        host = request.url.host or ""
        raise EzError(ErrorKey.SERVER_VERSION, host=host, status=answer.status)
    return answer
