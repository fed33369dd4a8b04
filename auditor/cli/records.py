"""The text of whose an address was, and of what identity sources hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli import output, whose
from auditor.model.moment import to_second
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.audit.lookup import Checked, Found, Held
    from auditor.audit.record import Json, Record
    from auditor.model.attribution import Attribution


def found_text(found: Found, room: int) -> Iterator[str]:
    """Yield whose an address was."""
    yield click.style(f"{found.host.ip} at {to_second(found.at)} UTC", bold=True)
    yield from attribution_text(found.attribution, found.record, room, with_group=found.policy is not None)


def check_text(checked: Checked, room: int) -> Iterator[str]:
    """Yield the issues of an identity file, then what each source holds."""
    for issue in checked.issues:
        yield issue.render()
    if checked.problem is not None:
        yield f"{harmless(str(checked.path))}: {checked.problem}"
    for held in checked.sources:
        yield from _held(held, room)


def _held(held: Held, room: int) -> Iterator[str]:
    read = held.read
    lines, refused = sum(file.lines for file in read.files), sum(file.refused for file in read.files)
    counts = (output.counted(len(read.files), "file"), output.counted(lines, "line"))
    told = f"{', '.join(counts)}, {refused:,} refused, {output.counted(held.statements, 'statement')}"
    yield click.style(f"{read.name} ({read.kind})", bold=True) + f": {told}"
    if held.since is not None and held.until is not None:
        yield f"  from {to_second(held.since)} to {to_second(held.until)} UTC, by its own clock"
    yield from output.wrapped(f"clock: {whose.clock(read.clock)}", room, 2)
    for refusal in held.refusals:
        yield from output.wrapped(harmless(str(refusal)), room, 2)


def attribution_text(
    attribution: Attribution, known: Record | None, room: int, *, with_group: bool = True
) -> Iterator[str]:
    """Yield whose an address was: the group, the record that says so with its interval and clock, other candidates."""
    group = (f"group {harmless(attribution.group)}",) if with_group else ()
    subject = (harmless(attribution.subject),) if attribution.subject else ()
    yield f"  {attribution.status}" + (f": {', '.join((*group, *subject))}" if group or subject else "")
    if attribution.source and with_group:
        yield from output.wrapped(f"by {harmless(attribution.source)}", room, 2)
    if known is None:
        yield "  no identity source was asked"
    else:
        yield from _record(known, room)
    for candidate in attribution.candidates:
        who = f", {harmless(candidate.subject)}" if candidate.subject else ""
        words = (
            f"candidate: group {harmless(candidate.group)}{who}, by {harmless(candidate.source)}: {candidate.reason}"
        )
        yield from output.wrapped(words, room, 2)


def _record(known: Record, room: int) -> Iterator[str]:
    if not known.holders:
        unweighed = known.tenure.status == "ambiguous"
        yield "  more sources speak of it than can be weighed" if unweighed else "  no identity source speaks of it"
        return
    yield f"  so {_interval(known)}, by the capture's clock"
    for holder in known.holders:
        yield from output.wrapped(f"record: {harmless(holder.standing)}", room, 2)
        for line in holder.lines:
            yield from output.wrapped(harmless(str(line)), room, 4)
    if known.tenure.clock is not None:
        yield from output.wrapped(f"clock: {whose.clock(known.tenure.clock)}", room, 2)


def _interval(known: Record) -> str:
    since = None if known.since is None else to_second(known.since)
    until = None if known.until is None else to_second(known.until)
    if since and until:
        return f"from {since} to {until} UTC"
    if since:
        return f"from {since} UTC on"
    return f"until {until} UTC" if until else "always"


def people_text(people: Sequence[Json], room: int) -> Iterator[str]:
    """Yield who the holders are, with the text of the lines that say so."""
    yield click.style("People, as the record has them", bold=True)
    for each in people:
        known = [f"{key} {harmless(str(each[key]))}" for key in ("user", "host", "mac", "duid") if each[key]]
        groups = f"in {', '.join(harmless(group) for group in each['groups'])}" if each["groups"] else ""
        yield from output.wrapped(", ".join([*known, *([groups] if groups else [])]) or "nobody is named", room, 2)
        for line in each["lines"]:
            yield from output.wrapped(harmless(line["line"]), room, 4)
            yield from output.wrapped(line["text"] or "(the line cannot be read again)", room, 6)
