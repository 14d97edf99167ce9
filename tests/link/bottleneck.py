"""A narrow place that several connections share, in virtual time: the same run every time.

    sender --> [ queue | rate ] -- delay / 2, loss --> receiver
    sender <------------ delay / 2 ------------------- receiver

The connections are real, handshake and encryption included; only the clock and the network are
not. Datagrams that do not fit into the queue are dropped; what is said backwards never waits.
"""

from __future__ import annotations

import heapq
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent, StreamDataReceived

from ezp2p.link import quic
from ezp2p.link.certificate import CERTIFICATE_NAME, Identity, make_identity, pem_of
from ezp2p.link.connection import VIRTUAL_ADDRESS, Connection
from ezp2p.wire.channel import Channel
from tests.lab.way import Way

BULK = Channel.SCREEN.stream_id
# No event loop calls a timer earlier than this after it was set.
TIMER_S = 0.0002
_HUGE = 1 << 30


class End(Protocol):
    """One end of a connection, whoever made it."""

    def take(self, datagram: bytes, now: float) -> None: ...

    def datagrams(self, now: float) -> list[bytes]: ...

    def send(self, data: bytes) -> None: ...

    @property
    def quic(self) -> QuicConnection: ...


@dataclass(slots=True)
class OurEnd:
    """An end as our link uses it."""

    quic: Connection

    def take(self, datagram: bytes, now: float) -> None:
        self.quic.take([datagram], now)

    def datagrams(self, now: float) -> list[bytes]:
        return self.quic.datagrams(now)

    def send(self, data: bytes) -> None:
        self.quic.send_stream_data(BULK, data)


@dataclass(slots=True)
class ShippedEnd:
    """An end as aioquic has it."""

    quic: QuicConnection

    def take(self, datagram: bytes, now: float) -> None:
        self.quic.receive_datagram(datagram, VIRTUAL_ADDRESS, now)

    def datagrams(self, now: float) -> list[bytes]:
        return [data for data, _address in self.quic.datagrams_to_send(now)]

    def send(self, data: bytes) -> None:
        self.quic.send_stream_data(BULK, data)


@dataclass(slots=True)
class Flow:
    """A sender and its receiver."""

    sender: End
    receiver: End
    received_bytes: int = 0
    sent_datagrams: int = 0

    @property
    def connection(self) -> Connection:
        """Our connection at the sender."""
        assert isinstance(self.sender, OurEnd)
        return self.sender.quic


def our_flow(seed: int) -> Flow:
    """Return two ends of ours; the one that sends probes by this seed."""
    identity, knock = make_identity(), os.urandom(20)
    client = quic.client(identity.der, knock, 0.1, 0.0, random=Random(seed))
    return Flow(OurEnd(client), OurEnd(quic.server(identity, knock, 0.1)))


def shipped_flow(algorithm: str) -> Flow:
    """Return two ends of aioquic's own, with its congestion control of this name."""
    identity = make_identity()
    client = QuicConnection(configuration=_shipped(algorithm, identity, is_client=True))
    client.connect(VIRTUAL_ADDRESS, 0.0)
    for channel in Channel:
        client.send_stream_data(channel.stream_id, b"")
    server = QuicConnection(
        configuration=_shipped(algorithm, identity, is_client=False),
        original_destination_connection_id=client.original_destination_connection_id,
    )
    return Flow(ShippedEnd(client), ShippedEnd(server))


def _shipped(algorithm: str, identity: Identity, *, is_client: bool) -> QuicConfiguration:
    configuration = QuicConfiguration(
        alpn_protocols=["test"],
        congestion_control_algorithm=algorithm,
        is_client=is_client,
        max_data=_HUGE,
        max_stream_data=_HUGE,
    )
    if is_client:
        configuration.verify_mode = ssl.CERT_REQUIRED
        configuration.server_name = CERTIFICATE_NAME
        configuration.load_verify_locations(cadata=pem_of(identity.der))
    else:
        configuration.certificate, configuration.private_key = identity.certificate, identity.key
    return configuration


class Bottleneck:
    """The narrow place, its clock, and the flows through it."""

    def __init__(
        self,
        *,
        rate: float,
        delay_s: float,
        queue_bytes: float,
        loss: float = 0.0,
        seed: int = 1,
    ) -> None:
        """`rate` is bytes per second, `delay_s` the round trip of an empty path."""
        self.now = 0.0
        self.way = Way(rate, delay_s / 2, queue_bytes, loss, Random(seed))
        self._delay_s = delay_s
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._timers: dict[int, float] = {}
        self.queues: list[float] = []  # bytes that wait, every 50 ms

    @property
    def product_bytes(self) -> float:
        """What is on its way when the path is full and nothing waits."""
        return self.way.rate * self._delay_s

    def add(self, flow: Flow) -> None:
        """Let a flow begin now."""
        self._turn(flow, flow.sender)

    def send(self, flow: Flow, size_bytes: int) -> None:
        """Have the sender send so many bytes."""
        flow.sender.send(bytes(size_bytes))
        self._turn(flow, flow.sender)

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Do this when the clock says so."""
        self._count += 1
        heapq.heappush(self._agenda, (when, self._count, action))

    def run(self, seconds: float) -> None:
        """Let time go by."""
        end = self.now + seconds
        self.at(self.now, lambda: self._note_queue(end))
        while self._agenda and self._agenda[0][0] <= end:
            when, _count, action = heapq.heappop(self._agenda)
            self.now = max(self.now, when)
            action()
        self.now = end

    def received_during(self, seconds: float, *flows: Flow) -> list[int]:
        """Let time go by and return the bytes each flow has received meanwhile."""
        before = [flow.received_bytes for flow in flows]
        self.run(seconds)
        return [flow.received_bytes - was for flow, was in zip(flows, before, strict=True)]

    def _note_queue(self, end: float) -> None:
        self.queues.append(self.way.waiting_bytes(self.now))
        if self.now + 0.05 < end:
            self.at(self.now + 0.05, lambda: self._note_queue(end))

    def _turn(self, flow: Flow, end: End) -> None:
        """What a program does when something happened: read, send, set one timer."""
        while (event := end.quic.next_event()) is not None:
            self._count_received(flow, event)
        for datagram in end.datagrams(self.now):
            if end is flow.sender:
                self._forward(flow, datagram)
            else:
                self._arrive(self.now + self._delay_s / 2, flow, flow.sender, datagram)
        due = end.quic.get_timer()
        if due is not None:
            due = max(due, self.now + TIMER_S)
            self._timers[id(end)] = due
            self.at(due, lambda: self._wake(flow, end, due))

    def _wake(self, flow: Flow, end: End, due: float) -> None:
        if self._timers.get(id(end)) != due:
            return  # set anew since
        at = end.quic.get_timer()
        if at is not None and at <= self.now:
            end.quic.handle_timer(self.now)
        self._turn(flow, end)

    def _forward(self, flow: Flow, datagram: bytes) -> None:
        flow.sent_datagrams += 1
        at = self.way.arrival(len(datagram), self.now)
        if at is not None:
            self._arrive(at, flow, flow.receiver, datagram)

    def _arrive(self, at: float, flow: Flow, end: End, datagram: bytes) -> None:
        def arrive() -> None:
            end.take(datagram, self.now)
            self._turn(flow, end)

        self.at(at, arrive)

    @staticmethod
    def _count_received(flow: Flow, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == BULK:
            flow.received_bytes += len(event.data)
