"""How the two ends configure QUIC: one version, one protocol name, one pinned certificate."""

from __future__ import annotations

import ssl
from random import Random

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion

from ezp2p.link.certificate import CERTIFICATE_NAME, Identity, pem_of
from ezp2p.link.connection import (
    CONNECTION_WINDOW_BYTES,
    STREAM_WINDOW_BYTES,
    VIRTUAL_ADDRESS,
    Connection,
)
from ezp2p.wire.datagram import SAFE_DATAGRAM_BYTES

ALPN = "ezp2p/1"
# The link decides when a silent peer is given up (Link's `patience_s`), QUIC never before it.
IDLE_TIMEOUT_S = 24 * 3600.0
# A QUIC PING in a quiet link, so that each end hears from the other.
KEEPALIVE_S = 20.0
CONNECTION_ID_BYTES = 8


def client(
    pinned_der: bytes,
    knock: bytes,
    round_trip_s: float,
    now: float,
    *,
    random: Random | None = None,
) -> Connection:
    """Return the counselor's connection, its handshake begun and its streams open.

    Its first packet goes to the connection id `knock`; it accepts the pinned certificate and no
    other. Raises PeerError(peer.untrusted) if
    `pinned_der` is no certificate.
    """
    configuration = _configuration(is_client=True, round_trip_s=round_trip_s)
    configuration.verify_mode = ssl.CERT_REQUIRED
    configuration.server_name = CERTIFICATE_NAME
    configuration.load_verify_locations(cadata=pem_of(pinned_der))
    connection = Connection(configuration=configuration, random=random or Random())
    connection.knock_with(knock)
    connection.connect(VIRTUAL_ADDRESS, now)
    connection.open_streams()
    return connection


def server(
    identity: Identity,
    original_cid: bytes,
    round_trip_s: float,
    *,
    random: Random | None = None,
) -> Connection:
    """Return the customer's connection for a client whose first packet named `original_cid`."""
    configuration = _configuration(is_client=False, round_trip_s=round_trip_s)
    configuration.certificate = identity.certificate
    configuration.private_key = identity.key
    return Connection(
        configuration=configuration,
        random=random or Random(),
        original_destination_connection_id=original_cid,
    )


def _configuration(*, is_client: bool, round_trip_s: float) -> QuicConfiguration:
    return QuicConfiguration(
        alpn_protocols=[ALPN],
        connection_id_length=CONNECTION_ID_BYTES,
        idle_timeout=IDLE_TIMEOUT_S,
        initial_rtt=max(round_trip_s, 0.02),
        is_client=is_client,
        max_data=CONNECTION_WINDOW_BYTES,
        max_datagram_size=SAFE_DATAGRAM_BYTES,
        max_stream_data=STREAM_WINDOW_BYTES,
        supported_versions=[QuicProtocolVersion.VERSION_1],
    )
