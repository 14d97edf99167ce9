"""The customer's door: who may become the link.

Whoever knocks rightly may shake hands; only the one who then says a fitting Proof, first thing on
stream 0, is let in. Until then nothing is served, the callers do not disturb each other, and each
has a few seconds. After one is in, the others are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aioquic.quic.events import QuicEvent, StreamDataReceived, StreamReset

from ezp2p.base.errors import PeerError
from ezp2p.link import quic
from ezp2p.link.certificate import Identity
from ezp2p.link.connection import Connection
from ezp2p.link.events import CLOSE_CODE
from ezp2p.link.frame import LENGTH_BYTES
from ezp2p.link.proof import ProofTerms
from ezp2p.wire.channel import Channel
from ezp2p.wire.codecs import CODECS
from ezp2p.wire.datagram import SAFE_DATAGRAM_BYTES
from ezp2p.wire.keys import ErrorKey
from ezp2p.wire.messages.session import Proof

MAX_CALLERS = 4
PROOF_TIMEOUT_S = 10.0
_PROOF_MAX_BYTES = 256
_EARLY_MAX_BYTES = 256 * 1024  # what may follow the proof before we have read it
_LONG_HEADER = 0x80
_TYPE_MASK = 0x30  # of a long header; 0 is Initial (RFC 9000, 17.2)


@dataclass(slots=True)
class _Caller:
    """A connection that has not proved itself yet, and what it said so far."""

    connection: Connection
    original_cid: bytes
    came_at: float
    session_bytes: bytearray = field(default_factory=bytearray)
    early: list[QuicEvent] = field(default_factory=list)
    early_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Admitted:
    """The one who may stay, and what it said after its proof."""

    connection: Connection
    early: list[QuicEvent]


class Admission:
    """Takes datagrams of strangers until one of them is the counselor."""

    def __init__(self, identity: Identity, terms: ProofTerms) -> None:
        self._identity = identity
        self._terms = terms
        self._callers: list[_Caller] = []

    @property
    def wake_at(self) -> float | None:
        """When `wake` is due."""
        times = [caller.came_at + PROOF_TIMEOUT_S for caller in self._callers]
        times += [at for c in self._callers if (at := c.connection.get_timer()) is not None]
        return min(times, default=None)

    def take(self, datagrams: Iterable[bytes], round_trip_s: float, now: float) -> Admitted | None:
        """Give each datagram to its caller; return the one who has proved itself, if any."""
        for data in datagrams:
            caller = self._caller_of(data, round_trip_s, now)
            if caller is not None:
                caller.connection.take([data], now)
        for caller in self._callers:
            admitted = self._listen(caller)
            if admitted is not None:
                self._callers.clear()
                return admitted
        return None

    def wake(self, now: float) -> None:
        """Run timers; show out those who took too long."""
        for caller in self._callers:
            at = caller.connection.get_timer()
            if at is not None and at <= now:
                caller.connection.handle_timer(now)
            if now >= caller.came_at + PROOF_TIMEOUT_S:
                _show_out(caller)

    def datagrams(self, now: float) -> Iterator[bytes]:
        """Yield what the callers shall get, and forget those who are gone."""
        for caller in self._callers:
            yield from caller.connection.datagrams(now)
        self._callers = [c for c in self._callers if not c.connection.finished]

    def _caller_of(self, data: bytes, round_trip_s: float, now: float) -> _Caller | None:
        is_long = bool(data[0] & _LONG_HEADER)
        if is_long:
            cid = data[6 : 6 + data[5]] if len(data) > 6 else b""
        else:
            cid = data[1 : 1 + quic.CONNECTION_ID_BYTES]
        for caller in self._callers:
            if cid == caller.original_cid or caller.connection.answers_to(cid):
                return caller
        is_initial = is_long and not data[0] & _TYPE_MASK
        if not is_initial or len(data) < SAFE_DATAGRAM_BYTES or not self._terms.knocked(cid):
            return None
        if len(self._callers) >= MAX_CALLERS and not self._make_room():
            return None
        caller = _Caller(quic.server(self._identity, cid, round_trip_s), cid, now)
        self._callers.append(caller)
        return caller

    def _make_room(self) -> bool:
        """Drop the oldest caller that has not even shaken hands."""
        for caller in self._callers:
            if not caller.connection.handshake_done:
                self._callers.remove(caller)
                return True
        return False

    def _listen(self, caller: _Caller) -> Admitted | None:
        while (event := caller.connection.next_event()) is not None:
            if isinstance(event, StreamReset):
                _show_out(caller)
            elif isinstance(event, StreamDataReceived):
                caller.early_bytes += len(event.data)
                if event.end_stream or caller.early_bytes > _EARLY_MAX_BYTES:
                    _show_out(caller)
                elif event.stream_id == Channel.SESSION.stream_id:
                    caller.session_bytes += event.data
                else:
                    caller.early.append(event)
        if caller.connection.ended is not None:
            return None
        return self._judge(caller)

    def _judge(self, caller: _Caller) -> Admitted | None:
        said = caller.session_bytes
        if len(said) < LENGTH_BYTES:
            return None
        stop = LENGTH_BYTES + int.from_bytes(said[:LENGTH_BYTES], "big")
        if stop > LENGTH_BYTES + _PROOF_MAX_BYTES:
            _show_out(caller)
            return None
        if len(said) < stop:
            return None
        if not self._is_proof(bytes(said[LENGTH_BYTES:stop])):
            _show_out(caller)
            return None
        rest: list[QuicEvent] = []
        if len(said) > stop:
            data = bytes(said[stop:])
            rest.append(StreamDataReceived(data, False, Channel.SESSION.stream_id))
        return Admitted(caller.connection, rest + caller.early)

    def _is_proof(self, data: bytes) -> bool:
        try:
            message = CODECS[Channel.SESSION].decode(data)
        except PeerError:
            return False
        return isinstance(message, Proof) and self._terms.fits(message.mac, self._identity.der)


def _show_out(caller: _Caller) -> None:
    caller.connection.close(error_code=CLOSE_CODE, reason_phrase=ErrorKey.PEER_UNTRUSTED)
