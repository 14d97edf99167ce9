"""The first byte of every UDP datagram, so that one socket carries everything.

    0x40 set   QUIC
    0x01       discovery question: 01 | transaction (16) | zeros, 40 bytes in all
    0x02       discovery answer:   02 | transaction (16) | port (2) | address (4 or 16)
    0x03       relayed:    03 | allocation (8) | inner datagram
    0x04       relay bind: 04 | cookie (16, zeros at first) | ticket, padded to 256 bytes at least
    0x05       relay challenge: 05 | cookie (16)         the relay's answer to a bind without one
    0x06       relay bound:     06 | allocation (8) | the next ticket, now and then
    0x10       ping:  10 | number (8) | kind (1) | zeros | MAC (16)
    0x11       pong:  11 | number (8) | MAC (16)

MAC: HMAC-SHA256, cut, by the ping key, over all before it and the sender's role. The kind is what
the sender takes the route for. The zeros of a ping, none or up to 9,000 bytes in all, show whether
long datagrams pass.
Port and address of a discovery answer are XORed with the head of the transaction: a router that
rewrites addresses where it finds them (as STUN met, RFC 5389, 15.2) does not find these.
No answer of relay or discovery is longer than what it answers, and the relay forwards only
between the two addresses that have each answered its challenge with a ticket of one session.

Where no UDP passes, a WebSocket at the relay carries the same. A binary message of it is one of

    0x03       relayed:         03 | (length (2) | datagram) once or more, 16 KiB in all at most
    0x04       relay bind:      04 | ticket
    0x06       relay bound:     06 | allocation (8) | the next ticket, now and then
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

QUIC_BIT = 0x40
DISCOVER = 0x01
DISCOVERED = 0x02
RELAYED = 0x03
RELAY_BIND = 0x04
RELAY_CHALLENGE = 0x05
RELAY_BOUND = 0x06
PING = 0x10
PONG = 0x11

TRANSACTION_BYTES = 16
DISCOVER_BYTES = 40
ALLOCATION_BYTES = 8
COOKIE_BYTES = 16
NUMBER_BYTES = 8
MAC_BYTES = 16
RELAY_HEADER_BYTES = 1 + ALLOCATION_BYTES
RELAY_BIND_MIN_BYTES = 256

# QUIC never sends more than this on a path that was not probed (RFC 9000, 14.1).
SAFE_DATAGRAM_BYTES = 1200

# A WebSocket's message, and what may wait in one before more is dropped: QUIC sends it again,
# while a queue would only add its own length to every round trip.
TUBE_MESSAGE_BYTES = 16 * 1024
TUBE_QUEUE_BYTES = 64 * 1024
TUBE_ROUTE = "/api/v1/relay"
_LENGTH_BYTES = 2


def pack(datagrams: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the messages that carry these datagrams, as few as hold them."""
    message = bytearray((RELAYED,))
    for datagram in datagrams:
        if len(message) + _LENGTH_BYTES + len(datagram) > TUBE_MESSAGE_BYTES and len(message) > 1:
            yield bytes(message)
            message = bytearray((RELAYED,))
        message += len(datagram).to_bytes(_LENGTH_BYTES, "big")
        message += datagram
    if len(message) > 1:
        yield bytes(message)


def unpack(message: bytes) -> Iterator[bytes]:
    """Yield the datagrams of a `relayed` message; what is cut or empty is left out."""
    at = 1
    while at + _LENGTH_BYTES < len(message):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(message[at:start], "big")
        if start < at <= len(message):
            yield message[start:at]
