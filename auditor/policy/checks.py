"""What a policy may get wrong although each of its values is right: one function a defect.

A check takes the validated file and yields a finding for each place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from auditor.model.attribution import UNATTRIBUTED, UNKNOWN
from auditor.model.scale import Confidence, Participation, Verdict
from auditor.policy.patterns import EXACT, Pattern
from auditor.policy.schedule import Interval
from auditor.policy.schema import Group, PolicyFile
from auditor.policy.selectors import Selector, compile_selectors, covers
from auditor.written.issue import IssueSeverity, did_you_mean, listing

RESERVED_GROUPS = {
    UNATTRIBUTED: "inside hosts that no group claims",
    UNKNOWN: "traffic without any inside end",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect at a path into the file."""

    code: str
    message: str
    loc: tuple[str | int, ...]
    hint: str | None = None
    severity: IssueSeverity = "error"


Check = Callable[[PolicyFile], Iterator[Finding]]


def reserved_groups_have_defaults(policy: PolicyFile) -> Iterator[Finding]:
    """Ask for the two groups that every result may need."""
    present = {group.name for group in policy.groups}
    if not present:  # that they are missing altogether was said already
        return
    for name, meaning in RESERVED_GROUPS.items():
        if name not in present:
            hint = f"add a group named '{name}' with a default"
            yield Finding("missing-default", f"nothing says what becomes of {meaning}", ("groups",), hint)


def groups_are_named_once(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a second group of the same name."""
    seen: set[str] = set()
    for index, group in enumerate(policy.groups):
        if group.name in seen:
            yield Finding("duplicate-group", f"group '{group.name}' is defined twice", ("groups", index, "name"))
        seen.add(group.name)


def groups_claim_hosts(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse groups that can have no member, and members of the groups that have none."""
    parents = {group.within for group in policy.groups}
    for index, group in enumerate(policy.groups):
        claims = [field for field in _MEMBERS if getattr(group, field)]
        if group.name in RESERVED_GROUPS:
            for field in claims:
                message = f"group '{group.name}' is for {RESERVED_GROUPS[group.name]}; it has no {field} of its own"
                yield Finding("reserved-group", message, ("groups", index, field), "give the group another name")
        elif not claims and group.name not in parents:
            hint = f"give it {', '.join(repr(field) for field in _MEMBERS[:-1])} or '{_MEMBERS[-1]}'"
            yield Finding("empty-group", f"group '{group.name}' has no members", ("groups", index, "name"), hint)


def groups_are_within_others(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a group within one that is not there, within itself, or within one that has no members."""
    known = [group.name for group in policy.groups]
    parents = {group.name: group.within for group in policy.groups}
    for index, group in enumerate(policy.groups):
        if group.within is None:
            continue
        at = ("groups", index, "within")
        if reserved := {group.name, group.within} & RESERVED_GROUPS.keys():
            name = min(reserved)
            message = f"group '{name}' is for {RESERVED_GROUPS[name]}; it is within no group, and none is within it"
            yield Finding("reserved-group", message, at, "leave 'within' out")
        elif group.within not in known:
            message = f"group '{group.name}' is within '{group.within}', which this policy does not define"
            hint = did_you_mean(group.within, known) or f"the groups are {listing(dict.fromkeys(known))}"
            yield Finding("unknown-group", message, at, hint)
        elif group.name in (above := _above(group.name, parents)):
            message = f"group '{group.name}' is within itself: {' within '.join((group.name, *above))}"
            yield Finding("nested-in-itself", message, at, "leave one of them out")


def _above(group: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return the groups that a group is within, the innermost first, up to where they come round."""
    found: list[str] = []
    while (parent := parents.get(group)) is not None and parent not in found:
        found.append(parent)
        group = parent
    return found


def groups_do_not_overlap(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse what two groups claim that are not within each other: its hosts would be anybody's."""
    parents = {group.name: group.within for group in policy.groups}
    owners: dict[tuple[object, ...], list[str]] = {}
    for index, group in enumerate(policy.groups):
        above = _above(group.name, parents)
        for where, claim in _claims(group):
            others = owners.setdefault((*where[:-1], claim), [])
            rival = next(
                (o for o in others if o not in (group.name, *above) and group.name not in _above(o, parents)), None
            )
            if rival is not None:
                text = claim.text if isinstance(claim, Pattern) else claim
                message = f"{_SINGULAR[str(where[0])]} {text} belongs to group '{rival}' already"
                yield Finding("overlapping-groups", message, ("groups", index, *where), _OVERLAP)
            others.append(group.name)


def patterns_do_not_overlap(policy: PolicyFile) -> Iterator[Finding]:
    """Warn of two patterns, of groups that are not within each other, that one name matches and none goes before."""
    parents = {group.name: group.within for group in policy.groups}
    seen: dict[tuple[object, ...], list[tuple[str, Pattern]]] = {}
    for index, group in enumerate(policy.groups):
        above = _above(group.name, parents)
        for where, claim in _claims(group):
            if not isinstance(claim, Pattern) or claim.weight == EXACT:
                continue
            others = seen.setdefault((*where[:-1], claim.weight), [])
            for other, pattern in others[:_COMPARED]:
                related = other in (group.name, *above) or group.name in _above(other, parents)
                if not related and pattern != claim and pattern.meets(claim):
                    message = (
                        f"{_SINGULAR[str(where[0])]} {claim.text} of group '{group.name}' and {pattern.text} of group "
                        f"'{other}' match the same names, and neither is more specific"
                    )
                    yield Finding("overlapping-groups", message, ("groups", index, *where), _ORDER, "warning")
                    break
            others.append((group.name, claim))


def _claims(group: Group) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Yield everything that a group claims, with its path in the group."""
    for field in _MEMBERS[:-1]:
        for position, claim in enumerate(getattr(group, field)):
            yield (field, position), claim
    for name, values in group.attributes.items():
        for position, claim in enumerate(values):
            yield ("attributes", name, position), claim


def defaults_are_not_too_strong(policy: PolicyFile) -> Iterator[Finding]:
    """Warn where everybody who is seen at all commits a violation."""
    for index, group in enumerate(policy.groups):
        if group.default.verdict is Verdict.VIOLATION:
            message = f"any trace of BitTorrent is a violation for group '{group.name}'"
            yield Finding("verdict-too-strong", message, ("groups", index, "default", "verdict"), _STRONG, "warning")


def rules_are_named_once(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a second rule of the same id."""
    seen: set[str] = set()
    for index, rule in enumerate(policy.rules):
        if rule.id in seen:
            yield Finding("duplicate-rule-id", f"rule '{rule.id}' is defined twice", ("rules", index, "id"))
        seen.add(rule.id)


def rules_name_known_groups(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a rule for a group that is not defined."""
    known = [group.name for group in policy.groups] + list(RESERVED_GROUPS)
    for index, rule in enumerate(policy.rules):
        for position, name in enumerate(rule.group or ()):
            if name not in known:
                message = f"rule '{rule.id}' names group '{name}', which this policy does not define"
                hint = did_you_mean(name, known) or f"the groups are {listing(dict.fromkeys(known))}"
                yield Finding("unknown-group", message, ("rules", index, "group", position), hint)


def rules_name_known_lists(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a rule on a list that is not defined."""
    known = list(policy.lists)
    for index, rule in enumerate(policy.rules):
        for position, name in enumerate(rule.when.lists or ()):
            if name not in known:
                message = f"rule '{rule.id}' names list '{name}', which this policy does not define"
                hint = did_you_mean(name, known) or (f"the lists are {listing(known)}" if known else None)
                yield Finding("unknown-list", message, ("rules", index, "when", "lists", position), hint)


def spans_are_not_empty(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse selectors that nothing can match."""
    for index, rule in enumerate(policy.rules):
        when, at = rule.when, ("rules", index, "when")
        for field, span in (("confidence", when.confidence), ("participation", when.participation)):
            if span is not None and span.at_least > span.at_most:
                message = f"nothing is at least {span.at_least.label} and at most {span.at_most.label}"
                yield Finding("empty-span", message, (*at, field))
        amount = when.amount
        if amount is not None and amount.below is not None and amount.at_least >= amount.below:
            message = f"no amount is at least {amount.at_least} and below {amount.below} bytes"
            yield Finding("empty-span", message, (*at, "amount"))
        valid = rule.valid
        if valid is not None and Interval.of(valid.since, valid.until, policy.timezone).empty:
            yield Finding("empty-span", f"rule '{rule.id}' ends before it begins", ("rules", index, "valid"))


def inferred_has_lists(policy: PolicyFile) -> Iterator[Finding]:
    """Warn where `inferred` stands alone: it changes nothing without lists."""
    for index, rule in enumerate(policy.rules):
        if rule.when.inferred and rule.when.lists is None:
            message = f"rule '{rule.id}' says 'inferred' but names no list: it changes nothing"
            hint = "name the lists, or leave 'inferred' out"
            yield Finding("idle-selector", message, ("rules", index, "when", "inferred"), hint, "warning")


def rules_can_be_reached(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a rule that never matches, because earlier ones take every conduct it is for."""
    everyone = frozenset(group.name for group in policy.groups) | RESERVED_GROUPS.keys()
    earlier: list[tuple[str, frozenset[str], tuple[Selector, ...]]] = []
    for index, rule in enumerate(policy.rules):
        groups = everyone if rule.group is None else policy.parts_of(rule.group)
        selectors = compile_selectors(rule, policy.timezone, {})
        open_to, takers = groups, []
        for other, others, broader in earlier:
            if open_to & others and covers(broader, selectors):
                open_to -= others
                takers.append(f"'{other}'")
        if not open_to:
            message = f"rule '{rule.id}' never matches: {listing(takers)} above it takes all that it is for"
            yield Finding("unreachable-rule", message, ("rules", index, "id"), "move it up, or leave it out")
        earlier.append((rule.id, groups, selectors))


def violations_are_well_founded(policy: PolicyFile) -> Iterator[Finding]:
    """Warn where a violation rests on less than the design's minimum: attempted, and likely."""
    for index, rule in enumerate(policy.rules):
        if rule.verdict is not Verdict.VIOLATION:
            continue
        confidence, participation = rule.when.confidence, rule.when.participation
        lacking = []
        if confidence is None or confidence.at_least < Confidence.LIKELY:
            lacking.append("confidence: likely")
        if participation is None or participation.at_least < Participation.ATTEMPTED:
            lacking.append("participation: attempted")
        if lacking:
            message = f"rule '{rule.id}' calls it a violation without asking for {' and '.join(lacking)}"
            yield Finding("verdict-too-strong", message, ("rules", index, "verdict"), _STRONG, "warning")


_MEMBERS = ("networks", "vlans", "macs", "hosts", "users", "directory_groups", "attributes")
_SINGULAR = {
    "networks": "network",
    "vlans": "vlan",
    "macs": "mac",
    "hosts": "host name",
    "users": "user",
    "directory_groups": "directory group",
    "attributes": "attribute",
}
_COMPARED = 500
"""Patterns of one weight that another is compared with: a warning may be left out, time may not run out."""
_OVERLAP = "leave it to one group; a smaller network within a larger one is fine, and so is a group within the other"
_ORDER = "write one of them longer, or say that one group is 'within' the other"
_STRONG = "what it says can cost a person their job: a notice would do"

CHECKS_OF_NAMES: tuple[Check, ...] = (
    reserved_groups_have_defaults,
    groups_are_named_once,
    groups_are_within_others,
    groups_do_not_overlap,
    patterns_do_not_overlap,
    rules_are_named_once,
    rules_name_known_groups,
    rules_name_known_lists,
)
"""These hold even while other values are wrong."""

CHECKS_OF_SENSE: tuple[Check, ...] = (
    groups_claim_hosts,
    defaults_are_not_too_strong,
    spans_are_not_empty,
    inferred_has_lists,
    rules_can_be_reached,
    violations_are_well_founded,
)
"""These would accuse a rule of what a misspelt selector did, so they wait until every value is right."""
