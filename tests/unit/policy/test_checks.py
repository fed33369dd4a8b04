"""Defects between values that are each right; what they say is in tests/cases/policies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Codes = Callable[[str], list[str]]
LISTS = "lists:\n  a: {infohashes: [" + "aa" * 20 + "]}\n  b: {infohashes: [" + "bb" * 20 + "]}\n"


def _rules(*rules: str) -> str:
    lines = [f"  - {{id: r{n}, reason: because, {rule}}}\n" for n, rule in enumerate(rules)]
    return LISTS + "rules:\n" + "".join(lines)


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
