"""Namespaces wired as a small company: three inside segments and an outside one around a router.

::

    employees   10.20.0.0/16  2001:db8:20::/48  ─┐                ┌─ outside 198.51.100.0/24, 192.0.2.0/24,
    contractors 10.30.0.0/16  2001:db8:30::/48  ─┼─ router ───────┤          2001:db8:ffff::/48
    guests      10.40.0.0/16  2001:db8:40::/48  ─┘  (captures)    └─ ``nat``: inside appears as 203.0.113.20, .30, .40

Each segment is a bridge in the router's namespace, so that a capture there sees what a mirror port of that segment
would: routed traffic once, broadcasts, and nothing that two hosts of one segment say to each other.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab.process import Process, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

OFFLOADS = ("rx", "tx", "sg", "tso", "gso", "gro")
"""Features that would make captured frames larger than the wire's, or leave their checksums unset."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One bridge of the router, with the router's own addresses on it."""

    name: str
    gateways: tuple[IPv4Interface | IPv6Interface, ...]
    egress: str | None = None
    """The public address that NAT gives to what comes from here."""


def _segment(name: str, *gateways: str, egress: str | None = None) -> Segment:
    return Segment(name, tuple(ip_interface(gateway) for gateway in gateways), egress)


SEGMENTS: Mapping[str, Segment] = {
    segment.name: segment
    for segment in (
        _segment("employees", "10.20.0.1/16", "2001:db8:20::1/48", egress="203.0.113.20"),
        _segment("contractors", "10.30.0.1/16", "2001:db8:30::1/48", egress="203.0.113.30"),
        _segment("guests", "10.40.0.1/16", "2001:db8:40::1/48", egress="203.0.113.40"),
        _segment("outside", "198.51.100.1/24", "192.0.2.1/24", "2001:db8:ffff::1/48"),
    )
}
GROUPS = ("employees", "contractors", "guests")


@dataclass(frozen=True, slots=True)
class Host:
    """A machine of the laboratory: a namespace with one interface, ``eth0``."""

    name: str
    namespace: str
    segment: str
    addresses: tuple[str, ...]
    folder: Path
    """Where its programs keep their files."""
    mac: str
    """The address of ``eth0``, the same at every run."""

    @property
    def ip(self) -> str:
        """Its first address."""
        return self.addresses[0]


@dataclass(slots=True)
class Lab:
    """The network, for the length of a ``with`` block; everything started in it ends with it."""

    nat: bool = False
    token: str = field(default_factory=lambda: f"lab{os.getpid()}{secrets.token_hex(2)}")
    hosts: list[Host] = field(default_factory=list)
    folder: Path = field(init=False)
    _exit: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Lay the router and its segments."""
        with self._exit:
            self.folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix=f"{self.token}-")))
            self._namespace(self.router)
            for setting in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
                self._in(self.router, "sysctl", "-qw", f"{setting}=1")
            for segment in SEGMENTS.values():
                self._in(self.router, "ip", "link", "add", segment.name, "address", _mac(segment.name),
                         "type", "bridge", "mcast_snooping", "0")  # fmt: skip
                self.plain(self.router, segment.name)
                self._addresses(self.router, segment.name, [str(gateway) for gateway in segment.gateways])
            if self.nat:
                self._translate()
            self._exit = self._exit.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every process and remove every namespace and file."""
        self._exit.__exit__(kind, value, traceback)

    @property
    def router(self) -> str:
        """The router's namespace."""
        return f"{self.token}.router"

    def host(self, name: str, segment: str, *addresses: str, resolver: str | None = None) -> Host:
        """Add a machine to ``segment``; ``resolver`` is the name server it asks."""
        namespace = f"{self.token}-{name}"
        port = f"port{len(self.hosts)}"
        gateways = SEGMENTS[segment].gateways
        folder = self.folder / name
        folder.mkdir()
        self._namespace(namespace, resolver)
        mac = _mac(f"{segment} {name}")
        wire = ("type", "veth", "peer", "name", port, "netns", self.router)
        run("ip", "-n", namespace, "link", "add", "eth0", "address", mac, *wire)
        self.plain(namespace, "eth0")
        self.plain(self.router, port)
        self._in(self.router, "ip", "link", "set", port, "master", segment, "up")
        for address in addresses:
            gateway = next(g for g in gateways if ip_interface(address).ip in g.network)
            self._addresses(namespace, "eth0", [f"{address}/{gateway.network.prefixlen}"])
            route = ["ip", f"-{gateway.version}", "route", "replace", "default", "via", str(gateway.ip)]
            self._in(namespace, *route)
        machine = Host(name, namespace, segment, addresses, folder, mac)
        self.hosts.append(machine)
        return machine

    def start(self, host: Host | None, *argv: str, env: Mapping[str, str] | None = None, talk: bool = False) -> Process:
        """Start a program on ``host`` (``None``: the router); it is ended with the laboratory at the latest."""
        namespace = host.namespace if host else self.router
        folder = host.folder if host else self.folder
        process = Process(["ip", "netns", "exec", namespace, *argv], folder, env=env, talk=talk)
        self._exit.callback(process.stop)
        return process

    def run(self, host: Host | None, *argv: str, timeout: float = 60, check: bool = True) -> str:
        """Run a program on ``host`` (``None``: the router) to its end and return what it wrote to stdout."""
        namespace = host.namespace if host else self.router
        return run("ip", "netns", "exec", namespace, *argv, timeout=timeout, check=check)

    def plain(self, namespace: str, interface: str) -> None:
        """Turn an interface's offloads off."""
        self._in(namespace, "ethtool", "-K", interface, *(word for name in OFFLOADS for word in (name, "off")))

    def lose(self, one_in: int) -> None:
        """Let the router lose one forwarded packet in so many, whichever way it goes."""
        rule = f"numgen random mod {one_in} < 1 drop"
        table = f"table inet loss {{ chain out {{ type filter hook forward priority 0; {rule}; }}\n}}"
        run("ip", "netns", "exec", self.router, "nft", "-f", "-", stdin=table)

    def _namespace(self, name: str, resolver: str | None = None) -> None:
        if resolver:
            folder = Path("/etc/netns") / name
            folder.mkdir(parents=True)
            self._exit.callback(shutil.rmtree, folder)
            (folder / "resolv.conf").write_text(f"nameserver {resolver}\noptions timeout:2 attempts:1\n")
        run("ip", "netns", "add", name)
        self._exit.callback(_remove_namespace, name)
        self._in(name, "ip", "link", "set", "lo", "up")

    def _addresses(self, namespace: str, interface: str, addresses: Sequence[str]) -> None:
        for address in addresses:
            nodad = ["nodad"] if ":" in address else []
            self._in(namespace, "ip", "address", "add", address, "dev", interface, *nodad)
        self._in(namespace, "ip", "link", "set", interface, "up")

    def _translate(self) -> None:
        rules = ["table ip nat {", "chain out { type nat hook postrouting priority 100;"]
        for segment in SEGMENTS.values():
            if segment.egress:
                self._in(self.router, "ip", "address", "add", f"{segment.egress}/32", "dev", "lo")
                network = segment.gateways[0].network
                rules.append(f'ip saddr {network} oifname "outside" snat to {segment.egress}')
        run("ip", "netns", "exec", self.router, "nft", "-f", "-", stdin="\n".join([*rules, "}", "}"]))

    @staticmethod
    def _in(namespace: str, *argv: str) -> None:
        run("ip", "netns", "exec", namespace, *argv)


def _mac(name: str) -> str:
    """Return a hardware address for a name, of the range that virtual machines use."""
    return "52:54:00:" + hashlib.sha256(name.encode()).digest()[:3].hex(":")


def _remove_namespace(name: str) -> None:
    """Remove a namespace of ours; a program that outlived its parent in there is ended by its id first."""
    for pid in run("ip", "netns", "pids", name, check=False).split():
        subprocess.run(["kill", "-KILL", pid], check=False, capture_output=True)
    run("ip", "netns", "del", name, check=False)
