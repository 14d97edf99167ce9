"""A long line between two network namespaces, made by a program instead of the kernel's netem.

    namespace A -- TAP -- [ Way ] --> TAP -- namespace B        and the same back

A kernel without netem, fq and the like carries real TCP over a long, narrow and lossy line by it.
Needs root. It prints "up" when both ends are in place, and runs until it is told to end:

    python -m tests.lab.emulator NAMESPACE DEVICE NAMESPACE DEVICE \
        --delay-ms 25 --loss-percent 1 --rate-mbit 100 --queue-ms 50
"""

from __future__ import annotations

import argparse
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from random import Random

from tests.lab.way import Way

BURST = 64
FRAME_BYTES = 65_600
# linux/if_tun.h
_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000


class Emulator:
    """Carries frames between two TAP devices, each way its own."""

    def __init__(self, devices: tuple[int, int], ways: tuple[Way, Way]) -> None:
        """`devices` are open TAP devices; `ways[0]` leads from the first to the second."""
        self._devices = devices
        self._ways = ways
        self._on_their_way: tuple[deque[tuple[float, bytes]], ...] = (deque(), deque())
        self._poll = select.epoll()
        for device in devices:
            self._poll.register(device, select.EPOLLIN)

    def run(self) -> None:
        """Carry, for ever."""
        while True:
            due = [frames[0][0] for frames in self._on_their_way if frames]
            wait_s = min([1.0, *(max(0.0, at - time.monotonic()) for at in due)])
            for device, _events in self._poll.poll(wait_s):
                self._take(self._devices.index(device))
            self._deliver()

    def _take(self, here: int) -> None:
        for _ in range(BURST):
            try:
                frame = os.read(self._devices[here], FRAME_BYTES)
            except BlockingIOError:
                return
            at = self._ways[here].arrival(len(frame), time.monotonic())
            if at is not None:
                self._on_their_way[here].append((at, frame))

    def _deliver(self) -> None:
        now = time.monotonic()
        for here, frames in enumerate(self._on_their_way):
            while frames and frames[0][0] <= now:
                _at, frame = frames.popleft()
                try:
                    os.write(self._devices[1 - here], frame)
                except OSError:
                    self._ways[here].dropped += 1  # the other end is down or full


def open_tap(name: str) -> int:
    """Make a TAP device of this name that lives as long as the returned descriptor."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH", name.encode(), _IFF_TAP | _IFF_NO_PI)
    fcntl.ioctl(device, _TUNSETIFF, request)
    return device


def move(name: str, namespace: str, device: str) -> None:
    """Put the device into a namespace under another name, with room for the bursts of a line."""
    for words in (
        ["ip", "link", "set", name, "netns", namespace, "name", device],
        ["ip", "-n", namespace, "link", "set", device, "txqueuelen", "5000"],
    ):
        subprocess.run(words, check=True, capture_output=True, timeout=10)


def main() -> None:
    """Make the line and carry."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("namespace_a", "device_a", "namespace_b", "device_b"):
        parser.add_argument(name)
    parser.add_argument("--delay-ms", type=float, required=True, help="one way")
    parser.add_argument("--loss-percent", type=float, default=0.0, help="each way")
    parser.add_argument("--rate-mbit", type=float, required=True)
    parser.add_argument("--queue-ms", type=float, required=True, help="of the rate")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(0))
    names = [f"ez{os.getpid() % 100_000}{end}" for end in "ab"]
    devices = (open_tap(names[0]), open_tap(names[1]))
    move(names[0], options.namespace_a, options.device_a)
    move(names[1], options.namespace_b, options.device_b)
    rate = options.rate_mbit * 1e6 / 8
    there, back = (
        Way(
            rate=rate,
            delay_s=options.delay_ms / 1e3,
            queue_bytes=rate * options.queue_ms / 1e3,
            loss=options.loss_percent / 100,
            random=Random(options.seed + end),
        )
        for end in range(2)
    )
    sys.stdout.write("up\n")
    sys.stdout.flush()
    Emulator(devices, (there, back)).run()


if __name__ == "__main__":
    main()
