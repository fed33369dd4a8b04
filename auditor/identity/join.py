"""From what sources say of an address at one moment to its holder: a step at a time, each won by the most trusted.

The steps: which device had the address; who was at the device or logged in from the address; which host name; groups
and attributes. In each step the trust of the statement decides (:class:`auditor.model.identity.Trust`); at equal trust
a statement about the address or the device goes before one about a network. Different values at the same height tie;
equal ones are one. A statement that names another device or another person than the one that won has no say in the
steps behind. Of one source the narrowest statement counts: about the address before about a network around it, and
about the address and its device before what cannot be true beside it and is about the device elsewhere.

What a clock (or the source itself) leaves uncertain never wins: it stands beside what is sure, or alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from auditor.identity.facts import Facts, contradict, duid_key, mac_of_duid, names_of, same_host
from auditor.model.identity import Holder, Offset, SourceLine, Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from auditor.model.attribution import Status

MAX_CLAIMS = 64
"""Statements that are weighed at one moment. Where more overlap, nobody is named."""
MAX_HOLDERS = 16
MAX_LINES = 32

_WORDS = {
    Trust.LISTED: "list",
    Trust.NEIGHBOUR: "neighbour table",
    Trust.LEASED: "dhcp lease",
    Trust.SEEN: "dhcp answer in the capture",
    Trust.AUTHENTICATED: "log-in",
}
_CERTAINTY = {"unknown": 0, "declared": 1, "measured": 2}


class Claim(NamedTuple):
    """One statement that may hold at the moment in question."""

    about: Literal["address", "device", "network"]
    trust: Trust
    sure: bool
    """Whether it holds by every clock that its source may have had."""
    facts: Facts
    lines: tuple[SourceLine, ...]
    clock: Offset
    prefix: int = 0
    """Of a network, how long its prefix is."""
    via: str = ""
    """Of a device, by which of its names it was found."""


class Answer(NamedTuple):
    """Who held the address at one moment."""

    status: Status
    holders: tuple[Holder, ...] = ()
    clock: Offset | None = None


NOBODY = Answer("unattributed")
Enrolled = Mapping[str, SourceLine]
"""Directory groups, each with the line that says so."""


class _Candidate(NamedTuple):
    holder: Holder
    sure: bool
    support: tuple[Claim, ...]


class _Person(NamedTuple):
    """What the steps before gave: a device, a user, a host name, as far as there are any, and whether for sure."""

    device: str | None
    user: str | None
    host: str | None
    sure: bool


def answer(claims: Sequence[Claim], mac: str | None, enrolled: Callable[[str | None, str | None], Enrolled]) -> Answer:
    """Return who held an address of which ``claims`` are made, and whose frames bore ``mac``."""
    if len(claims) == 1 and claims[0].about == "address":
        return _alone(claims[0], mac, enrolled)
    claims, outdone = _of_use(sorted(claims, key=_in_order))
    if not any(claim.about != "device" for claim in claims):
        return NOBODY
    if len(claims) > MAX_CLAIMS:
        return Answer("ambiguous")
    has_macs = any(claim.about == "address" and claim.facts.mac for claim in claims)
    candidates: list[_Candidate] = []
    weighed: list[Claim] = []
    for device, is_sure in _devices(claims, mac, has_macs=has_macs).items():
        aliases = _aliases(claims, device, has_macs=has_macs)
        told = [claim for claim in claims if _speaks_of(claim, device, aliases, has_macs=has_macs)]
        weighed += told
        candidates += [_candidate(person, told, enrolled) for person in _persons(told, device, is_sure=is_sure)]
    del candidates[MAX_HOLDERS:]
    is_attributed = len(candidates) == 1 and candidates[0].sure
    winners = [_standing(candidate, len(candidates), is_sure=candidate.sure) for candidate in candidates]
    backed = {claim for candidate in candidates for claim in candidate.support}
    rest = [claim for claim in claims if claim not in backed and (claim.about != "device" or claim in weighed)]
    losers = [*_losers(rest, "less trusted"), *_losers(outdone, "said of the device elsewhere")]
    del losers[MAX_HOLDERS - len(winners) :]
    clock = _clock(backed)
    return Answer("attributed" if is_attributed else "ambiguous", (*winners, *losers), clock)


def _alone(claim: Claim, mac: str | None, enrolled: Callable[[str | None, str | None], Enrolled]) -> Answer:
    """Take all steps at once where there is one statement, as there nearly always is."""
    facts = claim.facts
    is_confirmed = mac is not None and mac == facts.mac and not facts.is_of_person
    is_sure = claim.sure or is_confirmed
    directory = enrolled(facts.user, facts.host)
    word = _WORDS[claim.trust]
    holder = Holder(
        claim.trust,
        tuple(dict.fromkeys([*claim.lines, *sorted(directory.values())]))[:MAX_LINES],
        facts.mac or (mac_of_duid(facts.duid) if facts.duid else None),
        facts.duid,
        facts.host,
        facts.user,
        tuple(sorted({*facts.groups, *directory})),
        tuple(sorted(set(facts.attributes))),
        f"most trusted: {word}" if is_sure else f"uncertain in time: {word}",
    )
    return Answer("attributed" if is_sure else "ambiguous", (holder,), claim.clock)


def _in_order(claim: Claim) -> tuple[object, ...]:
    """Sort what is said of the address first, then of its device, then of networks; the most trusted before others."""
    return (claim.about, -claim.trust, claim.lines, claim.via, not claim.sure)


def _of_use(claims: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Leave out what is said of a device elsewhere and is said here too.

    Return it apart where the same source says otherwise here.
    """
    here = [claim for claim in claims if claim.about == "address" and claim.sure]
    said = {(claim.facts, claim.trust) for claim in here}
    kept = [claim for claim in claims if claim.about != "device"]
    outdone: list[Claim] = []
    for claim in claims:
        if claim.about == "device" and (claim.facts, claim.trust) not in said:
            (outdone if any(_outdoes(each, claim) for each in here) else kept).append(claim)
    return _longest_prefix(kept), outdone


def _outdoes(here: Claim, elsewhere: Claim) -> bool:
    """Whether a source says of a device at this address what cannot be true beside what it says of it elsewhere."""
    is_one = here.lines[0].source == elsewhere.lines[0].source and here.trust == elsewhere.trust
    return is_one and elsewhere.via in names_of(here.facts) and contradict(here.facts, elsewhere.facts)


def _longest_prefix(claims: Sequence[Claim]) -> list[Claim]:
    """Of what one source says, leave the narrowest: the address itself before a network, a network before a wider."""
    kept = [claim for claim in claims if claim.about != "network"]
    narrower = {(c.lines[0].source, c.sure) for c in kept if c.about == "address"}
    networks = [claim for claim in claims if claim.about == "network"]
    for prefix in sorted({claim.prefix for claim in networks}, reverse=True):
        level = [claim for claim in networks if claim.prefix == prefix]
        passed = [claim for claim in level if (claim.lines[0].source, True) not in narrower]
        kept += [claim._replace(sure=claim.sure and (claim.lines[0].source, False) not in narrower) for claim in passed]
        narrower |= {(claim.lines[0].source, claim.sure) for claim in level}
    return kept


def _contest(votes: Iterable[tuple[str, int, bool]]) -> dict[str, bool]:
    """Return the values that nothing surer outdoes, each with whether it is sure.

    A vote is a value, its height, and whether it is sure.
    """
    votes = list(votes)
    floor = max((height for _, height, sure in votes if sure), default=0)
    top: dict[str, bool] = {}
    for value, height, sure in votes:
        if height >= floor:
            top[value] = top.get(value, False) or sure
    return top


def _device(facts: Facts, *, has_macs: bool) -> str | None:
    """Name the device of a statement: by MAC where any statement of the address knows one."""
    if has_macs:
        return facts.mac
    return None if facts.duid is None else duid_key(facts.duid)


def _devices(claims: Sequence[Claim], mac: str | None, *, has_macs: bool) -> Mapping[str | None, bool]:
    """Return the devices that may have had the address, each with whether it is sure."""
    named = [(_device(c.facts, has_macs=has_macs), int(c.trust), c.sure) for c in claims if c.about == "address"]
    votes = [(device, height, sure) for device, height, sure in named if device is not None]
    if not votes:
        return {None: True}
    top = _contest(votes)
    if mac in top:
        return {mac: True}  # the frames themselves tell the candidates apart
    if mac is not None and any(mac == device for device, _, _ in votes):
        top[mac] = False  # the less trusted one is right, or a router answers for the address
    return {device: top[device] for device in sorted(top)}


def _aliases(claims: Sequence[Claim], device: str | None, *, has_macs: bool) -> frozenset[str]:
    """Return by which names statements of a device are its own."""
    if device is None:
        return frozenset()
    names = {device}
    for claim in claims:
        if claim.about == "address" and _device(claim.facts, has_macs=has_macs) in {None, device}:
            facts = claim.facts
            names.update(name for name in names_of(facts) if facts.mac or not has_macs or name.startswith("duid:"))
    return frozenset(names)


def _speaks_of(claim: Claim, device: str | None, aliases: frozenset[str], *, has_macs: bool) -> bool:
    if claim.about == "device":
        return claim.via in aliases
    return claim.about == "network" or _device(claim.facts, has_macs=has_macs) in {None, device}


def _height(claim: Claim) -> int:
    return 2 * claim.trust + (claim.about != "network")


def _persons(told: Sequence[Claim], device: str | None, *, is_sure: bool) -> Iterable[_Person]:
    """Take the steps to the user and the host name."""
    nothing: list[tuple[str | None, bool]] = [(None, True)]
    users = _contest((c.facts.user.casefold(), _height(c), c.sure) for c in told if c.facts.user)
    for user, is_user_sure in sorted(users.items()) or nothing:
        hosts = _hosts([claim for claim in told if _is_of(claim, user)])
        for host, is_host_sure in sorted(hosts.items()) or nothing:
            yield _Person(device, user, host, is_sure and is_user_sure and is_host_sure)


def _hosts(told: Sequence[Claim]) -> dict[str, bool]:
    """Return the host names that nothing surer outdoes; a name with its domain stands for the one without."""
    named = [(c.facts.host.casefold().rstrip("."), _height(c), c.sure) for c in told if c.facts.host]
    full: list[str] = []
    for name in sorted({name for name, _, _ in named}, key=lambda name: (-len(name), name)):
        if not any(same_host(name, other) for other in full):
            full.append(name)
    alias = {name: next(each for each in full if same_host(name, each)) for name, _, _ in named}
    return _contest((alias[name], height, sure) for name, height, sure in named)


def _is_of(claim: Claim, user: str | None) -> bool:
    return claim.facts.user is None or user is None or claim.facts.user.casefold() == user


def _candidate(
    person: _Person, told: Sequence[Claim], enrolled: Callable[[str | None, str | None], Enrolled]
) -> _Candidate:
    """Put a holder together of all that speaks of it."""
    is_name_all = person.device is None and person.user is None and person.host is not None
    support = tuple(
        claim
        for claim in told
        if _is_of(claim, person.user)
        and not (is_name_all and claim.facts.host and not same_host(claim.facts.host, person.host or ""))
    )
    groups, are_groups_sure = _groups(support)
    attributes, are_attributes_sure = _attributes(support)
    user = min((claim.facts.user for claim in support if claim.facts.user), default=None)
    hosts = [c.facts.host for c in support if c.facts.host and same_host(c.facts.host, person.host or "")]
    host = min(hosts, key=lambda name: (-len(name), name), default=None)
    directory = enrolled(user, host)
    own = [claim for claim in support if claim.about == "address"] or [c for c in support if c.about == "network"]
    is_held = any(claim.sure for claim in own)
    trust = max((claim.trust for claim in own if claim.sure or not is_held), default=Trust.LISTED)
    duid = next((claim.facts.duid for claim in own if claim.facts.duid), None)
    lines = dict.fromkeys([line for claim in support for line in claim.lines] + sorted(directory.values()))
    holder = Holder(
        trust,
        tuple(lines)[:MAX_LINES],
        mac=_mac(person.device),
        duid=duid,
        host=host,
        user=user,
        groups=tuple(sorted({*groups, *directory})),
        attributes=attributes,
    )
    is_confirmed = person.device is not None and person.sure
    is_sure = person.sure and (is_held or is_confirmed) and are_groups_sure and are_attributes_sure
    return _Candidate(holder, is_sure, support)


def _mac(device: str | None) -> str | None:
    if device is None:
        return None
    return mac_of_duid(device.removeprefix("duid:")) if device.startswith("duid:") else device


def _groups(support: Sequence[Claim]) -> tuple[frozenset[str], bool]:
    """Return the groups that the most trusted statements name, and whether all are sure."""
    top = _contest((group, _height(claim), claim.sure) for claim in support for group in claim.facts.groups)
    return frozenset(top), all(top.values())


def _attributes(support: Sequence[Claim]) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return the values that the most trusted statements give each attribute, and whether all are sure."""
    found: list[tuple[str, str]] = []
    is_sure = True
    for name in sorted({name for claim in support for name, _ in claim.facts.attributes}):
        top = _contest(
            (value, _height(claim), claim.sure)
            for claim in support
            for known, value in claim.facts.attributes
            if known == name
        )
        found += [(name, value) for value in sorted(top)]
        is_sure = is_sure and all(top.values())
    return tuple(found), is_sure


def _standing(candidate: _Candidate, count: int, *, is_sure: bool) -> Holder:
    word = _WORDS[candidate.holder.trust]
    if count > 1:
        return candidate.holder._replace(standing=f"tied: {word}")
    return candidate.holder._replace(standing=f"most trusted: {word}" if is_sure else f"uncertain in time: {word}")


def _losers(claims: Sequence[Claim], why: str) -> list[Holder]:
    """Say who else was named, in order of trust, each once."""
    lines: dict[tuple[Facts, Trust], dict[SourceLine, None]] = {}
    for claim in claims:
        lines.setdefault((claim.facts, claim.trust), {}).update(dict.fromkeys(claim.lines))
    return [
        Holder(trust, tuple(sorted(said))[:MAX_LINES], *facts, standing=f"{why}: {_WORDS[trust]}")
        for (facts, trust), said in lines.items()
    ]


def _clock(claims: Iterable[Claim]) -> Offset | None:
    """Return the least certain clock that an answer rests on; of lists only where there is nothing else."""
    claims = list(claims)
    events = [claim for claim in claims if claim.trust is not Trust.LISTED] or claims
    clocks = {claim.clock for claim in events}
    return min(clocks, key=lambda clock: (_CERTAINTY[clock.basis], -clock.margin, clock), default=None)
