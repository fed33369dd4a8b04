"""Who held an address at one moment, found slowly: all statements read again for each question.

Written from the rules as :mod:`auditor.identity.holdings` and :mod:`auditor.identity.join` state them, not from how
they do it. Every clock is exact and every supposition is decided here; what is uncertain is a matter of asking in each
of the worlds that it may be.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.identity import Enrolment, Tenancy, Trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from auditor.model.identity import Asked, Statement


class Who(NamedTuple):
    """What an answer says of a holder."""

    mac: str | None
    user: str | None
    host: str | None
    groups: frozenset[str]
    attributes: frozenset[tuple[str, str]]


def holders(
    statements: Sequence[Statement], asked: Asked, moment: int, shifts: Mapping[str, int], trusts: Mapping[str, Trust]
) -> set[Who]:
    """Return everybody who may have held the address: one is certain, several tie, none is known."""
    true = [
        (tenancy, trusts.get(tenancy.line.source, tenancy.trust))
        for series in _series(statements)
        for tenancy in _true_at(series, moment - shifts.get(series[0].line.source, 0))
    ]
    there = [(t, trust) for t, trust in true if t.vantage in {None, asked.vantage}]
    here = [(t, trust) for t, trust in there if t.vlan is None or t.vlan in asked.vlan]
    address = [(t, 2 * trust + 1) for t, trust in here if t.ip == asked.ip]
    address += _networks(here, asked, {t.line.source for t, _ in address})
    device_there = [(t, trust) for t, trust in there if not asked.vlan or t.vlan is None or t.vlan in asked.vlan]
    return _weigh(address, [(t, 2 * trust + 1) for t, trust in device_there], asked.mac, statements)


def _series(statements: Iterable[Statement]) -> list[list[Tenancy]]:
    found: dict[object, list[Tenancy]] = defaultdict(list)
    for t in statements:
        if isinstance(t, Tenancy):
            key = t.ip or t.network or t.mac or t.duid
            found[t.line.source, t.trust, t.vlan, t.vantage, key].append(t)
    return list(found.values())


def _true_at(series: list[Tenancy], now: int) -> list[Tenancy]:
    """Read one source's statements about one key, up to a moment."""

    def ends_after(t: Tenancy) -> bool:
        return t.end is None or t.end > now

    sure = [t for t in series if not t.supposed]
    if series[0].trust is Trust.LISTED:
        return [t for t in series if t.start <= now and ends_after(t)]
    holding: dict[str | None, tuple[float, list[Tenancy]]] = {}
    for start in sorted({t.start for t in sure if t.start <= now}):
        holding = {holder: kept for holder, kept in holding.items() if kept[0] > start}
        told = [t for t in sure if t.start == start]
        ends: dict[str | None, list[float]] = defaultdict(list)
        for t in told:
            ends[t.mac or t.duid].append(float("inf") if t.end is None else t.end)
        is_session = series[0].trust is Trust.AUTHENTICATED
        end = {holder: _session_end(known) if is_session else min(known) for holder, known in ends.items()}
        begun = {holder for holder in end if end[holder] > start}
        for holder in list(holding):
            if (
                end.get(holder, start + 1) <= start
                or end.get(None, start + 1) <= start
                or (begun and holder not in begun)
            ):
                del holding[holder]
        for holder in begun:
            until, said = holding.get(holder, (None, []))
            if until is not None and is_session:
                end[holder] = _session_end([until, end[holder]])
            new = [t for t in told if (t.mac or t.duid) == holder]
            said = [old for old in said if not any(_conflict(old, t) for t in new)]
            holding[holder] = (end[holder], said + new)
    true = [t for until, said in holding.values() if until > now for t in said]
    supposed = [t for t in series if t.supposed and t.start <= now and ends_after(t)]
    return true + [t for t in supposed if not any(_outdoes(s, t) for s in sure if t.start < s.start <= now)]


def _outdoes(sure: Tenancy, supposed: Tenancy) -> bool:
    return (sure.mac or sure.duid) != (supposed.mac or supposed.duid) or _conflict(sure, supposed)


def _session_end(ends: Iterable[float]) -> float:
    known = [end for end in ends if end != float("inf")]
    return max(known, default=float("inf"))


def _conflict(one: Tenancy, other: Tenancy) -> bool:
    shared = {name for name, _ in one.attributes} & {name for name, _ in other.attributes}
    return bool(
        (one.user and other.user and one.user.lower() != other.user.lower())
        or (one.host and other.host and not _same(one.host, other.host))
        or (one.groups and other.groups and one.groups != other.groups)
        or any(dict(one.attributes)[name] != dict(other.attributes)[name] for name in shared)
    )


def _same(one: str, other: str) -> bool:
    short, long = sorted((one.lower(), other.lower()), key=len)
    return short == long or long.startswith(short + ".")


def _names(t: Tenancy) -> set[str]:
    """Return the names of a statement's device; of a DUID with an address in it, that too, if no MAC is told."""
    derived = t.duid[12:] if t.duid and t.duid.startswith("00:03:00:01:") else None
    return {name for name in (t.mac or derived, t.duid) if name}


def _networks(here: Iterable[tuple[Tenancy, Trust]], asked: Asked, told: set[str]) -> list[tuple[Tenancy, int]]:
    """Return what is said of networks around the address, by sources that say nothing nearer."""
    around = [(t, trust) for t, trust in here if t.network and asked.ip in t.network and t.line.source not in told]
    nearest: dict[str, int] = {}
    for t, _ in around:
        assert t.network
        nearest[t.line.source] = max(nearest.get(t.line.source, 0), t.network.prefixlen)
    return [(t, 2 * trust) for t, trust in around if t.network and t.network.prefixlen == nearest[t.line.source]]


def _weigh(
    address: list[tuple[Tenancy, int]],
    anywhere: list[tuple[Tenancy, int]],
    mac: str | None,
    statements: Sequence[Statement],
) -> set[Who]:
    by_mac = any(t.mac for t, _ in address if t.ip)
    votes = {(t.mac if by_mac else t.duid, height // 2) for t, height in address if t.ip}
    votes = {(device, trust) for device, trust in votes if device}
    best = max((trust for _, trust in votes), default=0)
    devices: set[str | None] = {device for device, trust in votes if trust == best} or {None}
    if mac in devices:
        devices = {mac}
    elif mac in {device for device, _ in votes}:
        devices.add(mac)
    found: set[Who] = set()
    for device in devices:
        own = [(t, height) for t, height in address if _may_be(t, device, by_mac=by_mac)]
        told = {name for t, _ in own for name in (_names(t) if t.mac or not by_mac else {t.duid})}
        names = {name for name in told | {device} if name is not None}
        if device is not None:
            elsewhere = [(t, h) for t, h in anywhere if all(t is not a for a, _ in address)]
            own += [(t, h) for t, h in elsewhere if any(_counts(t, h, name, address) for name in names & _names(t))]
        for user in _best_or_none((t.user.lower(), height) for t, height in own if t.user):
            his = [(t, h) for t, h in own if user is None or t.user is None or t.user.lower() == user]
            longest = sorted({t.host.lower() for t, _ in his if t.host}, key=lambda host: (-len(host), host))
            full = {host: next(each for each in longest if _same(each, host)) for host in longest}
            for host in _best_or_none((full[t.host.lower()], height) for t, height in his if t.host):
                if device is None and user is None and host is not None:
                    all_his = [(t, h) for t, h in his if t.host is None or _same(t.host, host)]
                else:
                    all_his = his
                groups = _best((group, h) for t, h in all_his for group in t.groups)
                attributes = {
                    (name, value)
                    for name in {name for t, _ in all_his for name, _ in t.attributes}
                    for value in _best((v, h) for t, h in all_his for n, v in t.attributes if n == name)
                }
                groups |= _enrolled(user, host, statements)
                shown = device if by_mac or device is None else next(iter(_names_of_duid(device)), None)
                found.add(Who(shown, user, host, frozenset(groups), frozenset(attributes)))
    return found if address else set()


def _names_of_duid(duid: str) -> set[str]:
    return {duid[12:]} if duid.startswith("00:03:00:01:") else set()


def _may_be(t: Tenancy, device: str | None, *, by_mac: bool) -> bool:
    own = t.mac if by_mac else t.duid
    return t.ip is None or own is None or own == device


def _counts(t: Tenancy, height: int, name: str, address: list[tuple[Tenancy, int]]) -> bool:
    """Whether what is said of a device elsewhere is not said otherwise of it here, by the same source."""
    here = [a for a, h in address if a.ip and a.line.source == t.line.source and h == height and name in _names(a)]
    return not any(_conflict(a, t) for a in here)


def _best_or_none(votes: Iterable[tuple[str, int]]) -> set[str | None]:
    return {*_best(votes)} or {None}


def _best(votes: Iterable[tuple[str, int]]) -> set[str]:
    votes = list(votes)
    best = max((height for _, height in votes), default=0)
    return {value for value, height in votes if height == best}


def _enrolled(user: str | None, host: str | None, statements: Iterable[Statement]) -> set[str]:
    enrolments = [s for s in statements if isinstance(s, Enrolment)]
    members = {s.member for s in enrolments if not s.nested}
    if user is not None:
        name = user
    else:
        name = next((each for each in (host or "", (host or "").split(".")[0]) if each in members), "")
    groups = {s.group for s in enrolments if s.member == name and not s.nested}
    while more := {s.group for s in enrolments if s.nested and s.member in groups} - groups:
        groups |= more
    return groups
