"""Networks made for a test: two homes that reach a company's server.

separated_homes    nothing of each other: every direct path is blocked as by two strict firewalls

    customer's home --- 10.77.1.0/24 --- server --- 10.77.2.0/24 --- counselor's home
                                        10.77.0.1

routed_homes       behind routers that translate addresses, as homes are

    customer's home --- router --- 11.22.33.0/24 --- router --- counselor's home
     192.168.7.2         .10          | .1            .20         192.168.8.2
                                    server

Each box is a network namespace of Linux, the routers' work is the kernel's (nftables). UPnP is
miniupnpd's, which refuses reserved outer addresses: hence 11.22.33.0/24. Needs root and iproute2.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SERVER = "10.77.0.1"
PUBLIC_SERVER = "11.22.33.1"


@dataclass(frozen=True, slots=True)
class Network:
    """Names of the namespaces."""

    server: str
    customer: str
    counselor: str
    customers_router: str = ""
    counselors_router: str = ""

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

    def shut_out(self, home: str) -> None:
        """Nothing from this home reaches the server's own ports any more, as behind a firewall."""
        self._run(self.server, "nft", "add table inet fw")
        chain = "add chain inet fw in { type filter hook input priority 0; }"
        self._run(self.server, "nft", chain)
        for rule in ("tcp dport 3000 drop", "meta l4proto udp drop"):
            self._run(self.server, "nft", f'add rule inet fw in iifname "{home}o" {rule}')

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


class NatKind(StrEnum):
    """How a home's router translates."""

    KEEPS = "keeps"  # one outer port for every destination, and in comes who was sent to
    DRAWS = "draws"  # another outer port for each destination: symmetric
    OPEN = "open"  # one outer port, and in comes who likes: "full cone"

    @property
    def rules(self) -> str:
        """What nftables is told."""
        option = "fully-random" if self is NatKind.DRAWS else ""
        return _NAT.format(option=option) + (_OPEN if self is NatKind.OPEN else "")


def can_make_routers() -> bool:
    """Tell whether this machine lets us, translation of addresses included."""
    if not can_make_networks() or shutil.which("nft") is None:
        return False
    name = f"ezp2p-try-{os.getpid()}n"
    _ip("netns", "add", name)
    try:
        words = ["ip", "netns", "exec", name, "nft", "-f", "-"]
        rules = NatKind.OPEN.rules
        return subprocess.run(words, input=rules.encode(), check=False).returncode == 0
    finally:
        _ip("netns", "delete", name)


def can_make_upnp_routers() -> bool:
    """Tell whether there is a router's program as well."""
    return can_make_routers() and shutil.which("miniupnpd") is not None


# Who was not sent to does not come in, and leaves no trace that would take a port away.
_NAT = """
table ip nat {{
 chain post {{ type nat hook postrouting priority 100; oifname "wan" masquerade {option}; }}
}}
table ip fw {{
 chain through {{ type filter hook forward priority 10; policy accept;
  iifname "wan" ct state established,related accept
  iifname "wan" ct status dnat accept
  iifname "wan" drop
 }}
 chain inside {{ type filter hook input priority 0; policy accept;
  iifname "wan" meta l4proto udp ct state new drop
 }}
}}
"""
# Whoever sends to a port that a machine inside has sent from is brought to it.
_OPEN = """
table ip open {
 map inner { type inet_service : ipv4_addr; flags dynamic; timeout 120s; size 1000; }
 chain inward { type nat hook prerouting priority -100;
  iifname "wan" meta l4proto udp dnat to udp dport map @inner
 }
 chain learn { type filter hook forward priority 0;
  oifname "wan" meta l4proto udp update @inner { udp sport timeout 120s : ip saddr }
 }
}
"""
_UPNP_TABLE = """
table inet miniupnpd {
 chain forward { type filter hook forward priority 0; policy accept; jump upnp_forward; }
 chain upnp_forward { }
 chain prerouting { type nat hook prerouting priority -100; policy accept; jump upnp_in; }
 chain upnp_in { }
 chain postrouting { type nat hook postrouting priority 100; policy accept; jump upnp_out; }
 chain upnp_out { }
}
"""
_UPNP_CONF = """
ext_ifname=wan
ext_ip={host}
listening_ip=lan
http_port=5000
enable_natpmp=no
enable_upnp=yes
secure_mode=yes
uuid=12345678-1234-1234-1234-123456789abc
upnp_table_name=miniupnpd
upnp_nat_table_name=miniupnpd
upnp_forward_chain=upnp_forward
upnp_nat_chain=upnp_in
upnp_nat_postrouting_chain=upnp_out
allow 1024-65535 {lan}.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""


@contextlib.contextmanager
def routed_homes(customers: NatKind, counselors: NatKind) -> Iterator[Network]:
    """Make two homes behind routers, and take them away at the end."""
    prefix = f"ez{os.getpid()}"
    network = Network(*(prefix + letter for letter in "sabcd"))
    middle = f"{prefix}m"
    routers = (
        (network.customer, network.customers_router, 7, customers),
        (network.counselor, network.counselors_router, 8, counselors),
    )
    with contextlib.ExitStack() as stack:
        names = [middle, network.server, *(name for row in routers for name in row[:2])]
        for name in names:
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "delete", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", middle, "link", "add", "bridge", "type", "bridge")
        _ip("-n", middle, "link", "set", "bridge", "up")
        _plug(middle, network.server, f"{PUBLIC_SERVER}/24")
        for home, router, number, kind in routers:
            _plug(middle, router, f"11.22.33.{10 * (number - 6)}/24")
            _ip("-n", router, "link", "add", "lan", "type", "veth", "peer", "name", f"{home}i")
            _ip("-n", router, "link", "set", f"{home}i", "netns", home)
            for name, device, end in ((router, "lan", 1), (home, f"{home}i", 2)):
                _ip("-n", name, "address", "add", f"192.168.{number}.{end}/24", "dev", device)
                _ip("-n", name, "link", "set", device, "up")
            _ip("-n", home, "route", "add", "default", "via", f"192.168.{number}.1")
            _inside(router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
            _inside(router, "nft", "-f", "-", given=kind.rules)
        yield network


@contextlib.contextmanager
def upnp(router: str, host: str, lan: str, folder: Path) -> Iterator[None]:
    """Have this router open ports when asked; `host` is its outer address, `lan` "192.168.7"."""
    _inside(router, "nft", "-f", "-", given=_UPNP_TABLE)
    _ip("-n", router, "route", "add", "239.0.0.0/8", "dev", "lan")
    conf = folder / "miniupnpd.conf"
    conf.write_text(_UPNP_CONF.format(host=host, lan=lan))
    words = ["miniupnpd", "-d", "-f", str(conf), "-P", str(folder / "miniupnpd.pid")]
    with (folder / "miniupnpd.log").open("wb") as log:
        daemon = subprocess.Popen(
            ["ip", "netns", "exec", router, *words], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(10)


def forward(router: str, port: int, inner_host: str) -> None:
    """Have this router hand a UDP port on, as a person would set it up."""
    rule = f'iifname "wan" udp dport {port} dnat to {inner_host};'
    chain = f"chain inward {{ type nat hook prerouting priority -100; {rule} }};"
    _inside(router, "nft", "-f", "-", given=f"table ip nat {{ {chain} }}")


def opened_ports(router: str) -> int:
    """Return how many ports the router has opened."""
    listed = subprocess.run(
        ["ip", "netns", "exec", router, "nft", "list", "chain", "inet", "miniupnpd", "upnp_in"],
        check=True,
        capture_output=True,
        text=True,
        timeout=10,
    )
    return listed.stdout.count("dnat")


def _plug(middle: str, name: str, address: str) -> None:
    """Give a namespace a device `wan` on the net in the middle."""
    plug = f"p{name[-1]}"
    _ip("-n", name, "link", "add", "wan", "type", "veth", "peer", "name", plug)
    _ip("-n", name, "link", "set", plug, "netns", middle)
    _ip("-n", name, "address", "add", address, "dev", "wan")
    _ip("-n", name, "link", "set", "wan", "up")
    _ip("-n", middle, "link", "set", plug, "master", "bridge")
    _ip("-n", middle, "link", "set", plug, "up")


def _inside(name: str, *words: str, given: str = "") -> None:
    subprocess.run(
        ["ip", "netns", "exec", name, *words],
        input=given.encode(),
        check=True,
        capture_output=True,
        timeout=10,
    )


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)
