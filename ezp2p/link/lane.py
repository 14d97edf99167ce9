"""The bulk lane: one TLS 1.3 connection beside the link, for much data on a LAN.

    host                                         caller
    listens; port and passes by the link  ->
                                          <-     TCP
                                         TLS     the customer is its server, whoever has called
                                          <-     the caller's pass, 32 bytes
    the host's pass, 32 bytes             ->
    bytes                                <->     bytes

QUIC in Python carries some 30 MB/s; the kernel's TCP and OpenSSL carry hundreds. The counselor
accepts the certificate that the link pinned and no other, and each end shows a pass that only
the link has carried, so that a lane is as trustworthy as the link. Which end listens is a matter
of firewalls; both can. Everything here blocks, for at most some seconds: it belongs to a thread,
as do the files that lanes are for.
"""

from __future__ import annotations

import hmac
import os
import socket
import ssl
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from ezp2p.base.errors import PeerError, Unreachable
from ezp2p.link.certificate import CERTIFICATE_NAME, Identity, pem_of
from ezp2p.wire.keys import ErrorKey

PASS_BYTES = 32
CONNECT_TIMEOUT_S = 3.0
ACCEPT_TIMEOUT_S = 6.0
HANDSHAKE_TIMEOUT_S = 2.0
# A lane that takes or gives nothing for so long is broken; the link knows sooner.
IDLE_TIMEOUT_S = 60.0
_BACKLOG = 4


@dataclass(frozen=True, slots=True, repr=False)
class LaneTerms:
    """What the caller must know: the host's TCP port, and what each shows the other."""

    port: int
    callers_pass: bytes
    hosts_pass: bytes


class LaneTls:
    """This end's half of TLS: the customer with its identity, the counselor with the pin."""

    def __init__(self, *, identity: Identity | None = None, pinned_der: bytes = b"") -> None:
        self._pinned_der = pinned_der
        self._is_server = identity is not None
        self._context = _serving(identity) if identity else _pinning(pinned_der)

    def wrap(self, sock: socket.socket) -> ssl.SSLSocket:
        """Shake hands. Raises OSError; PeerError(peer.untrusted) for another certificate."""
        wrapped = self._context.wrap_socket(
            sock,
            server_side=self._is_server,
            server_hostname=None if self._is_server else CERTIFICATE_NAME,
            suppress_ragged_eofs=False,
        )
        if not self._is_server and wrapped.getpeercert(binary_form=True) != self._pinned_der:
            wrapped.close()
            raise PeerError(ErrorKey.PEER_UNTRUSTED, why="another certificate")
        return wrapped


class Lane:
    """An open lane. One thread may send while another receives; any may close it."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        """Use `LaneHost.accept` or `call`."""
        self._socket = sock
        sock.settimeout(IDLE_TIMEOUT_S)

    @property
    def closed(self) -> bool:
        """Whether it was let go."""
        return self._socket.fileno() < 0

    def send(self, data: bytes | memoryview) -> None:
        """Send all of it; raises Unreachable(link.lost) when the lane breaks."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise _broken(error) from error

    def receive_into(self, buffer: memoryview) -> int:
        """Fill `buffer`; return how many bytes there are, fewer than it holds only at the end.

        Raises Unreachable(link.lost) when the lane breaks: an end that was not said is no end.
        """
        filled = 0
        try:
            # OpenSSL gives a record (16 KiB) at a time.
            while filled < len(buffer) and (size := self._socket.recv_into(buffer[filled:])):
                filled += size
        except OSError as error:
            raise _broken(error) from error
        return filled

    def finish(self) -> None:
        """Say that nothing follows, and wait until the other end says so, too."""
        try:
            self._socket.unwrap()
        except OSError as error:
            raise _broken(error) from error
        finally:
            self.close()

    def close(self) -> None:
        """Let go; whoever waits in the other methods is told that the lane is broken."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class LaneHost:
    """Listens for one caller."""

    def __init__(self, tls: LaneTls) -> None:
        """Raises OSError if this machine gives no port."""
        self._tls = tls
        self._listener = socket.create_server(
            ("", 0),
            family=socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET,
            dualstack_ipv6=socket.has_dualstack_ipv6(),
            backlog=_BACKLOG,
        )
        self.terms = LaneTerms(
            self._listener.getsockname()[1], os.urandom(PASS_BYTES), os.urandom(PASS_BYTES)
        )

    def accept(self, timeout_s: float = ACCEPT_TIMEOUT_S) -> Lane:
        """Wait for the caller, let strangers go; raises Unreachable(peer.gone) if none comes."""
        ends_at = time.monotonic() + timeout_s
        try:
            while (left_s := ends_at - time.monotonic()) > 0:
                self._listener.settimeout(left_s)
                sock, _address = self._listener.accept()
                lane = self._admit(sock, min(left_s, HANDSHAKE_TIMEOUT_S))
                if lane is not None:
                    return lane
        except OSError as error:  # the time is over, or somebody has closed us
            raise Unreachable(ErrorKey.PEER_GONE) from error
        finally:
            self.close()
        raise Unreachable(ErrorKey.PEER_GONE)

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _admit(self, sock: socket.socket, timeout_s: float) -> Lane | None:
        sock.settimeout(timeout_s)
        with ExitStack() as refused:
            try:
                secured = _secure(sock, self._tls, refused)
                if not hmac.compare_digest(_read_pass(secured), self.terms.callers_pass):
                    return None
                secured.sendall(self.terms.hosts_pass)
            except (OSError, PeerError):
                return None
            refused.pop_all()
            return Lane(secured)


def call(host: str, terms: LaneTerms, tls: LaneTls, timeout_s: float = CONNECT_TIMEOUT_S) -> Lane:
    """Open the lane that `host` listens for.

    Raises Unreachable(peer.gone) if nobody answers, PeerError(peer.untrusted) if it is not the
    peer who does.
    """
    with ExitStack() as refused:
        try:
            sock = socket.create_connection((host, terms.port), timeout_s)
            secured = _secure(sock, tls, refused)
            secured.sendall(terms.callers_pass)
            if not hmac.compare_digest(_read_pass(secured), terms.hosts_pass):
                raise PeerError(ErrorKey.PEER_UNTRUSTED, why="pass")
        except ssl.SSLCertVerificationError as error:
            raise PeerError(ErrorKey.PEER_UNTRUSTED, why=str(error)) from error
        except OSError as error:
            raise Unreachable(ErrorKey.PEER_GONE) from error
        refused.pop_all()
        return Lane(secured)


def _secure(sock: socket.socket, tls: LaneTls, refused: ExitStack) -> ssl.SSLSocket:
    """Shake hands; `refused` closes what was opened, whatever becomes of it."""
    refused.callback(sock.close)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    secured = tls.wrap(sock)
    refused.callback(secured.close)
    return secured


def _serving(identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # nothing is ever resumed
    # OpenSSL reads the key from a file only: encrypted, for ourselves, and gone at once.
    password = os.urandom(32).hex()
    key = identity.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
    )
    number, name = tempfile.mkstemp(prefix="ezp2p-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(key + identity.certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink()
    return context


def _pinning(pinned_der: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=pem_of(pinned_der).decode())
    return context


def _read_pass(sock: ssl.SSLSocket) -> bytes:
    told = b""
    while len(told) < PASS_BYTES:
        piece = sock.recv(PASS_BYTES - len(told))
        if not piece:
            raise ConnectionError("no pass")
        told += piece
    return told


def _broken(error: OSError) -> Unreachable:
    return Unreachable(ErrorKey.LINK_LOST, why=str(error))
