"""What the engine read, and how far."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from auditor.model.activity import Activity
from auditor.model.binding import Binding, Lease
from auditor.model.fact import Fact
from auditor.model.flow import Flow, Observation
from auditor.model.torrent import SeenTorrent

_F = TypeVar("_F", bound=Fact)


class CaptureInfo(NamedTuple):
    """One capture file or interface, as far as it was read."""

    path: str
    sha256: str | None
    """Of the bytes on disk; ``None`` where hashing was turned off or there is no file."""
    vantage: str
    packets: int
    bytes: int
    first: int | None
    last: int | None
    truncated: bool
    """It breaks off, or is damaged: what is before that was read."""
    error: str | None
    """At which offset of the decompressed bytes what was expected: why it was not read; if ``truncated``, not on."""
    anomalies: Mapping[str, int] = MappingProxyType({})

    @property
    def was_read(self) -> bool:
        """Whether it is a capture, of which at least the part before some damage was read."""
        return self.error is None or self.truncated


class _Seen(NamedTuple):
    """What stands in a :class:`Sighting`, which has room to remember what it finds in it."""

    captures: tuple[CaptureInfo, ...]
    flows: tuple[Flow, ...]
    """Flows with a BitTorrent observation, in order of first packet; DHT-only ones where they were asked for."""
    activities: tuple[Activity, ...]
    limits_hit: Mapping[str, int]
    totals: Mapping[str, int]
    """What was looked at, counted: ``tcp_flows``, ``udp_flows``, ``one_sided_flows``, ``duplicate_frames`` …"""
    torrents: tuple[SeenTorrent, ...] = ()
    """Torrents whose metadata passed and was verified, or was known beforehand."""
    bindings: tuple[Binding, ...] = ()
    """Which addresses of ours were which devices', as DHCP, ARP and neighbour discovery said."""
    leases: tuple[Lease, ...] = ()
    """What DHCP's messages said, in the order of time."""


class Sighting(_Seen):
    """Everything the engine saw in one run: the facts, before anyone judges them."""

    def seen(self, kind: type[_F]) -> Iterator[tuple[int, Flow, Observation, _F]]:
        """Yield the observations with one kind of fact, each behind its flow and that one's index, before its fact."""
        for index in self._flows_with.get(kind, ()):
            flow = self.flows[index]
            for observation in flow.observations:
                if isinstance(observation.fact, kind):
                    yield index, flow, observation, observation.fact

    @cached_property
    def _flows_with(self) -> Mapping[type[object], Sequence[int]]:
        """Indexes of flows by kind of fact: what few of them show is found without a look at all the others."""
        found: dict[type[object], list[int]] = {}
        for index, flow in enumerate(self.flows):
            for kind in {type(observation.fact) for observation in flow.observations}:
                found.setdefault(kind, []).append(index)
        return found
