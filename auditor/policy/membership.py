"""Which group a host belongs to: the most specific claim wins, and a tie is never decided by chance.

A claim rests on who is at the device, then on which device it is, then on what a directory or a log-in says of either,
then on the network, then on the VLAN. A group within another is a part of it: its claim goes before the other's,
whatever either rests on, and only groups that are not within each other compete.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from auditor.model.attribution import UNATTRIBUTED, Attribution, Candidate
from auditor.policy.patterns import EXACT, Pattern, PatternMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.model.flow import Address
    from auditor.model.identity import Holder
    from auditor.written.scalars import Network

T = TypeVar("T")

_REMEMBERED = 1 << 16


class Kind(IntEnum):
    """What a claim rests on, least specific first.

    A network is where devices are; a VLAN is a wire that several networks may share.
    """

    VLAN = 1
    NETWORK = 2
    DIRECTORY = 3
    """A directory group, or an attribute of a log-in."""
    DEVICE = 4
    """A MAC or a host name."""
    USER = 5


_KINDS = {
    "vlans": Kind.VLAN,
    "networks": Kind.NETWORK,
    "directory_groups": Kind.DIRECTORY,
    "attributes": Kind.DIRECTORY,
    "macs": Kind.DEVICE,
    "hosts": Kind.DEVICE,
    "users": Kind.USER,
}
_NAMELESS = {"macs": "mac", "hosts": "host name", "users": "user", "directory_groups": "directory group"}
"""What says whose a host is goes into every result, so it tells which group's members are meant, never which member."""


class Claim(NamedTuple):
    """One group's reason to call a host its own."""

    key: str
    """The key of the group that has it: ``networks``, ``users`` …"""
    what: Network | int | str | Pattern
    """What the policy says there. It may name a person: it is for ``explain`` alone."""
    group: str
    attribute: str
    """Which attribute of a log-in ``what`` is about."""
    line: int
    """Where the policy says it, in its file."""
    rank: tuple[Kind, int]
    """How specific the claim is: the greatest wins. A longer prefix goes first, and so does a longer pattern."""
    source: str
    """What it rests on, in words that name nobody: ``network 10.20.0.0/16``, ``mac of group employees``."""

    @classmethod
    def of(cls, key: str, what: Network | int | str | Pattern, group: str, attribute: str = "", line: int = 0) -> Claim:
        """Make a claim of what a group says under ``key``."""
        if isinstance(what, Pattern):
            detail = what.weight
        elif isinstance(what, int):
            detail = 0
        else:
            detail = EXACT if isinstance(what, str) else what.prefixlen
        if key in _NAMELESS:
            source = f"{_NAMELESS[key]} of group {group}"
        else:
            source = f"attribute {attribute} of group {group}" if attribute else f"{key.removesuffix('s')} {what}"
        return cls(key, what, group, attribute, line, (_KINDS[key], detail), source)


class Weighed(NamedTuple):
    """A claim, and what became of it."""

    claim: Claim
    standing: str
    """Why it won, tied or lost: ``most specific``."""


class PrefixMap(Generic[T]):
    """Values by network: a dictionary for each prefix length, so that a look-up is a probe for each length."""

    def __init__(self, items: Iterable[tuple[Network, T]] = ()) -> None:
        tables: dict[tuple[int, int], dict[int, tuple[T, ...]]] = {}
        for network, value in items:
            shift = network.max_prefixlen - network.prefixlen
            table = tables.setdefault((network.version, shift), {})
            key = int(network.network_address) >> shift
            table[key] = (*table.get(key, ()), value)
        self._tables = {
            version: [(shift, table) for (of, shift), table in sorted(tables.items()) if of == version]
            for version in (4, 6)
        }

    def covering(self, address: Address) -> Iterator[T]:
        """Yield the values of every network that holds ``address``, longest prefix first."""
        number = int(address)
        for shift, table in self._tables[address.version]:
            yield from table.get(number >> shift, ())

    def __contains__(self, address: Address) -> bool:
        number = int(address)
        for shift, table in self._tables[address.version]:  # noqa: SIM110 - any() of a generator takes twice as long
            if number >> shift in table:
                return True
        return False


def outermost(networks: Iterable[Network]) -> list[Network]:
    """Leave out what lies within another of the networks; return the others in order."""
    ordered = sorted(set(networks), key=lambda n: (n.version, int(n.network_address), n.prefixlen))
    kept: list[Network] = []
    for network in ordered:
        if not (kept and kept[-1].version == network.version and network.network_address in kept[-1]):
            kept.append(network)
    return kept


class Membership:
    """The claims of all groups, ready to be asked for a host."""

    def __init__(self, claims: Iterable[Claim] = (), parents: Mapping[str, str] | None = None) -> None:
        """Take what the groups claim, and which group each is ``within``: acyclic."""
        parents = parents or {}
        self._claims = tuple(claims)
        self._above = {group: tuple(_above(group, parents)) for group in {c.group for c in self._claims}}
        self._decided: dict[tuple[int, ...], Attribution] = {}
        self._vlans: dict[int, tuple[int, ...]] = {}
        self._macs: dict[str, tuple[int, ...]] = {}
        networks: list[tuple[Network, int]] = []
        names: dict[tuple[str, str], list[tuple[Pattern, int]]] = {}
        for place, claim in enumerate(self._claims):
            if isinstance(claim.what, int):
                self._vlans[claim.what] = (*self._vlans.get(claim.what, ()), place)
            elif isinstance(claim.what, str):
                self._macs[claim.what] = (*self._macs.get(claim.what, ()), place)
            elif isinstance(claim.what, Pattern):
                names.setdefault((claim.key, claim.attribute.lower()), []).append((claim.what, place))
            else:
                networks.append((claim.what, place))
        self._networks: PrefixMap[int] = PrefixMap(networks)
        self._users = PatternMap(names.pop(("users", ""), ()))
        self._hosts = PatternMap(names.pop(("hosts", ""), ()))
        self._directory = PatternMap(names.pop(("directory_groups", ""), ()))
        self._attributes = {name: PatternMap(patterns) for (_, name), patterns in names.items()}

    def attribute(
        self, host: Address, *, vlan: tuple[int, ...] = (), mac: str | None = None, holder: Holder | None = None
    ) -> Attribution:
        """Say which group holds ``host``, and which others claim it too.

        ``vlan`` are the tags of its frames, outermost first; each may make a claim. ``mac`` is that of its frames, in
        lower case with colons. ``holder`` is who held it, as identity sources tell.
        """
        found = self._find(host, vlan, mac, holder)
        known = self._decided.get(found)
        if known is None:
            if len(self._decided) >= _REMEMBERED:
                self._decided.clear()
            known = self._decided[found] = self._decide([self._claims[place] for place in found])
        return known

    def weigh(
        self, host: Address, *, vlan: tuple[int, ...] = (), mac: str | None = None, holder: Holder | None = None
    ) -> tuple[Weighed, ...]:
        """Return every claim to ``host``, the most specific first, and what became of it."""
        claims = [self._claims[place] for place in self._find(host, vlan, mac, holder)]
        claims.sort(key=lambda claim: (claim.rank, claim.source, claim.line), reverse=True)
        verdict = self._settle(claims)
        return tuple(Weighed(claim, self._standing(claim, verdict)) for claim in claims)

    def _find(self, host: Address, vlan: tuple[int, ...], mac: str | None, holder: Holder | None) -> tuple[int, ...]:
        """Return the places of all claims to a host, each once."""
        found = list(self._networks.covering(host))
        for tag in vlan:
            found += self._vlans.get(tag, ())
        if mac is not None:
            found += self._macs.get(mac, ())
        if holder is not None:
            if holder.mac is not None and holder.mac != mac:
                found += self._macs.get(holder.mac, ())
            if holder.host is not None and self._hosts:
                found += self._hosts.matching(holder.host)
            if holder.user is not None and self._users:
                found += self._users.matching(holder.user)
            for group in holder.groups if self._directory else ():
                found += self._directory.matching(group)
            for name, value in holder.attributes if self._attributes else ():
                if (patterns := self._attributes.get(name.lower())) is not None:
                    found += patterns.matching(value)
        return tuple(dict.fromkeys(found))

    def _settle(self, claims: Sequence[Claim]) -> _Verdict:
        """Let the most specific claim win, then that of a group within its group, as far down as one claims the host.

        Where claims of several groups are equally specific, and none of the groups is within all the others, none wins.
        """
        first, contenders = None, claims
        while contenders:
            best = max(claim.rank for claim in contenders)
            groups = {claim.group for claim in contenders if claim.rank == best}
            inner = [group for group in groups if groups <= {group, *self._above[group]}]
            if not inner:
                return _Verdict(None, first, frozenset(groups), best)
            first = first or inner[0]
            winner = inner[0]
            contenders = [claim for claim in claims if winner in self._above[claim.group]]
            if not contenders:
                return _Verdict(winner, first, frozenset(), max(claim.rank for claim in claims))
        return _Verdict(None, None, frozenset(), None)

    def _standing(self, claim: Claim, verdict: _Verdict) -> str:
        if claim.group in verdict.tied:
            return "as specific as another group's claim" if claim.rank == verdict.best else "less specific"
        if claim.group == verdict.winner:
            if claim.rank == verdict.best:
                return "most specific"
            return "less specific" if verdict.first == verdict.winner else f"within group {verdict.first}, which wins"
        if verdict.winner is not None and verdict.winner in self._above and claim.group in self._above[verdict.winner]:
            return f"group {verdict.winner} within it goes first"
        return "less specific"

    def _decide(self, claims: list[Claim]) -> Attribution:
        claims.sort(key=lambda claim: (claim.rank, claim.source, claim.group), reverse=True)
        if not claims:
            return Attribution(UNATTRIBUTED, "unattributed")
        verdict = self._settle(claims)
        best: dict[str, Claim] = {claim.group: claim for claim in reversed(claims)}
        above = () if verdict.winner is None else self._above[verdict.winner]
        rivals = sorted(
            (c for c in best.values() if c.group not in above), key=lambda c: (c.rank, c.group), reverse=True
        )
        candidates = tuple(Candidate(c.group, None, c.source, self._standing(c, verdict)) for c in rivals)
        if verdict.winner is None:
            return Attribution(UNATTRIBUTED, "ambiguous", candidates=candidates)
        others = candidates if len(candidates) > 1 else ()
        return Attribution(verdict.winner, "attributed", source=best[verdict.winner].source, candidates=others)


class _Verdict(NamedTuple):
    """Which group won, or which ones tied."""

    winner: str | None
    first: str | None
    """The group whose claim was the most specific of all: the winner, or one that it is within."""
    tied: frozenset[str]
    best: tuple[Kind, int] | None
    """The rank of the claim that decided, or of those that tied."""


def _above(group: str, parents: Mapping[str, str]) -> Iterator[str]:
    """Yield the groups that a group is within, the innermost first."""
    while (parent := parents.get(group)) is not None:
        yield parent
        group = parent
