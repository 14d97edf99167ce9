"""Questions to a company's server, by which a program finds out why it is no use to it.

    trust        does it prove who it is? if not, why not
    ask_server   is it one of ours, where does it listen, what time is it there?
    hold         does a WebSocket open, and stay?

None is told a secret: no code, no login, no name. What a server answers is hostile: it is cut
short and freed of control characters before people read it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp
import aiohttp_socks
import msgspec
from aiohttp import WSMsgType
from cryptography import x509

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, Unreachable
from ezp2p.base.stranger import one_line
from ezp2p.link.outbound import Outbound
from ezp2p.link.server import ANSWER_LIMIT, check_secure, open_http, reaching, refusal
from ezp2p.wire.invitation import ServerAddress
from ezp2p.wire.keys import ErrorKey, Hindrance
from ezp2p.wire.signalling import NetworkAnswer, ProblemAnswer

HOLD_S = 2.0  # gateways that dislike WebSockets close them at once
PONG_S = 5.0
_PLAIN = {"Accept-Encoding": "identity"}

# OpenSSL's X509_V_ERR_*.
_EARLY, _EXPIRED = 9, 10
_OTHER_NAME, _OTHER_ADDRESS = 62, 64
# What OpenSSL says when the other side does not speak TLS at all.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH")


@dataclass(frozen=True, slots=True)
class Told:
    """What the server says of itself, and how long it took to say so."""

    network: NetworkAnswer
    date: float | None  # its clock, seconds since 1970
    round_trip_s: float


async def trust(server: ServerAddress, outbound: Outbound, clock: Clock) -> None:
    """Let the server prove who it is; what it then says does not matter.

    Raises EzError(hindrance.certificate-... | no-tls | tls-cut, host ...) with the reason, or
    Unreachable(proxy....).
    """
    try:
        await _glance(server, outbound, None)
    except (EzError, aiohttp.ClientResponseError):
        return  # what it says makes no sense, but TLS is up
    except aiohttp_socks.ProxyError as error:
        raise Unreachable(ErrorKey.PROXY_REFUSED, host=server.host, why=str(error)) from None
    except (aiohttp.ClientError, OSError) as error:
        reason = _tls_reason(error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise await _mistrust(server, outbound, clock, reason) from None
        no_tls = reason is not None and any(sign in str(reason) for sign in _NOT_TLS)
        key = Hindrance.NO_TLS if no_tls else Hindrance.TLS_CUT
        raise Unreachable(
            key, host=server.host, port=server.port, why=one_line(str(error))
        ) from None


async def ask_server(server: ServerAddress, outbound: Outbound, clock: Clock) -> Told:
    """Ask where the server listens.

    Raises EzError(hindrance.server-other) for what is no rendezvous, EzError(server.version |
    server.busy | server.refused), and what reaching() raises.
    """
    check_secure(server, insecure_http=outbound.insecure_http)
    asked_at = clock.now()
    other = EzError(Hindrance.SERVER_OTHER, host=server.host, port=server.port)
    try:
        with reaching(server):
            async with (
                await open_http(server, outbound) as http,
                http.get(f"{server.url}/api/v1/network", headers=_PLAIN) as answer,
            ):
                body = await _read(answer)
    except EzError as error:
        # A redirect, no HTTP, or too much of it: a hotel's page, somebody's web server.
        if error.key in (ErrorKey.SERVER_PROTOCOL, ErrorKey.SERVER_VERSION):
            raise other from error
        raise
    took_s = clock.now() - asked_at
    if answer.status != 200:
        raise refusal(server, answer.status) if _is_ours(body) else other
    try:
        network = msgspec.json.decode(body, type=NetworkAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise other from None
    return Told(network, _date(answer), took_s)


async def hold(server: ServerAddress, outbound: Outbound) -> None:
    """Open a WebSocket and see that it carries something, both ways, and stays open.

    Raises EzError(hindrance.line-refused, status) or Unreachable(hindrance.line-cut).
    """
    try:
        async with (
            await open_http(server, outbound) as http,
            http.ws_connect(f"{server.url}/api/v1/signal", autoping=False, compress=0) as line,
        ):
            await _ping(line)
            await _stay(line)
            await _ping(line)
    except aiohttp.WSServerHandshakeError as error:
        if error.status == 503:
            raise refusal(server, error.status) from None
        raise EzError(Hindrance.LINE_REFUSED, host=server.host, status=error.status) from None
    except (aiohttp.ClientError, OSError, TimeoutError, aiohttp_socks.ProxyError) as error:
        raise Unreachable(Hindrance.LINE_CUT, host=server.host, why=one_line(str(error))) from None


# --- TLS


class _AnyKey(aiohttp.Fingerprint):
    """Takes every certificate and keeps it: to say why it is none to trust, for nothing else."""

    def __init__(self) -> None:
        super().__init__(bytes(32))
        self.certificate: x509.Certificate | None = None

    def check(self, transport: asyncio.Transport) -> None:
        """Called by aiohttp between the TLS handshake and the request."""
        tls = transport.get_extra_info("ssl_object")
        with suppress(ValueError):
            der = tls.getpeercert(binary_form=True) if tls else b""
            self.certificate = x509.load_der_x509_certificate(der or b"")


async def _glance(server: ServerAddress, outbound: Outbound, tls: _AnyKey | None) -> float | None:
    """Ask whether the server lives, and return its clock; `tls` lifts the check of who it is."""
    async with (
        await open_http(server, outbound, tls) as http,
        http.get(f"{server.url}/healthz", headers=_PLAIN) as answer,
    ):
        return _date(answer)


async def _mistrust(
    server: ServerAddress, outbound: Outbound, clock: Clock, reason: ssl.SSLCertVerificationError
) -> EzError:
    """Return why the certificate is none to trust, in words that help.

    The server is asked again without the check. It learns nothing by that, and no word of it is
    believed but to people: whose certificate it is, and what its clock says.
    """
    seen = _AnyKey()
    theirs = None
    with suppress(aiohttp.ClientError, OSError, TimeoutError, EzError):
        theirs = await _glance(server, outbound, seen)
    code = getattr(reason, "verify_code", None)
    host, ours = server.host, clock.wall()
    certificate = seen.certificate
    if code is None:
        return Unreachable(Hindrance.CERTIFICATE_PIN, host=host)
    if code in (_EARLY, _EXPIRED) and _is_valid(certificate, theirs):
        return Unreachable(
            Hindrance.CERTIFICATE_CLOCK, host=host, ours=_time(ours), theirs=_time(theirs or 0.0)
        )
    if code == _EXPIRED:
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d}" if certificate else "?"
        return Unreachable(Hindrance.CERTIFICATE_EXPIRED, host=host, until=until)
    if code == _EARLY:
        since = f"{certificate.not_valid_before_utc:%Y-%m-%d}" if certificate else "?"
        return Unreachable(Hindrance.CERTIFICATE_EARLY, host=host, since=since)
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        names = one_line(", ".join(_names(certificate))) or "?"
        return Unreachable(Hindrance.CERTIFICATE_NAME, host=host, names=names)
    issuer = one_line(certificate.issuer.rfc4514_string() if certificate else "") or "?"
    return Unreachable(
        Hindrance.CERTIFICATE_UNKNOWN, host=host, issuer=issuer, why=one_line(str(reason))
    )


def _tls_reason(error: BaseException | None) -> ssl.SSLError | None:
    """Return OpenSSL's own exception: aiohttp wraps it in one that claims to be the same."""
    reason = None
    while error is not None:
        reason = error if isinstance(error, ssl.SSLError) else reason
        error = error.__cause__
    return reason


def _is_valid(certificate: x509.Certificate | None, at: float | None) -> bool:
    """Tell whether a certificate's dates would be right by the server's own clock."""
    if certificate is None or at is None:
        return False
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return first.timestamp() <= at <= last.timestamp()


def _names(certificate: x509.Certificate | None) -> Iterator[str]:
    """Yield whom a certificate is for."""
    with suppress(x509.ExtensionNotFound, ValueError):
        if certificate is not None:
            found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            yield from found.value.get_values_for_type(x509.DNSName)
            yield from map(str, found.value.get_values_for_type(x509.IPAddress))


# --- HTTP


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = await answer.content.read(ANSWER_LIMIT)
    while len(body) < ANSWER_LIMIT and (more := await answer.content.read(ANSWER_LIMIT)):
        body += more
    return body[:ANSWER_LIMIT]


def _date(answer: aiohttp.ClientResponse) -> float | None:
    """Return the server's clock in seconds since 1970, None if it does not tell."""
    try:
        return parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _is_ours(body: bytes) -> bool:
    """Tell whether a refusal is in words of a rendezvous."""
    try:
        msgspec.json.decode(body, type=ProblemAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


# --- WebSocket


async def _ping(line: aiohttp.ClientWebSocketResponse) -> None:
    await line.ping(b"ezp2p")
    async with asyncio.timeout(PONG_S):
        while (await _take(line)).type is not WSMsgType.PONG:
            pass


async def _stay(line: aiohttp.ClientWebSocketResponse) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(HOLD_S):
            while True:
                await _take(line)


async def _take(line: aiohttp.ClientWebSocketResponse) -> aiohttp.WSMessage:
    """Return what came, and answer pings; raises ConnectionError when the line is closed."""
    message = await line.receive()
    if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
        raise ConnectionError(f"closed {line.close_code}")
    if message.type is WSMsgType.PING:
        await line.pong(message.data)
    return message


# --- words


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"
