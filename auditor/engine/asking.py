"""What the engine is asked: which captures, how to look, and who is told how far it has come; and as it takes them."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor_native import _Setup, _Source

Network = IPv4Network | IPv6Network
Tell = Callable[["Progress"], None]

V4_MAPPED = bytes(10) + b"\xff\xff"
V4_MAPPED_BITS = 8 * len(V4_MAPPED)


class CapturePath(NamedTuple):
    """A capture to read: a path, or ``-`` for standard input; or a descriptor that stands for that path."""

    path: str
    vantage: str
    fd: int | None = None


class Progress(NamedTuple):
    """How far a run has come."""

    bytes_read: int
    bytes_total: int | None
    packets: int


class Options(NamedTuple):
    """How to look."""

    inside: tuple[Network, ...]
    """Our own networks, inside and egress: whose DHT activities are folded, and whose encrypted flows are tied."""
    jobs: int = 0
    """Cores to use; 0 for all."""
    digest: bool = True
    """Compute each capture's SHA-256."""
    dht_flows: bool = False
    """Return flows that carry nothing but DHT too."""
    vlan_in_key: bool = True
    """Whether VLAN tags part flows of the same ends."""
    known: tuple[bytes, ...] = ()
    """Info dicts of torrents that are known beforehand, to verify pieces by."""


def sources(captures: Sequence[CapturePath], vantages: Sequence[str]) -> list[_Source]:
    """Return captures as the engine takes them: a vantage point is its place among ``vantages``."""
    return [
        {"path": capture.path, "fd": capture.fd, "vantage": vantages.index(capture.vantage)} for capture in captures
    ]


def setup(options: Options) -> _Setup:
    """Return options as the engine takes them."""
    return {
        "ours": [_prefix(network) for network in options.inside],
        "jobs": options.jobs,
        "digest": options.digest,
        "dht_flows": options.dht_flows,
        "vlan_in_key": options.vlan_in_key,
        "known": options.known,
    }


def teller(tell: Tell | None) -> Callable[[int, int | None, int], None] | None:
    """Return what the engine calls to tell of progress."""
    if tell is None:
        return None
    return lambda read, total, packets: tell(Progress(read, total, packets))


def _prefix(network: Network) -> tuple[bytes, int]:
    if isinstance(network, IPv4Network):
        return V4_MAPPED + network.network_address.packed, V4_MAPPED_BITS + network.prefixlen
    return network.network_address.packed, network.prefixlen
