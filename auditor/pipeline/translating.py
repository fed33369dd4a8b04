"""Hosts behind address translation: what was seen of a public endpoint is the inside host's that stood behind it.

A flow that was captured on both sides of the translation is two flows and one talk: its amounts count once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.pipeline.part import Host, host_of, opposite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from auditor.model.capture import Sighting
    from auditor.model.flow import Address, End, Flow
    from auditor.model.identity import Translation
    from auditor.pipeline.part import Part

    Endpoint = tuple[Address, int]
    Behind = Callable[[str, Literal["tcp", "udp"], Endpoint, Endpoint | None, int, int], Sequence[Translation]]
    """Vantage point, transport, public endpoint, remote endpoint if there is just one, first and last moment."""


class _Talk(NamedTuple):
    """What an inside endpoint has with one remote endpoint, on whichever side of the translation it was seen."""

    transport: Literal["tcp", "udp"]
    own: Endpoint
    remote: Endpoint | None
    """``None`` where the part is of many remote endpoints at once."""


class Translating(NamedTuple):
    """What is known of address translation: our public addresses, and who stood behind them."""

    is_egress: Callable[[Address], bool]
    behind: Behind

    def inside_hosts(self, parts: Sequence[Part], sighting: Sighting) -> list[Part]:
        """Return the parts with every public endpoint that stood for one inside endpoint replaced by that.

        Where several inside hosts may have stood behind it, or none is known, the part stays with the public address.
        """
        seen = {_talk(part, sighting): part.host for part in parts if not self.is_egress(part.host.ip)}
        return [self._inside(part, sighting, seen) if self.is_egress(part.host.ip) else part for part in parts]

    def host(self, flow: Flow, end: End) -> Host:
        """Return the host at an end of a flow: the inside one that stood behind it, if there was just one."""
        seen, remote = host_of(flow, end), flow.endpoint(opposite(end))
        if not self.is_egress(seen.ip):
            return seen
        talk = _Talk(flow.transport, (seen.ip, flow.endpoint(end).port), (remote.ip, remote.port))
        found = self._behind(seen, talk, flow.first, flow.last)
        return seen if found is None else found[0]

    def _inside(self, part: Part, sighting: Sighting, seen: Mapping[_Talk, Host]) -> Part:
        talk = _talk(part, sighting)
        found = self._behind(part.host, talk, part.first, part.last)
        if found is None:
            return part
        host, endpoint = found
        return part._replace(host=seen.get(talk._replace(own=endpoint), host), port=endpoint[1], public=talk.own)

    def _behind(self, host: Host, talk: _Talk, first: int, last: int) -> tuple[Host, Endpoint] | None:
        """Return the one inside host, and its endpoint, that stood behind the public end of a talk."""
        found = self.behind(host.vantage, talk.transport, talk.own, talk.remote, first, last)
        if len({each.inside for each in found}) != 1:
            return None
        inside = found[0].inside
        return Host(found[0].vantage or host.vantage, inside[0], vlan=(), mac=None), inside


def count_once(parts: Sequence[Part], sighting: Sighting) -> list[Part]:
    """Return the parts; of one talk seen on both sides of a translation, what saw less stands aside."""
    translated = {_talk(part, sighting) for part in parts if part.public is not None and part.flow is not None}
    if not translated:
        return list(parts)
    views: dict[_Talk, list[Part]] = {}
    found = []
    for part in parts:
        talk = _talk(part, sighting)
        if part.flow is not None and talk in translated:
            views.setdefault(talk, []).append(part)
        else:
            found.append(part)
    for seen in views.values():
        found.extend(_fullest(seen))
    return found


def _fullest(views: Iterable[Part]) -> Iterator[Part]:
    before: list[Part] = []
    behind: list[Part] = []
    for part in views:
        (before if part.public is None else behind).append(part)
    for one, others in ((before, behind), (behind, before)):
        for part in one:
            rivals = [other for other in others if _is_same(part, other)]
            is_less = any(_saw(part) < _saw(other) for other in rivals)
            is_repeat = part.public is not None and any(_saw(part) == _saw(other) for other in rivals)
            yield part._replace(aside=True) if is_less or is_repeat else part


def _is_same(one: Part, other: Part) -> bool:
    return one.kind == other.kind and one.wire == other.wire and one.first <= other.last and other.first <= one.last


def _saw(part: Part) -> tuple[int, int]:
    return part.participation, part.downloaded[0] + part.uploaded[0]


def _talk(part: Part, sighting: Sighting) -> _Talk:
    """Return what a part is of; the flow shows the public endpoint even where the part no longer does."""
    own = (part.host.ip, part.port)
    if part.flow is None:
        return _Talk("udp", own, None)
    flow = sighting.flows[part.flow]
    orig, resp = (flow.orig.ip, flow.orig.port), (flow.resp.ip, flow.resp.port)
    return _Talk(flow.transport, own, resp if (part.public or own) == orig else orig)
