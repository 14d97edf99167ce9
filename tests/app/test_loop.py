import asyncio
import contextlib
import socket

from ezp2p.app.loop import run

PATIENCE_S = 20.0


class Ear(asyncio.DatagramProtocol):
    """Hears datagrams; some systems tell of unreachable ports as well."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, address: object) -> None:
        self.heard.put_nowait(data)


async def first_nobody_is_there_then_somebody_speaks() -> bytes:
    """Return what is heard by who sends to a port that is closed, and then open."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as closed:
        closed.bind(("127.0.0.1", 0))
        there = closed.getsockname()
    loop = asyncio.get_running_loop()
    transport, ear = await loop.create_datagram_endpoint(Ear, remote_addr=there)
    try:
        # On loopback the answer, an ICMP port-unreachable, is there when this returns.
        transport.sendto(b"anybody?")
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as late:
            late.bind(there)
            late.sendto(b"now", transport.get_extra_info("sockname"))
        async with asyncio.timeout(PATIENCE_S):
            return await ear.heard.get()
    finally:
        transport.close()


def test_udp_is_read_on_after_a_port_was_unreachable() -> None:
    assert run(first_nobody_is_there_then_somebody_speaks()) == b"now"
