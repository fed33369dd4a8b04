"""What a policy may get wrong although each of its values is right: one function a defect.

A check takes the validated file and yields a finding for each place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.model.attribution import UNATTRIBUTED, UNKNOWN
from auditor.model.scale import Confidence, Participation, Verdict
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
    for index, group in enumerate(policy.groups):
        claims = [field for field in ("networks", "vlans", "macs") if getattr(group, field)]
        if group.name in RESERVED_GROUPS:
            for field in claims:
                message = f"group '{group.name}' is for {RESERVED_GROUPS[group.name]}; it has no {field} of its own"
                yield Finding("reserved-group", message, ("groups", index, field), "give the group another name")
        elif not claims:
            hint = "give it 'networks', 'vlans' or 'macs'"
            yield Finding("empty-group", f"group '{group.name}' has no members", ("groups", index, "name"), hint)


def groups_do_not_overlap(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a network, VLAN or MAC that two groups claim: its hosts would be anybody's."""
    owners: dict[object, str] = {}
    for index, group in enumerate(policy.groups):
        for field, position, claim in _claims(group):
            owner = owners.setdefault((field, claim), group.name)
            if owner != group.name:
                message = f"{field.removesuffix('s')} {claim} belongs to group '{owner}' already"
                hint = "leave it to one group; a smaller network within a larger one is fine"
                yield Finding("overlapping-groups", message, ("groups", index, field, position), hint)


def _claims(group: Group) -> Iterator[tuple[str, int, object]]:
    for field in ("networks", "vlans", "macs"):
        for position, claim in enumerate(getattr(group, field)):
            yield field, position, claim


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
        groups = frozenset(rule.group or everyone)
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


_STRONG = "what it says can cost a person their job: a notice would do"

CHECKS_OF_NAMES: tuple[Check, ...] = (
    reserved_groups_have_defaults,
    groups_are_named_once,
    groups_do_not_overlap,
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
