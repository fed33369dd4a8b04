"""How it reads whose an address was: who held it, what says so, and how well that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.moment import NANOSECONDS
from auditor.model.scale import People
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.identity.load import Built, Refusal
    from auditor.model.attribution import Attribution, Candidate
    from auditor.model.identity import IdentityRead, Offset

_CANDIDATES_SHOWN = 6
_LINES_SHOWN = 2
_REFUSALS_SHOWN = 10
_TEXT = 300


def words(attribution: Attribution) -> Iterator[str]:
    """Yield the lines below an incident: its holder, or all who may have been; nothing where no source was asked."""
    if attribution.clock is None and not attribution.lines:
        return
    clock = "" if attribution.clock in {None, "measured"} else f" (its clock: {attribution.clock})"
    if attribution.status != "ambiguous":
        says = ", ".join(attribution.lines[:_LINES_SHOWN])
        more = len(attribution.lines) - _LINES_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        yield harmless(f"held by {attribution.subject or 'a known device'}: {says}{rest}{clock}", _TEXT)
        return
    yield f"held by one of these, nothing tells which{clock}:"
    shown = attribution.candidates[:_CANDIDATES_SHOWN]
    yield from (f"  {_candidate(candidate)}" for candidate in shown)
    if left := len(attribution.candidates) - len(shown):
        yield f"  and {left} more"


def sources(read: IdentityRead) -> Iterator[str]:
    """Yield a line for each identity source: how much it said, and how far its clock is known."""
    for source in read.sources:
        lines = sum(file.lines for file in source.files)
        yield f"{source.name} ({source.kind}): {lines:,} lines, clock {clock(source.clock)}"


def warnings(built: Built, people: People, *, keyed: bool) -> Iterator[str]:
    """Yield what whoever ran it should know of the identity sources."""
    refused = sum(file.refused for source in built.read.sources for file in source.files)
    yield from _refused(built.refusals[:_REFUSALS_SHOWN], refused)
    unknown = [source.name for source in built.read.sources if source.clock.basis == "unknown"]
    if unknown:
        yield (
            f"How far the clocks of these identity sources are off is unknown: {', '.join(unknown)}. Near a change of "
            "hands nobody is named; DHCP frames in the capture, or `clock: {offset: …}`, would tell."
        )
    if people is People.PSEUDONYM and not keyed:
        yield "Pseudonyms hold for this result alone: no --key-file was given."


def _refused(shown: Sequence[Refusal], count: int) -> Iterator[str]:
    for refusal in shown:
        yield f"{refusal} (left out)"
    if count > len(shown):
        yield f"{count - len(shown):,} more lines of identity sources were left out; `auditor identity check` tells."


def _candidate(candidate: Candidate) -> str:
    who = candidate.subject or "nobody known"
    return harmless(f"{who}, {candidate.group}: {candidate.source}; {candidate.reason}", _TEXT)


def clock(offset: Offset) -> str:
    """Say by how much a source's clock is off, and how that is known."""
    if offset.basis == "unknown":
        return "unknown"
    seconds, margin = offset.nanoseconds / NANOSECONDS, offset.margin / NANOSECONDS
    events = f", by {offset.matches} events" if offset.basis == "measured" else ""
    return f"{offset.basis}: {seconds:+.0f} s, give or take {margin:.0f} s{events}"
