"""What a policy may get wrong although each of its values is right: one function a defect.

A check takes the validated file and yields a finding for each place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.attribution import UNATTRIBUTED, UNKNOWN
from auditor.model.moment import HOUR
from auditor.model.scale import Confidence, Participation, Verdict
from auditor.policy.catalogue import Catalogue
from auditor.policy.patterns import EXACT, Pattern
from auditor.policy.rule import compile_selectors, compile_term, covers
from auditor.policy.schedule import Interval, moment_after
from auditor.policy.schema import Group, PolicyException, PolicyFile, Rule
from auditor.written.issue import IssueSeverity, did_you_mean, listing

if TYPE_CHECKING:
    from auditor.policy.selectors import Selector

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
    at_key: bool = False
    """It is the key at the end of the path that is wrong, not its value."""


Check = Callable[[PolicyFile], Iterator[Finding]]
CheckOfDates = Callable[[PolicyFile, int], Iterator[Finding]]
"""Takes the moment for which the policy is checked."""


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
    """Refuse a second rule or exception of the same id: results name it."""
    seen: set[str] = set()
    for noun, entry, at in _entries(policy):
        if entry.id in seen:
            yield Finding("duplicate-rule-id", f"{noun} '{entry.id}' is defined twice", (*at, "id"))
        seen.add(entry.id)


def rules_name_known_groups(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a rule for a group that is not defined."""
    known = [group.name for group in policy.groups] + list(RESERVED_GROUPS)
    for noun, entry, at in _entries(policy):
        for position, name in enumerate(entry.group or ()):
            if name not in known:
                message = f"{noun} '{entry.id}' names group '{name}', which this policy does not define"
                hint = did_you_mean(name, known) or f"the groups are {listing(dict.fromkeys(known))}"
                yield Finding("unknown-group", message, (*at, "group", position), hint)


def rules_name_known_lists(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a rule on a list that is not defined."""
    known = list(policy.lists)
    for noun, entry, at in _entries(policy):
        for position, name in enumerate(entry.when.lists or ()):
            if name not in known:
                message = f"{noun} '{entry.id}' names list '{name}', which this policy does not define"
                hint = did_you_mean(name, known) or (f"the lists are {listing(known)}" if known else None)
                yield Finding("unknown-list", message, (*at, "when", "lists", position), hint)


def _entries(policy: PolicyFile) -> Iterator[tuple[str, Rule | PolicyException, tuple[str, int]]]:
    """Yield every exception and rule in the order in which they are asked, with what it is called and its path."""
    for index, exception in enumerate(policy.exceptions):
        yield "exception", exception, ("exceptions", index)
    for index, rule in enumerate(policy.rules):
        yield "rule", rule, ("rules", index)


def retention_names_known_groups(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a time for a group that is not defined: its records would be kept for another."""
    known = [group.name for group in policy.groups] + list(RESERVED_GROUPS)
    for name in policy.retention.groups if policy.retention is not None else ():
        if name not in known:
            message = f"retention names group '{name}', which this policy does not define"
            hint = did_you_mean(name, known) or f"the groups are {listing(dict.fromkeys(known))}"
            yield Finding("unknown-group", message, ("retention", "groups", name), hint, at_key=True)


def spans_are_not_empty(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse selectors that nothing can match."""
    for noun, entry, at in _entries(policy):
        when = entry.when
        for field, span in (("confidence", when.confidence), ("participation", when.participation)):
            if span is not None and span.at_least > span.at_most:
                message = f"nothing is at least {span.at_least.label} and at most {span.at_most.label}"
                yield Finding("empty-span", message, (*at, "when", field))
        amount, size = when.amount, when.swarm_size
        if amount is not None and amount.below is not None and amount.at_least >= amount.below:
            message = f"no amount is at least {amount.at_least} and below {amount.below} bytes"
            yield Finding("empty-span", message, (*at, "when", "amount"))
        if size is not None and size.at_most is not None and size.at_least > size.at_most:
            message = f"no swarm has at least {size.at_least} and at most {size.at_most}"
            yield Finding("empty-span", message, (*at, "when", "swarm_size"))
        term = compile_term(entry, policy.timezone)
        if term is not None and isinstance(term.times, Interval) and term.times.empty:
            where = (*at, "until") if isinstance(entry, PolicyException) else (*at, "valid")
            yield Finding("empty-span", f"{noun} '{entry.id}' ends before it begins", where)


def selectors_have_an_effect(policy: PolicyFile) -> Iterator[Finding]:
    """Warn of what changes nothing as it stands: `inferred` without lists, `first` without a violation."""
    for noun, entry, at in _entries(policy):
        if entry.when.inferred and entry.when.lists is None:
            message = f"{noun} '{entry.id}' says 'inferred' but names no list: it changes nothing"
            hint = "name the lists, or leave 'inferred' out"
            yield Finding("idle-selector", message, (*at, "when", "inferred"), hint, "warning")
        if isinstance(entry, Rule) and entry.first is not None and entry.verdict is not Verdict.VIOLATION:
            message = f"rule '{entry.id}' says 'first' but calls nothing a violation: it changes nothing"
            yield Finding("idle-selector", message, (*at, "first"), "leave 'first' out", "warning")


def lists_are_used(policy: PolicyFile) -> Iterator[Finding]:
    """Warn of a list that no rule names."""
    used = {name for _, entry, _ in _entries(policy) for name in entry.when.lists or ()}
    for name in policy.lists if used <= policy.lists.keys() else ():  # a misspelt name was told already
        if name not in used:
            message = f"no rule names list '{name}': all it does is to give torrents their names in results"
            yield Finding("unused-list", message, ("lists", name), "name it in a rule, or leave it out", "warning")


def names_allow_nothing(policy: PolicyFile) -> Iterator[Finding]:
    """Warn where what a torrent is called, which is its maker's choice, is enough to be allowed."""
    for noun, entry, at in _entries(policy):
        if entry.verdict is not Verdict.ALLOW:
            continue
        for position, name in enumerate(entry.when.lists or ()):
            if name in policy.lists and policy.lists[name].names:
                message = (
                    f"{noun} '{entry.id}' allows what list '{name}' knows by its name, and anybody may name a torrent"
                )
                hint = "list infohashes, or let it be a notice"
                yield Finding("allowed-by-name", message, (*at, "when", "lists", position), hint, "warning")


def rules_can_be_reached(policy: PolicyFile) -> Iterator[Finding]:
    """Refuse a rule that never matches, because earlier ones take every conduct it is for."""
    nothing_listed = Catalogue()
    everyone = frozenset(group.name for group in policy.groups) | RESERVED_GROUPS.keys()
    earlier: list[tuple[str, frozenset[str], tuple[Selector, ...]]] = []
    for noun, entry, at in _entries(policy):
        groups = everyone if entry.group is None else policy.parts_of(entry.group)
        term = compile_term(entry, policy.timezone)
        selectors = (*compile_selectors(entry, policy.timezone, nothing_listed), *(() if term is None else (term,)))
        open_to, takers = groups, []
        for other, others, broader in earlier:
            if open_to & others and covers(broader, selectors):
                open_to -= others
                takers.append(f"'{other}'")
        if not open_to:
            message = f"{noun} '{entry.id}' never matches: {listing(takers)} above it takes all that it is for"
            yield Finding("unreachable-rule", message, (*at, "id"), "move it up, or leave it out")
        if entry.when.often is None:  # what matches from the third time on leaves the first two to others
            earlier.append((entry.id, groups, selectors))


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


def exceptions_have_not_lapsed(policy: PolicyFile, now: int) -> Iterator[Finding]:
    """Warn of exceptions that have ended, or will soon: their owner is to be asked, or they are to be left out."""
    for index, exception in enumerate(policy.exceptions):
        end, at = moment_after(exception.until, policy.timezone), ("exceptions", index, "until")
        if end <= now:
            message = f"exception '{exception.id}' has lapsed: it ended with {exception.until}"
            yield Finding("lapsed-exception", message, at, _lapse(exception, "leave it out"), "warning")
        elif end <= now + SOON:
            message = f"exception '{exception.id}' will lapse within {SOON_DAYS} days: it ends with {exception.until}"
            yield Finding("lapsing-exception", message, at, _lapse(exception, "let it lapse"), "warning")


def _lapse(exception: PolicyException, otherwise: str) -> str:
    return f"ask its owner ({exception.owner}) whether it is still needed, or {otherwise}"


def lists_have_not_ended(policy: PolicyFile, now: int) -> Iterator[Finding]:
    """Warn of lists that have ended: they match nothing any more."""
    for name, each in policy.lists.items():
        if each.until is not None and moment_after(each.until, policy.timezone) <= now:
            hint = f"ask its owner ({each.owner}), or leave it out" if each.owner else "renew it, or leave it out"
            message = f"list '{name}' matches nothing any more: it ended with {each.until}"
            yield Finding("expired-list", message, ("lists", name, "until"), hint, "warning")


SOON_DAYS = 30
SOON = SOON_DAYS * 24 * HOUR
"""How long before it ends an exception is spoken of."""
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
    retention_names_known_groups,
)
"""These hold even while other values are wrong."""

CHECKS_OF_SENSE: tuple[Check, ...] = (
    groups_claim_hosts,
    defaults_are_not_too_strong,
    spans_are_not_empty,
    selectors_have_an_effect,
    lists_are_used,
    names_allow_nothing,
    rules_can_be_reached,
    violations_are_well_founded,
)
"""These would accuse a rule of what a misspelt selector did, so they wait until every value is right."""

CHECKS_OF_DATES: tuple[CheckOfDates, ...] = (exceptions_have_not_lapsed, lists_have_not_ended)
"""These warn of what is so at a certain time, so they are made where somebody asks for that."""
