"""The first byte of every UDP datagram, so that one socket carries everything.

    0x40 set   QUIC
    0x01       discovery question: 01 | transaction (16) | zeros, 40 bytes in all
    0x02       discovery answer:   02 | transaction (16) | port (2) | address (4 or 16)
    0x03       relayed:    03 | allocation (8) | inner datagram
    0x04       relay bind: 04 | cookie (16, zeros at first) | ticket, padded to 256 bytes at least
    0x05       relay challenge: 05 | cookie (16)         the relay's answer to a bind without one
    0x06       relay bound:     06 | allocation (8)
    0x10       ping:  10 | number (8) | zeros | MAC (16)   MAC: HMAC-SHA256, cut, by the ping key,
    0x11       pong:  11 | number (8) | MAC (16)           over all before it and the sender's role

The zeros of a ping, none or up to 9,000 bytes in all, show whether long datagrams pass.
Port and address of a discovery answer are XORed with the head of the transaction: a router that
rewrites addresses where it finds them (as STUN met, RFC 5389, 15.2) does not find these.
No answer of relay or discovery is longer than what it answers, and the relay forwards only
between the two addresses that have each answered its challenge with a ticket of one session.
"""

from __future__ import annotations

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
