"""Defects between values that are each right; what they say is in tests/cases/policies."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from auditor.policy import load
from tests.unit.policy.conftest import HEAD

Codes = Callable[[str], list[str]]


def _rules(*rules: str) -> str:
    lines = [f"  - {{id: r{n}, reason: because, {rule}}}\n" for n, rule in enumerate(rules)]
    named = sorted(set("".join(re.findall(r"lists: ([a-z]|\[[a-z, ]*)", "".join(rules)))) & set("ab"))
    lists = "".join(f"  {name}: {{infohashes: [{name * 40}]}}\n" for name in named)
    return (f"lists:\n{lists}" if named else "") + "rules:\n" + "".join(lines)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("verdict: notice", "group: guests, verdict: notice"),
        ("group: [employees, guests], verdict: notice", "group: guests, verdict: allow"),
        ("when: {confidence: likely}, verdict: notice", "when: {confidence: confirmed}, verdict: allow"),
        ("when: {lists: [a, b]}, verdict: allow", "when: {lists: a}, verdict: notice"),
        ("when: {lists: a, inferred: true}, verdict: allow", "when: {lists: a}, verdict: notice"),
        ("when: {detectors: [bt.dht, bt.lsd]}, verdict: notice", "when: {detectors: bt.lsd}, verdict: allow"),
        ("when: {ports: 1-1000}, verdict: notice", "when: {ports: [80, 443]}, verdict: notice"),
        ("when: {hours: 08:00-18:00}, verdict: notice", "when: {hours: 09:00-10:00, days: sun}, verdict: notice"),
        ("when: {amount: {at_least: 1}}, verdict: notice", "when: {direction: upload}, verdict: notice"),
        ("valid: {from: 2026-01-01}, verdict: notice", "valid: {from: 2026-02-01, until: 2026-03-01}, verdict: allow"),
    ],
)
def test_a_rule_that_an_earlier_one_takes_from_is_unreachable(codes: Codes, first: str, second: str) -> None:
    """Whatever the second would match, the first has matched."""
    assert codes(_rules(first, second)) == ["unreachable-rule"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("group: employees, verdict: notice", "verdict: notice"),
        ("when: {confidence: confirmed}, verdict: notice", "when: {confidence: likely}, verdict: allow"),
        ("when: {lists: a}, verdict: allow", "when: {lists: a, inferred: true}, verdict: notice"),
        ("when: {detectors: bt.dht}, verdict: allow", "when: {detectors: bt.dht}, verdict: notice"),
        ("when: {ports: 80}, verdict: allow", "when: {ports: 80}, verdict: notice"),
        ("when: {hours: 08:00-18:00}, verdict: allow", "when: {hours: 08:00-18:00}, verdict: notice"),
        ("when: {direction: upload}, verdict: notice", "when: {direction: download}, verdict: notice"),
        (
            "when: {amount: {below: 9}}, verdict: notice",
            "when: {direction: upload, amount: {below: 9}}, verdict: notice",
        ),
        ("when: {hours: 08:00-18:00}, verdict: notice", "valid: {from: 2026-01-01}, verdict: notice"),
    ],
)
def test_a_rule_that_may_still_match_is_left_alone(codes: Codes, first: str, second: str) -> None:
    """An allowance covers whole conducts only, so the same words again can still match a part."""
    assert codes(_rules(first, second)) == []


def test_rules_of_single_groups_take_together(codes: Codes) -> None:
    """One rule for each group leaves nothing to a rule for all of them."""
    each = [f"group: {name}, verdict: notice" for name in ("employees", "guests", "unattributed", "unknown")]
    assert codes(_rules(*each, "verdict: allow")) == ["unreachable-rule"]
    assert codes(_rules(*each[:3], "verdict: allow")) == []


def test_a_violation_asks_for_enough(codes: Codes) -> None:
    """Attempted and likely; an organisation may ask for less, but is told."""
    assert codes(_rules("when: {confidence: likely, participation: attempted}, verdict: violation")) == []
    assert codes(_rules("when: {confidence: likely}, verdict: violation")) == ["verdict-too-strong"]
    assert codes(_rules("when: {participation: connected}, verdict: violation")) == ["verdict-too-strong"]


def _groups(*groups: str, rest: str = "") -> list[str]:
    """Return the codes of a policy with these groups."""
    default = "default: {verdict: notice, reason: because}"
    lines = [f"  - {{{group}, {default}}}\n" for group in (*groups, "name: unattributed", "name: unknown")]
    head = "version: 1\npurpose: test\npeople: none\ngroups:\n"
    return [issue.code for issue in load.parse((head + "".join(lines) + rest).encode(), Path("p.yaml")).issues]


@pytest.mark.parametrize(
    ("claim", "same"),
    [
        ("networks: 10.0.0.0/8", "networks: 10.0.0.0/8"),
        ("macs: '52:54:00:00:00:01'", "macs: 5254.0000.0001"),
        ("hosts: lab-*", "hosts: LAB-*"),
        ("users: ada", "users: Ada"),
        ("directory_groups: staff", "directory_groups: [x, staff]"),
        ("attributes: {NAS-Identifier: vpn1}", "attributes: {NAS-Identifier: vpn1}"),
    ],
)
def test_no_two_groups_claim_the_same_unless_one_is_within_the_other(claim: str, same: str) -> None:
    """Its hosts would be anybody's; within, the inner group has them."""
    assert _groups(f"name: a, {claim}", f"name: b, {same}") == ["overlapping-groups"]
    assert _groups(f"name: a, {claim}", f"name: b, within: a, {same}") == []
    assert _groups(f"name: a, within: c, {claim}", "name: b, within: a, vlans: 1", f"name: c, {same}") == []


def test_patterns_of_equal_weight_that_meet_are_told() -> None:
    """A host ``lab-print`` would be of both; a longer pattern is more specific, and so is a whole name."""
    assert _groups("name: a, hosts: lab-*", "name: b, hosts: '*-lab'") == ["overlapping-groups"]
    assert _groups("name: a, hosts: lab-*", "name: b, hosts: '*-print'") == []
    assert _groups("name: a, hosts: lab-*", "name: b, hosts: lab-1") == []
    assert _groups("name: a, hosts: lab-*", "name: b, within: a, hosts: '*-lab'") == []
    assert _groups("name: a, hosts: lab-*", "name: b, users: '*-lab'") == []


def test_a_group_may_be_nothing_but_the_groups_within_it() -> None:
    """It gathers them for rules; what has neither members nor parts is empty."""
    assert _groups("name: staff", "name: a, within: staff, vlans: 1") == []
    assert _groups("name: staff", "name: a, vlans: 1") == ["empty-group"]


def test_a_group_is_within_one_that_is_there_and_not_itself() -> None:
    """Nor within a reserved one, which has no members."""
    assert _groups("name: a, within: b, vlans: 1") == ["unknown-group"]
    assert _groups("name: a, within: a, vlans: 1") == ["nested-in-itself"]
    assert _groups("name: a, within: unknown, vlans: 1") == ["reserved-group"]
    chain = _groups("name: a, within: b, vlans: 1", "name: b, within: c, vlans: 2", "name: c, within: b, vlans: 3")
    assert chain == ["nested-in-itself", "nested-in-itself"]


def test_a_rule_for_a_group_takes_from_those_for_the_groups_within() -> None:
    """But not the other way round."""
    nested = ("name: staff, vlans: 1", "name: a, within: staff, vlans: 2")
    outer, inner = "group: staff, verdict: notice, reason: x", "group: a, verdict: notice, reason: x"
    first_outer = f"rules:\n  - {{id: r, {outer}}}\n  - {{id: s, {inner}}}\n"
    first_inner = f"rules:\n  - {{id: s, {inner}}}\n  - {{id: r, {outer}}}\n"
    assert _groups(*nested, rest=first_outer) == ["unreachable-rule"]
    assert _groups(*nested, rest=first_inner) == []


X = "{id: x, owner: IT, reason: because, until: 2026-12-31"


def _excepting(rest: str = "") -> str:
    return f"exceptions:\n  - {X}{rest}}}\n"


def test_exceptions_are_checked_as_rules_are(codes: Codes) -> None:
    """One id for all, groups and lists that are there, something that can match."""
    assert codes(_excepting()) == []
    again = _rules("group: guests, verdict: notice").replace("r0", "x")
    assert codes(_excepting() + again) == ["duplicate-rule-id"]
    assert codes(_excepting(", group: guest")) == ["unknown-group"]
    assert codes(_excepting(", when: {lists: a}")) == ["unknown-list"]
    assert codes(_excepting(", from: 2027-01-01")) == ["empty-span"]
    assert codes(_excepting(", when: {swarm_size: {at_least: 5, at_most: 4}}")) == ["empty-span"]
    assert codes(_excepting(", when: {inferred: true}")) == ["idle-selector"]
    assert codes(_excepting(", verdict: violation")) == ["bad-verdict"]


def test_an_exception_takes_for_a_time_only(codes: Codes) -> None:
    """So that no rule below it is unreachable, but what holds for no longer than it does."""
    assert codes(_excepting() + _rules("verdict: allow")) == []
    assert codes(_excepting() + _rules("verdict: allow, valid: {until: 2026-06-30}")) == ["unreachable-rule"]


def test_what_matches_from_the_third_time_on_leaves_the_first_two(codes: Codes) -> None:
    """A rule below it can be reached; not so below a rule that is lenient at first."""
    often = "when: {confidence: likely, participation: attempted, often: {count: 3, within: 7d}}, verdict: violation"
    first = "when: {confidence: likely, participation: attempted}, first: {count: 1, within: 7d}, verdict: violation"
    below = "when: {confidence: confirmed, participation: connected}, verdict: notice"
    assert codes(_rules(often, below)) == []
    assert codes(_rules(first, below)) == ["unreachable-rule"]
    assert codes(_rules("first: {count: 1, within: 7d}, verdict: notice")) == ["idle-selector"]


def test_names_are_no_reason_to_allow(codes: Codes) -> None:
    """Anybody may call a torrent what he likes; a notice for it is fine."""
    lists = "lists:\n  a: {names: 'debian-*'}\nrules:\n  - {id: r, reason: x, when: {lists: a}, verdict: "
    assert codes(lists + "allow}\n") == ["allowed-by-name"]
    assert codes(lists + "notice}\n") == []


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-12-01", []),
        ("2026-12-02", ["lapsing-exception"]),
        ("2026-12-31", ["lapsing-exception", "expired-list"]),
        ("2027-01-01", ["lapsed-exception", "expired-list"]),
    ],
)
def test_what_ends_is_told_where_the_date_is_known(now: str, expected: list[str]) -> None:
    """An exception a month before, a list once it has; in the policy's zone, the last day included."""
    text = (
        f"{HEAD}{_excepting()}lists: {{a: {{infohashes: {'aa' * 20}, until: 2026-12-30}}}}\n"
        "rules:\n  - {id: r, when: {lists: a}, verdict: allow, reason: x}\n"
    ).encode()
    moment = int(datetime.fromisoformat(f"{now}T00:00:00+01:00").timestamp()) * 10**9
    assert [issue.code for issue in load.parse(text, Path("p.yaml"), moment).issues] == expected
    assert load.parse(text, Path("p.yaml")).issues == []
