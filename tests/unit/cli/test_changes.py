"""Incidents that go on, a line at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from auditor.cli.changes import event, line
from auditor.model.scale import People, Severity, Verdict
from tests.build.sensing import change

if TYPE_CHECKING:
    from auditor.model.standing import IncidentChange

NOTICE = change(verdict=Verdict.NOTICE, severity=Severity.LOW)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        (change(), "began"),
        (change(previous=change()), "grew"),
        (change(previous=NOTICE), "graver"),
        (change(previous=change(), rule="other"), "changed"),
        (change(previous=change(), is_over=True), "ended"),
    ],
)
def test_a_word_says_what_became_of_it(changed: IncidentChange, word: str) -> None:
    """An incident begins, grows, grows graver, changes and ends."""
    assert event(changed) == word
    assert word in click.unstyle(line(changed))


def test_a_line_says_who_what_and_by_which_rule() -> None:
    """On one line, whatever the policy's words are."""
    told = click.unstyle(line(change(rule="a\x1b[2Jb", up=786_000)._replace(people=People.PSEUDONYM)))

    assert "\x1b" not in told
    assert "\n" not in told
    for word in ("violation", "contractors", "10.30.0.7", "786 kB up", "transferred"):
        assert word in told


def test_nobody_is_shown_where_the_policy_shows_nobody() -> None:
    """An address is a person's."""
    assert "10.30.0.7" not in line(change())
