"""A policy ready for use: whose a host is, and what is said of its conduct.

An audit without a policy file comes here too: so nothing is imported that needs pydantic, which takes 0.1 s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.attribution import UNATTRIBUTED, UNKNOWN, Attribution
from auditor.model.incident import Conduct, Infohashes, Judgement
from auditor.model.scale import People, Severity, Verdict
from auditor.policy.catalogue import Catalogue
from auditor.policy.membership import Claim, Membership, PrefixMap
from auditor.policy.private import PRIVATE_NETWORKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

    from auditor.model.flow import Address
    from auditor.model.identity import Holder
    from auditor.model.infohash import Infohash
    from auditor.policy import schema
    from auditor.policy.membership import Weighed
    from auditor.policy.selectors import Match, Selector
    from auditor.written.scalars import Network
    from auditor.written.source import Loc

_SEVERITY = {Verdict.ALLOW: Severity.INFO, Verdict.NOTICE: Severity.LOW, Verdict.VIOLATION: Severity.HIGH}
"""How grave a verdict is where the policy does not say."""


class Rule(NamedTuple):
    """One rule, ready to be compared with a conduct."""

    id: str
    selectors: tuple[Selector, ...]
    judgement: Judgement
    line: int = 0
    """Where it stands in the policy's file."""


def match(rule: Rule, conduct: Conduct, attribution: Attribution) -> tuple[Match, ...]:
    """Compare a conduct with every selector of a rule; the rule matches where all of them do."""
    return tuple(selector.test(conduct, attribution) for selector in rule.selectors)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that a policy file says, ready for use."""

    name: str
    sha256: str | None
    """Of the file, and of the files its lists point at; ``None`` where there is no policy."""
    purpose: str
    people: People
    timezone: tzinfo
    vlan_in_key: bool
    groups: tuple[str, ...]
    inside_networks: tuple[Network, ...]
    """Declared, or private where none are, and those of the groups."""
    egress_networks: tuple[Network, ...]
    rules: tuple[Rule, ...]
    defaults: Mapping[str, Judgement]
    catalogue: Catalogue
    membership: Membership
    _ours: PrefixMap[None] = field(init=False, repr=False, compare=False)
    _egress: PrefixMap[None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ours = dict.fromkeys((*self.inside_networks, *self.egress_networks))
        object.__setattr__(self, "_ours", PrefixMap(ours.items()))
        object.__setattr__(self, "_egress", PrefixMap(dict.fromkeys(self.egress_networks).items()))

    @classmethod
    def none(cls) -> Policy:
        """Return what holds without a policy: private networks are inside, nobody is known, all is a notice."""
        default = Judgement(Verdict.NOTICE, None, Severity.INFO, "no policy was given")
        return cls(
            name="none",
            sha256=None,
            purpose="none was given",
            people=People.PSEUDONYM,
            timezone=UTC,
            vlan_in_key=True,
            groups=(UNATTRIBUTED, UNKNOWN),
            inside_networks=PRIVATE_NETWORKS,
            egress_networks=(),
            rules=(),
            defaults={UNATTRIBUTED: default, UNKNOWN: default},
            catalogue=Catalogue(),
            membership=Membership(),
        )

    @classmethod
    def compile(
        cls,
        written: schema.PolicyFile,
        catalogue: Catalogue,
        *,
        name: str,
        sha256: str,
        line_of: Callable[[Loc], int] = lambda _: 0,
    ) -> Policy:
        """Make a checked policy file ready for use; ``name`` stands in where it has none."""
        networks = [network for group in written.groups for network in group.networks]
        parents = {group.name: group.within for group in written.groups if group.within is not None}
        return cls(
            name=written.name or name,
            sha256=sha256,
            purpose=written.purpose,
            people=written.people,
            timezone=written.timezone,
            vlan_in_key=written.vlan_in_key,
            groups=tuple(group.name for group in written.groups),
            inside_networks=tuple(dict.fromkeys((*written.inside, *networks))),
            egress_networks=written.egress,
            rules=tuple(
                _rule(rule, written, catalogue, line_of(("rules", index))) for index, rule in enumerate(written.rules)
            ),
            defaults={group.name: _judgement(group.default, None) for group in written.groups},
            catalogue=catalogue,
            membership=Membership(_claims(written, line_of), parents),
        )

    def is_inside(self, address: Address) -> bool:
        """Whether an address is ours: inside or egress."""
        return address in self._ours

    def is_egress(self, address: Address) -> bool:
        """Whether an address is one of our public ones, as the internet sees them behind NAT."""
        return address in self._egress

    def attribute(
        self, host: Address, *, vlan: tuple[int, ...] = (), mac: str | None = None, holder: Holder | None = None
    ) -> Attribution:
        """Say which group holds ``host``: see :class:`Membership`. One that is not ours is ``unknown``."""
        if not self.is_inside(host):
            return _OUTSIDE
        return self.membership.attribute(host, vlan=vlan, mac=mac, holder=holder)

    def weigh(
        self, host: Address, *, vlan: tuple[int, ...] = (), mac: str | None = None, holder: Holder | None = None
    ) -> tuple[Weighed, ...]:
        """Return every claim of a group to ``host``, the most specific first, and why it won, tied or lost.

        A claim says what the policy writes, which may name a person or a device.
        """
        if not self.is_inside(host):
            return ()
        return self.membership.weigh(host, vlan=vlan, mac=mac, holder=holder)

    def judge(self, conduct: Conduct, attribution: Attribution) -> Judgement:
        """Return what the first matching rule says, else the default of the group."""
        for rule in self.rules:
            if all(selector.test(conduct, attribution).matched for selector in rule.selectors):
                return rule.judgement
        # A group that only an identity source knows has no default of its own.
        return self.defaults.get(attribution.group) or self.defaults[UNATTRIBUTED]

    def name_of(self, infohashes: Infohashes | None) -> str | None:
        """Return the name under which a list knows the torrent."""
        return None if infohashes is None else self.catalogue.name_of(infohashes)

    @property
    def known_torrents(self) -> tuple[bytes, ...]:
        """The info dicts of the .torrent files that stand in its lists."""
        return self.catalogue.infos

    def resolve(self, wire: Infohash) -> tuple[Infohash | None, Infohash | None]:
        """Return the full v1 and v2 infohashes that the lists know for what was read on the wire."""
        return self.catalogue.resolve(wire)


_OUTSIDE = Attribution(UNKNOWN, "unattributed")


def _claims(written: schema.PolicyFile, line_of: Callable[[Loc], int]) -> Iterator[Claim]:
    """Yield what each group claims, with the line that says so."""
    for index, group in enumerate(written.groups):
        for field_name in ("networks", "vlans", "macs", "hosts", "users", "directory_groups"):
            for place, what in enumerate(getattr(group, field_name)):
                yield Claim(field_name, what, group.name, line=line_of(("groups", index, field_name, place)))
        for name, values in group.attributes.items():
            for place, value in enumerate(values):
                line = line_of(("groups", index, "attributes", name, place))
                yield Claim("attributes", value, group.name, name, line)


def _rule(rule: schema.Rule, written: schema.PolicyFile, catalogue: Catalogue, line: int) -> Rule:
    from auditor.policy.selectors import GroupSelector, compile_selectors  # noqa: PLC0415 - start-up without a policy

    group = () if rule.group is None else (GroupSelector(rule.group, written.parts_of(rule.group)),)
    selectors = compile_selectors(rule, written.timezone, catalogue.members)
    return Rule(rule.id, (*group, *selectors), _judgement(rule, rule.id), line)


def _judgement(outcome: schema.Outcome, rule: str | None) -> Judgement:
    severity = _SEVERITY[outcome.verdict] if outcome.severity is None else outcome.severity
    return Judgement(outcome.verdict, rule, severity, outcome.reason)
