"""Which group a host belongs to: the most specific claim wins, and a tie is never decided by chance."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from auditor.model.attribution import UNATTRIBUTED, Attribution, Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditor.model.flow import Address
    from auditor.written.scalars import Network

T = TypeVar("T")


class Kind(IntEnum):
    """What a claim rests on, least specific first.

    A MAC is a device; a network is where devices are; a VLAN is a wire that several networks may share.
    """

    VLAN = 1
    NETWORK = 2
    MAC = 3


class Claim(NamedTuple):
    """One group's reason to call a host its own."""

    kind: Kind
    length: int
    """The prefix length of a network; 0 for a VLAN or MAC."""
    group: str
    source: str
    """``network 10.20.0.0/16``, ``vlan 30``, ``mac 52:54:…``"""

    @property
    def rank(self) -> tuple[Kind, int]:
        """How specific the claim is: the greatest wins."""
        return self.kind, self.length


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


class Membership:
    """The claims of all groups, ready to be asked for a host."""

    def __init__(self, claims: Iterable[tuple[Network | int | str, str]] = ()) -> None:
        """Take pairs of a network, VLAN id or MAC and the group that claims it."""
        networks: list[tuple[Network, Claim]] = []
        self._vlans: dict[int, tuple[Claim, ...]] = {}
        self._macs: dict[str, tuple[Claim, ...]] = {}
        for what, group in claims:
            if isinstance(what, int):
                claim = Claim(Kind.VLAN, 0, group, f"vlan {what}")
                self._vlans[what] = (*self._vlans.get(what, ()), claim)
            elif isinstance(what, str):
                claim = Claim(Kind.MAC, 0, group, f"mac {what}")
                self._macs[what] = (*self._macs.get(what, ()), claim)
            else:
                claim = Claim(Kind.NETWORK, what.prefixlen, group, f"network {what}")
                networks.append((what, claim))
        self._networks: PrefixMap[Claim] = PrefixMap(networks)

    def attribute(self, host: Address, *, vlan: tuple[int, ...] = (), mac: str | None = None) -> Attribution:
        """Say which group holds ``host``, and which others claim it too.

        ``vlan`` are the tags of its frames, outermost first; each may make a claim. ``mac`` in lower case with colons.
        """
        claims = tuple(self._networks.covering(host))
        if mac is not None:
            claims += self._macs.get(mac, ())
        for tag in vlan:
            claims += self._vlans.get(tag, ())
        return _decide(claims)


@lru_cache(maxsize=4096)
def _decide(claims: tuple[Claim, ...]) -> Attribution:
    """Let the most specific claim win; where claims of several groups are equally specific, none does."""
    if not claims:
        return Attribution(UNATTRIBUTED, "unattributed")
    ranked = sorted(claims, key=lambda claim: (claim.rank, claim.source, claim.group), reverse=True)
    best = ranked[0].rank
    winners = {claim.group for claim in ranked if claim.rank == best}
    tie = len(winners) > 1
    groups: Mapping[str, Claim] = {claim.group: claim for claim in reversed(ranked)}
    candidates = tuple(
        Candidate(group, None, claim.source, _standing(claim, best, tie=tie))
        for group, claim in sorted(groups.items(), key=lambda item: (item[1].rank, item[0]), reverse=True)
    )
    if tie:
        return Attribution(UNATTRIBUTED, "ambiguous", candidates=candidates)
    others = candidates if len(candidates) > 1 else ()
    return Attribution(ranked[0].group, "attributed", source=ranked[0].source, candidates=others)


def _standing(claim: Claim, best: tuple[Kind, int], *, tie: bool) -> str:
    if claim.rank < best:
        return "less specific"
    return "as specific as another group's claim" if tie else "most specific"
