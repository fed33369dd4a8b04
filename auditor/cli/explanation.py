"""The text of ``auditor policy explain``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from auditor.audit.explaining import written
from auditor.cli import output, records
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.audit.explaining import Answer
    from auditor.policy.evaluate import Explained

_SELECTOR_WIDTH = 15


def text(answer: Answer, file: str, room: int, *, with_names: bool = False) -> Iterator[str]:
    """Yield the lines of an explanation; ``file`` is the policy's."""
    room = min(max(room, output.NARROWEST), output.WIDEST)
    yield from output.wrapped(_head(answer), room, 0)
    yield ""
    yield click.style("Whose address it was", bold=True)
    yield from records.attribution_text(answer.attribution, answer.record, room)
    yield ""
    yield click.style("Groups that claim it, the most specific first", bold=True)
    yield from _claims(answer, file, room, with_names=with_names)
    yield ""
    yield click.style("Exceptions and rules, from top to bottom", bold=True)
    yield from _rules(answer, file, room)
    yield ""
    yield from _verdict(answer, file, room)


def _head(answer: Answer) -> str:
    conduct = answer.conduct
    first, last = output.span(conduct)
    span = f"{first} UTC" if conduct.first == conduct.last else f"{first} to {last} UTC"
    amounts = f"{output.size(conduct.downloaded)} down, {output.size(conduct.uploaded)} up"
    about = "encrypted" if conduct.kind == "encrypted" else "DHT" if conduct.kind == "dht" else "a torrent"
    if answer.incident is not None:
        about = output.what(answer.incident)
    elif conduct.infohashes:
        about = f"{str(conduct.infohashes.wire[0])[:10]}…"
    name = answer.incident.id if answer.incident else "supposed"
    did = conduct.participation.label.replace("_", " ")
    return f"{name}: {conduct.host}, {about}, {did}, {conduct.confidence.label}, {amounts}, {span}"


def _claims(answer: Answer, file: str, room: int, *, with_names: bool) -> Iterator[str]:
    if not answer.weighed:
        yield "  none"
    for weighed in answer.weighed:
        claim = weighed.claim
        what = harmless(written(weighed)) if with_names else harmless(claim.source)
        words = f"{_place(file, claim.line)}: group {claim.group}, by {what}: {weighed.standing}"
        yield from output.wrapped(words, room, 2)


def _rules(answer: Answer, file: str, room: int) -> Iterator[str]:
    if not answer.explanation.rules:
        yield "  none"
    for place, each in enumerate(answer.explanation.rules):
        decides = place == answer.decided
        kind = "exception" if each.rule.is_exception else "rule"
        yield f"  {_place(file, each.rule.line)}: {kind} {each.rule.id} {_answer(each, decides=decides)}"
        for match in each.matches:
            mark = "+" if match.matched else "-"
            head = f"    {mark} {match.selector:<{_SELECTOR_WIDTH}}"
            yield from textwrap.wrap(
                harmless(match.why),
                room,
                initial_indent=head,
                subsequent_indent=" " * len(head),
                break_on_hyphens=False,
            )


def _answer(each: Explained, *, decides: bool) -> str:
    if decides:
        return click.style("matches, and decides", bold=True)
    return "matches too, but is not asked" if each.matched else "does not match"


def _verdict(answer: Answer, file: str, room: int) -> Iterator[str]:
    judgement = answer.judgement
    if answer.decided is None:
        by = f"by the default of group {answer.attribution.group}, since no rule matches"
    else:
        rule = answer.explanation.rules[answer.decided].rule
        by = f"by {'exception' if rule.is_exception else 'rule'} {rule.id} ({_place(file, rule.line)})"
    title = f"{judgement.verdict.label.upper()}, severity {judgement.severity.label}, {by}"
    wrapped = textwrap.wrap(title, room, subsequent_indent="  ", break_on_hyphens=False)
    yield from (click.style(line, bold=True) for line in wrapped)
    yield from output.wrapped(harmless(judgement.reason), room, 2)
    for name in judgement.lapsed:
        yield from output.wrapped(f"exception {name} would have come first, but had lapsed", room, 2)


def _place(file: str, line: int) -> str:
    return f"{harmless(file)}:{line}" if line else harmless(file)
