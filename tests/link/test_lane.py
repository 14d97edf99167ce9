"""The bulk lane over real sockets of this machine."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from ezp2p.base.errors import PeerError, Unreachable
from ezp2p.link.certificate import Identity, make_identity
from ezp2p.link.lane import Lane, LaneHost, LaneTerms, LaneTls, call

HERE = "127.0.0.1"
MIB = 1 << 20


@pytest.fixture(scope="module")
def identity() -> Identity:
    return make_identity()


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


class Opened(ExitStack):
    """Lanes that a test has opened, closed at its end."""

    def __call__(self, lane: Lane) -> Lane:
        self.callback(lane.close)
        return lane


@pytest.fixture
def opened() -> Iterator[Opened]:
    with Opened() as opened:
        yield opened


def accepting(beside: ThreadPoolExecutor, tls: LaneTls) -> tuple[LaneTerms, Future[Lane]]:
    """Listen; return what the caller must know, and the lane to come."""
    host = LaneHost(tls)
    return host.terms, beside.submit(host.accept)


def receive(lane: Lane, size_bytes: int) -> bytes:
    """Take exactly so much."""
    buffer = memoryview(bytearray(size_bytes))
    assert lane.receive_into(buffer) == size_bytes
    return bytes(buffer)


def open_lane(
    beside: ThreadPoolExecutor,
    opened: Opened,
    identity: Identity,
    *,
    customer_listens: bool = True,
) -> tuple[Lane, Lane]:
    """Return the host's lane and the caller's."""
    customer, counselor = LaneTls(identity=identity), LaneTls(pinned_der=identity.der)
    hosts, callers = (customer, counselor) if customer_listens else (counselor, customer)
    terms, accepted = accepting(beside, hosts)
    called = opened(call(HERE, terms, callers))
    return opened(accepted.result()), called


@pytest.mark.parametrize("customer_listens", [True, False])
def test_whoever_listens_bytes_go_both_ways_and_the_end_is_told(
    beside: ThreadPoolExecutor, opened: Opened, identity: Identity, customer_listens: bool
) -> None:
    here, there = open_lane(beside, opened, identity, customer_listens=customer_listens)
    data = os.urandom(8 * MIB)
    arriving = beside.submit(receive, there, len(data))
    here.send(data)
    assert hashlib.sha256(arriving.result()).digest() == hashlib.sha256(data).digest()
    there.send(b"thank you")
    assert receive(here, 9) == b"thank you"
    finishing = beside.submit(here.finish)
    assert there.receive_into(memoryview(bytearray(9))) == 0
    there.finish()
    finishing.result()


def test_counselor_refuses_another_certificate_and_shows_no_pass(
    beside: ThreadPoolExecutor, identity: Identity
) -> None:
    host = LaneHost(LaneTls(identity=make_identity()))
    accepted = beside.submit(host.accept)
    with pytest.raises(PeerError):
        call(HERE, host.terms, LaneTls(pinned_der=identity.der))
    host.close()
    with pytest.raises(Unreachable):
        accepted.result()


def test_caller_without_the_pass_gets_no_lane(
    beside: ThreadPoolExecutor, identity: Identity
) -> None:
    host = LaneHost(LaneTls(identity=identity))
    accepted = beside.submit(host.accept)
    terms = LaneTerms(host.terms.port, bytes(32), host.terms.hosts_pass)
    with pytest.raises(Unreachable):
        call(HERE, terms, LaneTls(pinned_der=identity.der))
    host.close()
    with pytest.raises(Unreachable):
        accepted.result()


def test_host_without_the_pass_is_not_believed(
    beside: ThreadPoolExecutor, opened: Opened, identity: Identity
) -> None:
    host = LaneHost(LaneTls(identity=identity))
    accepted = beside.submit(host.accept)
    terms = LaneTerms(host.terms.port, host.terms.callers_pass, bytes(32))
    with pytest.raises(PeerError):
        call(HERE, terms, LaneTls(pinned_der=identity.der))
    opened(accepted.result())


def nonsense(sock: socket.socket) -> None:
    """Talk no TLS."""
    sock.sendall(os.urandom(100))


def hurried(sock: socket.socket) -> None:
    """Leave at once."""
    sock.close()


@pytest.mark.parametrize("stranger", [nonsense, hurried])
def test_stranger_who_calls_first_does_not_keep_the_peer_out(
    beside: ThreadPoolExecutor,
    opened: Opened,
    identity: Identity,
    stranger: Callable[[socket.socket], None],
) -> None:
    terms, accepted = accepting(beside, LaneTls(identity=identity))
    with socket.create_connection((HERE, terms.port)) as sock:
        stranger(sock)
        lane = opened(call(HERE, terms, LaneTls(pinned_der=identity.der)))
        lane.send(b"me")
        assert receive(opened(accepted.result()), 2) == b"me"


def test_lane_serves_one_caller_only(
    beside: ThreadPoolExecutor, opened: Opened, identity: Identity
) -> None:
    terms, accepted = accepting(beside, LaneTls(identity=identity))
    counselor = LaneTls(pinned_der=identity.der)
    opened(call(HERE, terms, counselor))
    opened(accepted.result())
    with pytest.raises(Unreachable):
        call(HERE, terms, counselor)


def test_old_tls_is_refused(beside: ThreadPoolExecutor, identity: Identity) -> None:
    host = LaneHost(LaneTls(identity=identity))
    accepted = beside.submit(host.accept)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection((HERE, host.terms.port)) as sock,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(sock)
    host.close()
    with pytest.raises(Unreachable):
        accepted.result()


def test_end_that_was_not_said_is_no_end(
    beside: ThreadPoolExecutor, opened: Opened, identity: Identity
) -> None:
    here, there = open_lane(beside, opened, identity)
    here.send(b"half a fi")
    assert receive(there, 9) == b"half a fi"
    here.close()
    with pytest.raises(Unreachable):
        there.receive_into(memoryview(bytearray(9)))


def test_closing_wakes_whoever_waits(
    beside: ThreadPoolExecutor, opened: Opened, identity: Identity
) -> None:
    here, _there = open_lane(beside, opened, identity)
    begun = threading.Event()

    def wait() -> int:
        begun.set()
        return here.receive_into(memoryview(bytearray(9)))

    waiting = beside.submit(wait)
    begun.wait()
    here.close()
    with pytest.raises(Unreachable):
        waiting.result()
