"""What a policy says to the people who are watched."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from auditor.model.moment import HOUR
from auditor.policy.promises import Announced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.policy.evaluate import Policy

DAY = 24 * HOUR


def test_an_audit_does_without(policy: Callable[[str], Policy]) -> None:
    """Only a sensor asks for it."""
    assert (policy("").announced, policy("").retention) == (None, None)


def test_it_is_said_where_and_when_people_were_told(policy: Callable[[str], Policy]) -> None:
    """Both, as the file has them."""
    made = policy("announced: {where: the log-in page, on: 2026-01-31}\n")
    assert made.announced == Announced("the log-in page", date(2026, 1, 31))


def test_a_group_may_be_kept_for_another_time(policy: Callable[[str], Policy]) -> None:
    """All others are kept for the default's."""
    kept = policy("retention: {default: 180d, groups: {guests: 30d}}\n").retention
    assert kept is not None
    assert (kept.of("guests"), kept.of("employees"), kept.of("unknown")) == (30 * DAY, 180 * DAY, 180 * DAY)


def test_a_group_within_another_is_kept_as_long(tmp_path: Path) -> None:
    """Unless it has a time of its own."""
    from auditor.policy import load  # noqa: PLC0415 - beside what it makes

    default = "default: {verdict: notice, reason: because}"
    groups = "".join(
        f"  - {{{each}, {default}}}\n"
        for each in (
            "name: staff, vlans: 1",
            "name: engineers, within: staff, vlans: 2",
            "name: testers, within: engineers, vlans: 3",
            "name: unattributed",
            "name: unknown",
        )
    )
    rest = "retention: {default: 180d, groups: {staff: 90d, testers: 10d}}\n"
    content = f"version: 1\npurpose: test\npeople: none\ngroups:\n{groups}{rest}"
    made = load.parse(content.encode(), tmp_path / "p.yaml").policy
    assert made is not None
    assert made.retention is not None
    assert [made.retention.of(name) // DAY for name in ("staff", "engineers", "testers", "unknown")] == [
        90,
        90,
        10,
        180,
    ]


def test_a_time_for_a_group_that_is_not_there_is_refused(codes: Callable[[str], list[str]]) -> None:
    """Its records would be kept for another."""
    assert codes("retention: {default: 180d, groups: {guest: 30d}}\n") == ["unknown-group"]
