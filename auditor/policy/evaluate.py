"""A policy ready for use: whose a host is, and what is said of its conduct.

An audit without a policy file comes here too: so nothing is imported that needs pydantic, which takes 0.1 s.
"""

from __future__ import annotations

from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.attribution import UNATTRIBUTED, UNKNOWN, Attribution
from auditor.model.incident import Conduct, Infohashes, Judgement
from auditor.model.scale import People, Severity, Verdict
from auditor.policy.catalogue import Catalogue
from auditor.policy.history import History
from auditor.policy.membership import Claim, Membership, PrefixMap, outermost
from auditor.policy.private import PRIVATE_NETWORKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

    from auditor.model.flow import Address
    from auditor.model.identity import Holder
    from auditor.model.infohash import Infohash
    from auditor.policy import schema
    from auditor.policy.dispatch import Dispatch
    from auditor.policy.history import Before
    from auditor.policy.membership import Weighed
    from auditor.policy.promises import Announced, Retention
    from auditor.policy.rule import Rule
    from auditor.policy.selectors import Match
    from auditor.written.scalars import Network
    from auditor.written.source import Loc


class Explained(NamedTuple):
    """A rule or an exception, and what each of its selectors says of a conduct."""

    rule: Rule
    matches: tuple[Match, ...]

    @property
    def matched(self) -> bool:
        """Whether all of them match."""
        return all(each.matched for each in self.matches)

    def has_lapsed(self, conduct: Conduct) -> bool:
        """Whether it is an exception that would have matched, had it not ended."""
        rest = (each.matched for each in self.matches if each.selector not in {"valid", "often"})
        return not self.matched and self.rule.has_lapsed(conduct) and all(rest)


class Explanation(NamedTuple):
    """Why a conduct was judged as it was: every exception and rule from top to bottom, matching or not."""

    rules: tuple[Explained, ...]
    judgement: Judgement
    """That of the first that matches, else the default of the group."""


class _Said(NamedTuple):
    """What stands in a :class:`Policy`, which has room for what it makes of it."""

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
    exceptions: tuple[Rule, ...]
    """They are asked before the rules."""
    rules: tuple[Rule, ...]
    defaults: Mapping[str, Judgement]
    catalogue: Catalogue
    membership: Membership
    announced: Announced | None = None
    """Where and when people were told; a sensor asks for it."""
    retention: Retention | None = None
    """For how long records are kept; a sensor asks for it."""


class Policy(_Said):
    """Everything that a policy file says, ready for use."""

    @cached_property
    def _ours(self) -> PrefixMap[None]:
        return PrefixMap((network, None) for network in outermost((*self.inside_networks, *self.egress_networks)))

    @cached_property
    def _egress(self) -> PrefixMap[None]:
        return PrefixMap(dict.fromkeys(self.egress_networks).items())

    @cached_property
    def _dispatch(self) -> Dispatch | None:
        rules = (*self.exceptions, *self.rules)
        if not rules:
            return None
        from auditor.policy.dispatch import Dispatch  # noqa: PLC0415 - start-up without a policy

        return Dispatch(rules, self.catalogue)

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
            exceptions=(),
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
        from auditor.policy import promises  # noqa: PLC0415 - start-up without a policy
        from auditor.policy.rule import compile_judgement, compile_rule  # noqa: PLC0415 - start-up without a policy

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
            exceptions=tuple(
                compile_rule(exception, written, catalogue, line_of(("exceptions", index)))
                for index, exception in enumerate(written.exceptions)
            ),
            rules=tuple(
                compile_rule(rule, written, catalogue, line_of(("rules", index)))
                for index, rule in enumerate(written.rules)
            ),
            defaults={group.name: compile_judgement(group.default, None) for group in written.groups},
            catalogue=catalogue,
            membership=Membership(_claims(written, line_of), parents),
            announced=promises.announced(written),
            retention=promises.retention(written),
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

    def judge(self, conduct: Conduct, attribution: Attribution, history: Before | None = None) -> Judgement:
        """Return what the first matching exception or rule says, else the default of the group.

        ``history`` has what came before, and is told of this one; conducts come in order of time. Without it, each is
        the first.
        """
        lapsed: list[str] = []
        for measures, certain, rule in self._dispatch.steps(conduct, attribution) if self._dispatch else ():
            for holds in measures:
                if not holds(conduct):
                    break
            else:
                found = certain or rule.settle(conduct, attribution, history or History())
                if found is not None:
                    return found._replace(lapsed=tuple(lapsed)) if lapsed else found
                if rule.has_lapsed(conduct):
                    lapsed.append(rule.id)
        default = self._default(attribution)
        return default._replace(lapsed=tuple(lapsed)) if lapsed else default

    def explain(self, conduct: Conduct, attribution: Attribution, history: History | None = None) -> Explanation:
        """Compare a conduct with every exception and rule, selector by selector; nothing is noted.

        ``history`` has what came before this one, and nothing of it.
        """
        from auditor.policy.rule import match  # noqa: PLC0415 - start-up without a policy

        before = history or History()
        rules = tuple(
            Explained(rule, match(rule, conduct, attribution, before)) for rule in (*self.exceptions, *self.rules)
        )
        place = next((place for place, each in enumerate(rules) if each.matched), len(rules))
        lapsed = tuple(each.rule.id for each in rules[:place] if each.has_lapsed(conduct))
        if place == len(rules):
            found = self._default(attribution)
        else:
            found = rules[place].rule.foresee(conduct, attribution, before)
        return Explanation(rules, found._replace(lapsed=lapsed))

    def _default(self, attribution: Attribution) -> Judgement:
        # A group that no policy knows has no default of its own.
        return self.defaults.get(attribution.group) or self.defaults[UNATTRIBUTED]

    def name_of(self, infohashes: Infohashes | None) -> str | None:
        """Return the name under which a list knows the torrent."""
        return None if infohashes is None else self.catalogue.name_of(infohashes)

    @property
    def asks_metadata(self) -> bool:
        """Whether it asks what torrents are called, or whether they are private."""
        return self.catalogue.has_names or (self._dispatch is not None and self._dispatch.asks_private)

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
                yield Claim.of(field_name, what, group.name, line=line_of(("groups", index, field_name, place)))
        for name, values in group.attributes.items():
            for place, value in enumerate(values):
                line = line_of(("groups", index, "attributes", name, place))
                yield Claim.of("attributes", value, group.name, name, line)
