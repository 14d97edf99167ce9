"""A wire between two UDP ports that a test can cut: each end sees the other at its own address.

A <--> [front for A]  the wire  [front for B] <--> B
"""

from __future__ import annotations

import asyncio

_Name = tuple[str, int]


class Wire:
    """Forwards between two programs; `cut` it and nothing passes any more, without a word."""

    def __init__(self) -> None:
        self.cut = False
        self.passed = 0
        self._sides = (_Side(self), _Side(self))

    @classmethod
    async def lay(cls, port_a: int, port_b: int) -> Wire:
        """Connect the programs at two ports of this machine."""
        wire = cls()
        for side, port in zip(wire._sides, (port_a, port_b), strict=True):
            await side.open(("127.0.0.1", port))
        return wire

    @property
    def ports(self) -> tuple[int, int]:
        """The port at which A finds B, and the one at which B finds A."""
        return self._sides[0].port, self._sides[1].port

    def carry(self, side: _Side, data: bytes) -> None:
        """Take a datagram from one side's program to the other's."""
        if not self.cut:
            self.passed += 1
            other = self._sides[1] if side is self._sides[0] else self._sides[0]
            other.deliver(data)

    def stop(self) -> None:
        """Give the ports back."""
        for side in self._sides:
            side.close()


class _Side(asyncio.DatagramProtocol):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._program: _Name = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    async def open(self, program: _Name) -> None:
        loop = asyncio.get_running_loop()
        self._program = program
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: _Name) -> None:
        if addr == self._program:
            self._wire.carry(self, data)

    def deliver(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data, self._program)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
