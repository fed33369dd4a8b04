"""Incidents that go on, as people read them one line at a time: they begin, grow graver, go on and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.output import amounts, did, group, what
from auditor.model.moment import to_second
from auditor.model.scale import People, Verdict
from auditor.model.text import harmless

if TYPE_CHECKING:
    from auditor.model.standing import IncidentChange

_COLOURS = {Verdict.ALLOW: "green", Verdict.NOTICE: "yellow", Verdict.VIOLATION: "red"}


def line(change: IncidentChange) -> str:
    """Say what is new about an incident, on one line."""
    incident, judgement = change.incident, change.incident.judgement
    verdict = click.style(f"{judgement.verdict.label:<9}", fg=_COLOURS[judgement.verdict])
    down, up = amounts(incident.conduct)
    rule = judgement.rule or "default"
    words = (
        to_second(change.caused),
        f"{event(change):<7}",
        verdict,
        f"{group(incident):<12}",
        f"{_host(change):<15}",
        f"{what(incident):<20}",
        f"{' '.join(did(incident.conduct)):<12}",
        f"{down:>8} down",
        f"{up:>8} up",
        harmless(f"rule {rule}"),
        incident.id[-12:],
    )
    return "  ".join(words)


def event(change: IncidentChange) -> str:
    """Say in one word what became of an incident."""
    if change.is_over:
        return "ended"
    if change.previous is None:
        return "began"
    before, now = change.previous.judgement, change.incident.judgement
    if (now.verdict, now.severity) > (before.verdict, before.severity):
        return "graver"
    return "changed" if now != before else "grew"


def _host(change: IncidentChange) -> str:
    return str(change.incident.conduct.host) if change.people is not People.NONE else "-"
