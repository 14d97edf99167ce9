"""Networks made for a test: two homes that reach a company's server, and nothing of each other.

    customer's home --- 10.77.1.0/24 --- server --- 10.77.2.0/24 --- counselor's home
                                        10.77.0.1

Each is a network namespace of Linux; the server's does not forward, so that every direct path is
blocked as by two strict firewalls. Needs root and iproute2.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

SERVER = "10.77.0.1"


@dataclass(frozen=True, slots=True)
class Network:
    """Names of the three namespaces."""

    server: str
    customer: str
    counselor: str

    def inside(self, namespace: str) -> list[str]:
        """Return the words before a command that shall run there."""
        return ["ip", "netns", "exec", namespace]

    def let_homes_meet(self) -> None:
        """Let the server's network forward between the homes, as the internet would."""
        self._run(self.server, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")

    def block_udp_to_server(self) -> None:
        """No datagram reaches a relay there any more."""
        self._run(self.server, "nft", "add table inet ez")
        chain = "add chain inet ez in { type filter hook input priority 0; }"
        self._run(self.server, "nft", chain)
        self._run(self.server, "nft", "add rule inet ez in meta l4proto udp drop")

    def unplug(self, home: str) -> None:
        """Take the cable out."""
        _ip("-n", home, "link", "set", f"{home}i", "down")

    def plug_in(self, home: str) -> None:
        """Put the cable in again; the way out has to be learned anew."""
        _ip("-n", home, "link", "set", f"{home}i", "up")
        _ip("-n", home, "route", "replace", "default", "via", f"10.77.{self._number(home)}.1")

    def move(self, home: str) -> str:
        """Take the home's machine to another network; return its new address."""
        number = self._number(home)
        _ip("-n", self.server, "address", "add", f"10.78.{number}.1/24", "dev", f"{home}o")
        _ip("-n", home, "address", "flush", "dev", f"{home}i")
        _ip("-n", home, "address", "add", f"10.78.{number}.2/24", "dev", f"{home}i")
        _ip("-n", home, "route", "replace", "default", "via", f"10.78.{number}.1")
        return f"10.78.{number}.2"

    def _number(self, home: str) -> int:
        return (self.customer, self.counselor).index(home) + 1

    def _run(self, namespace: str, *command: str) -> None:
        _ip("netns", "exec", namespace, *command)


def can_make_networks() -> bool:
    """Tell whether this machine lets us."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"ezp2p-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    return made.returncode == 0


@contextlib.contextmanager
def separated_homes() -> Iterator[Network]:
    """Make the three networks, and take them away at the end."""
    prefix = f"ez{os.getpid()}"
    network = Network(f"{prefix}s", f"{prefix}a", f"{prefix}b")
    names = (network.server, network.customer, network.counselor)
    with contextlib.ExitStack() as stack:
        for name in names:
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "delete", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", network.server, "address", "add", f"{SERVER}/32", "dev", "lo")
        # A new namespace may have inherited it.
        stop = "echo 0 > /proc/sys/net/ipv4/ip_forward"
        _ip("netns", "exec", network.server, "sh", "-c", stop)
        for number, name in ((1, network.customer), (2, network.counselor)):
            inner, outer = f"{name}i", f"{name}o"
            _ip("-n", name, "link", "add", inner, "type", "veth", "peer", "name", outer)
            _ip("-n", name, "link", "set", outer, "netns", network.server)
            _ip("-n", name, "address", "add", f"10.77.{number}.2/24", "dev", inner)
            _ip("-n", network.server, "address", "add", f"10.77.{number}.1/24", "dev", outer)
            _ip("-n", name, "link", "set", inner, "up")
            _ip("-n", network.server, "link", "set", outer, "up")
            _ip("-n", name, "route", "add", "default", "via", f"10.77.{number}.1")
        yield network


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)
