"""The text of ``auditor policy diff``: what two policies say of the same traffic."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import click

from auditor.cli import output
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.audit.difference import Change
    from auditor.model.incident import Incident
    from auditor.pipeline.run import AuditResult

_ABSENT = "has no such incident: another inside, or another holder of the address"


def text(old: AuditResult, new: AuditResult, found: Sequence[Change], room: int) -> Iterator[str]:
    """Yield the lines of a comparison, at most ``room`` columns wide."""
    room = min(max(room, output.NARROWEST), output.WIDEST)
    yield from _policies(old, new)
    yield ""
    total = output.counted(max(len(old.incidents), len(new.incidents)), "incident")
    if not found:
        yield f"Both say the same of {total}."
        return
    yield click.style(f"{len(found):,} of {total} judged otherwise", bold=True)
    for (before, after), count in sorted(Counter(map(_turn, found)).items()):
        yield f"  {count:>6,}  {before} → {after}"
    for change in found:
        yield ""
        yield from _change(change, room)


def _policies(old: AuditResult, new: AuditResult) -> Iterator[str]:
    for word, result in (("old", old), ("new", new)):
        yield f"{word}  {harmless(result.policy_name or 'none')}, sha256 {(result.policy_sha256 or '')[:16]}…"


def _turn(change: Change) -> tuple[str, str]:
    old, new = (i.judgement.verdict.label if i else "-" for i in change)
    return old, new


def _change(change: Change, room: int) -> Iterator[str]:
    conduct = change.either.conduct
    first, last = output.span(conduct)
    did = ", ".join(output.did(conduct))
    head = f"{conduct.host}  {output.what(change.either)}  {did}  {first} to {last}"
    yield from textwrap.wrap(head, room, subsequent_indent="  ", break_on_hyphens=False)
    for word, incident in (("old", change.old), ("new", change.new)):
        yield from textwrap.wrap(
            f"{word}  {_said(incident)}", room, initial_indent="  ", subsequent_indent=" " * 7, break_on_hyphens=False
        )


def _said(incident: Incident | None) -> str:
    if incident is None:
        return _ABSENT
    judgement = incident.judgement
    by = f"rule {judgement.rule}" if judgement.rule else "default"
    group = output.group(incident)
    return f"{group}: {judgement.verdict.label}, {judgement.severity.label}, {by}: {harmless(judgement.reason, 300)}"
