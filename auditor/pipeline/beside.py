"""What says nothing by itself, told with the incidents of the host beside which it stands.

A name that was looked up, a torrent asked for over TLS, a port that a gateway opened: they show where to look further.
No incident comes of them, and none is judged by them: they add their flow and their detector to one that is there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

from auditor.model.fact import SUPPORTING, ExternalAddress, SslTorrent, supports
from auditor.pipeline.conduct import IDLE, Holders, inside_ends
from auditor.pipeline.part import Host, host_of, opposite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from auditor.model.capture import Sighting
    from auditor.model.flow import Address, End, Observation
    from auditor.model.incident import Conduct


def stand_beside(
    found: Sequence[Conduct], sighting: Sighting, is_inside: Callable[[Address], bool], holders: Holders
) -> list[Conduct]:
    """Add what supports conducts to them, each to one: of its torrent, or else the host's in the DHT, or else any."""
    supporting = list(_supporting(sighting, is_inside))
    if not supporting:
        return list(found)
    hosts: dict[tuple[str, Address, int], _Conducts] = defaultdict(_Conducts)
    for place, conduct in enumerate(found):
        host = Host(conduct.vantage, conduct.host, conduct.vlan, conduct.mac)
        hosts[host.vantage, host.ip, _at(host, conduct.first, holders)].add(place, conduct)
    beside: dict[int, set[tuple[int, str]]] = defaultdict(set)
    for index, end, seen in supporting:
        host = host_of(sighting.flows[index], end)
        known = hosts.get((host.vantage, host.ip, _at(host, seen.first, holders)))
        nearest = known.find(seen) if known else None
        if nearest is not None:
            beside[nearest].add((index, seen.detector))
    return [_with(conduct, beside[place]) if place in beside else conduct for place, conduct in enumerate(found)]


def _at(host: Host, moment: int, holders: Holders) -> int:
    return holders(host, moment, moment)[0].key


def _supporting(sighting: Sighting, is_inside: Callable[[Address], bool]) -> Iterator[tuple[int, End, Observation]]:
    """Yield what supports others, with the inside end about which it says something."""
    for kind in SUPPORTING:
        for index, flow, seen, fact in sighting.seen(kind):
            end = opposite(seen.end) if isinstance(fact, ExternalAddress) else seen.end
            if supports(fact) and end in inside_ends(flow, is_inside):
                yield index, end, seen


def _with(conduct: Conduct, found: set[tuple[int, str]]) -> Conduct:
    indexes, detectors = zip(*found, strict=True)
    flows = tuple(sorted({*conduct.flows, *indexes}))
    return conduct._replace(flows=flows, beside=tuple(sorted({*conduct.beside, *detectors})))


class _Conducts:
    """One host's conducts."""

    def __init__(self) -> None:
        self._all, self._dht = _Runs(), _Runs()
        self._torrents: dict[bytes, _Runs] = defaultdict(_Runs)

    def add(self, place: int, conduct: Conduct) -> None:
        """Take the next one, in order of their beginnings."""
        self._all.add(place, conduct)
        if conduct.kind == "dht":
            self._dht.add(place, conduct)
        for name in conduct.infohashes.wire if conduct.infohashes else ():
            self._torrents[name.digest].add(place, conduct)

    def find(self, seen: Observation) -> int | None:
        """Return the place of the one that is told with what was seen."""
        runs = [self._dht, self._all]
        if isinstance(seen.fact, SslTorrent) and seen.fact.infohash.wire.digest in self._torrents:
            runs.insert(0, self._torrents[seen.fact.infohash.wire.digest])
        return next((place for each in runs if (place := each.near(seen)) is not None), None)


class _Runs:
    """Conducts in order of their beginnings, and of those begun until each the one that lasts longest."""

    def __init__(self) -> None:
        self._begun: list[tuple[int, int]] = []
        self._longest: list[tuple[int, int]] = []

    def add(self, place: int, conduct: Conduct) -> None:
        self._begun.append((conduct.first, place))
        longest = self._longest[-1] if self._longest else (conduct.last, place)
        self._longest.append((conduct.last, place) if conduct.last > longest[0] else longest)

    def near(self, seen: Observation) -> int | None:
        """Return the place of one that goes on, or was over for no longer than one may be idle; or else of the next."""
        following = bisect_right(self._begun, seen.first, key=lambda begun: begun[0])
        if following:
            last, place = self._longest[following - 1]
            if seen.first - last <= IDLE:
                return place
        if following < len(self._begun):
            first, place = self._begun[following]
            if first - seen.last <= IDLE:
                return place
        return None
