"""How it reads what a store holds: incidents in a table, and one of them with all that led to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli import output
from auditor.cli.table import Cell, Column, lay_out, widths
from auditor.model.moment import rfc3339, since_epoch, to_second
from auditor.model.scale import People
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.evidence.reading import Content, History, Listed, Stored
    from auditor.evidence.retention import Purged

Json = dict[str, Any]
SCHEMA = "auditor.evidence/1"
NOTHING = "No incident in the store is so."
_DELETED = "(deleted)"
_COLOURS = {"violation": "red", "notice": "yellow", "allow": "green"}
_SHORT_ID = 12
"""The last digits of an id, which are random."""
_SHORT_INFOHASH = 10
_NAME_CHARACTERS = 60
_SHOWN = 50
"""Observations, flows and versions that people are shown; JSON has all."""
_COLUMNS = (
    Column(("id", "status"), least=9),
    Column(("verdict", "rule"), least=8),
    Column(("group", "host"), least=9),
    Column(("torrent", "did"), least=9),
    Column(("down", "up"), right=True, least=7),
    Column(("first", "last, UTC"), least=8),
)


# -- JSON --------------------------------------------------------------------------------------------------------------


def list_document(found: Sequence[Listed], *, show_names: bool) -> Json:
    """Return incidents as JSON."""
    return {
        "schema": SCHEMA,
        "incidents": [{**_incident(listed.record, show_names=show_names), "status": listed.status} for listed in found],
    }


def history_document(told: History, *, show_names: bool) -> Json:
    """Return all that is known of an incident as JSON."""
    people = _people(told)
    return {
        "schema": SCHEMA,
        "incident": told.id,
        "versions": [_incident(version, show_names=show_names) for version in told.versions],
        **{
            kind: [_record(each, people, show_names=show_names) for each in getattr(told, kind)]
            for kind in ("verdicts", "attributions", "observations", "flows", "notes")
        },
    }


def _incident(stored: Stored, *, show_names: bool) -> Json:
    """Return an incident's version, in the words of results: what it says and whom it is about together."""
    body, who = dict(stored.body or {}), dict(stored.identifying or {})
    holder = who.pop("attribution", None) or {}
    held = body.pop("attribution", None) or {}
    candidates = holder.get("candidates") or [{"group": group} for group in held.get("candidates", ())]
    _hide(who, body.get("people"), show_names=show_names)
    return {**body, **who, "attribution": {**held, **holder, "candidates": candidates}, **_about(stored)}


def _record(stored: Stored, people: str | None, *, show_names: bool) -> Json:
    who = dict(stored.identifying or {})
    _hide(who, people, show_names=show_names)
    return {**(stored.body or {}), "identifying": who or None, **_about(stored)}


def _about(stored: Stored) -> Json:
    return {
        "record": stored.id,
        "sequence": stored.sequence,
        "leaf": stored.leaf.hex(),
        "at": rfc3339(stored.at),
        "deleted": list(stored.deleted),
        "has_slices": stored.has_slices,
    }


def _hide(who: dict[str, Any], people: str | None, *, show_names: bool) -> None:
    """Take out what is not shown: devices unless people may be named, torrents' names unless they are asked for."""
    if people != People.NAMED.value:
        who.pop("mac", None)
        for end in ("orig", "resp"):
            if isinstance(who.get(end), dict):
                who[end] = {key: value for key, value in who[end].items() if key != "mac"}
    if not show_names:
        for name in ("torrent_name", "name") if "detector" in who else ("torrent_name",):
            who.pop(name, None)


def _people(told: History) -> str | None:
    bodies = [version.body for version in told.versions if version.body is not None]
    return bodies[-1].get("people") if bodies else None


# -- text --------------------------------------------------------------------------------------------------------------


def list_text(found: Sequence[Listed], room: int, *, show_names: bool) -> Iterator[str]:
    """Yield a table of incidents."""
    room = min(max(room, output.NARROWEST), output.WIDEST)
    if not found:
        yield NOTHING
        return
    rows = [_row(listed, show_names=show_names) for listed in found]
    wide = widths(_COLUMNS, rows, room) or [column.least or len(column.title[0]) for column in _COLUMNS]
    titles = lay_out(_COLUMNS, [tuple(column.title for column in _COLUMNS)], wide)
    yield from (click.style(line, dim=True) for line in titles)
    for listed, row in zip(found, rows, strict=True):
        lines = lay_out(_COLUMNS, [row], wide)
        colour = _COLOURS.get((listed.record.body or {}).get("verdict", ""))
        yield from (click.style(line, fg=colour) if place == 0 else line for place, line in enumerate(lines))


def _row(listed: Listed, *, show_names: bool) -> tuple[Cell, ...]:
    body: Content = listed.record.body or {}
    who: Content = listed.record.identifying or {}
    first, last = (to_second(since_epoch(body[name])) for name in ("first", "last"))
    day = len("2026-11-22 ")
    return (
        (listed.id[-_SHORT_ID:], listed.status),
        (body["verdict"], harmless(body["rule"] or "default")),
        (harmless(body["group"]), harmless(who.get("host") or _DELETED)),
        (_what(body, who, show_names=show_names), _did(body)),
        _amounts(body),
        (first, last[day:] if last[:day] == first[:day] else last),
    )


def _what(body: Content, who: Content, *, show_names: bool) -> str:
    """Name the torrent, as far as it may be named, or what an incident is about."""
    name = who.get("name") or (who.get("torrent_name") if show_names else None)
    if name:
        return harmless(name, _NAME_CHARACTERS)
    infohashes = body.get("infohashes")
    if body["kind"] == "encrypted":
        return f"encrypted, 1 of {len(infohashes['wire'])}" if infohashes else "encrypted"
    return f"{infohashes['wire'][0][:_SHORT_INFOHASH]}…" if infohashes else "DHT only"


def _did(body: Content) -> str:
    did = str(body["participation"]).replace("_", " ")
    return did if body["confidence"] == "confirmed" else f"{did}, {body['confidence']}"


def _amounts(body: Content) -> tuple[str, str]:
    if body["amount_basis"] == "none":
        return "-", "-"
    most = "≤" if body["amount_basis"] == "flow" else ""
    down, up = (most + output.size(body[way]) if body[way] else output.size(0) for way in ("downloaded", "uploaded"))
    return down, up


def history_text(told: History, room: int, *, show_names: bool) -> Iterator[str]:
    """Yield what led to an incident and what came of it."""
    room = min(max(room, output.NARROWEST), output.WIDEST)
    yield from output.wrapped(_headline(told, show_names=show_names), room, 0)
    sections = (
        ("How it grew", [_version(version) for version in told.versions]),
        ("What was judged", [_verdict(verdict) for verdict in told.verdicts]),
        ("Whose it was", [line for each in told.attributions for line in _attribution(each)]),
        ("What proves it", [_observation(each) for each in told.observations]),
        ("Flows", [_flow(each) for each in told.flows if (each.body or {}).get("is_over", True)]),
        ("Notes", [_note(each) for each in told.notes]),
    )
    for title, lines in sections:
        yield ""
        yield click.style(title, bold=True)
        for line in lines[:_SHOWN]:
            yield from output.wrapped(line, room, 2)
        if len(lines) > _SHOWN:
            yield f"  and {len(lines) - _SHOWN:,} more; --format json has all"
        if not lines:
            yield "  nothing"


def _headline(told: History, *, show_names: bool) -> str:
    newest = told.versions[-1]
    body: Content = newest.body or {}
    if not body:
        return f"{told.id}: {_DELETED}"
    who: Content = newest.identifying or {}
    down, up = _amounts(body)
    amounts = "" if down == "-" else f", {down} down, {up} up"
    first, last = (to_second(since_epoch(body[name])) for name in ("first", "last"))
    state = "over" if body["is_over"] else "open"
    mac = f" ({who['mac']})" if body["people"] == People.NAMED.value and who.get("mac") else ""
    what = _what(body, who, show_names=show_names)
    host = harmless(who.get("host") or _DELETED) + mac
    return f"{told.id}: {host}, {what}, {_did(body)}{amounts}, {first} to {last} UTC, {state}"


def _version(stored: Stored) -> str:
    body = stored.body
    if body is None:
        return f"{_at(stored)}  {_DELETED}"
    down, up = _amounts(body)
    over = ", over" if body["is_over"] else ""
    merged = "".join(f", with {each[-_SHORT_ID:]}" for each in body["merged"])
    return f"{_at(stored)}  {_did(body)}, {down} down, {up} up, {body['verdict']}{merged}{over}"


def _verdict(stored: Stored) -> str:
    body = stored.body
    if body is None:
        return f"{_at(stored)}  {_DELETED}"
    rule = f"rule {body['rule']}" if body["rule"] else "no rule matched"
    lapsed = "".join(f"; exception {name} has lapsed" for name in body["lapsed"])
    policy = f" (policy {body['policy_sha256'][:16]}…)" if body["policy_sha256"] else ""
    words = f"{body['verdict']}, severity {body['severity']}, {rule}: {body['reason']}{lapsed}{policy}"
    return f"{_at(stored)}  {harmless(words)}"


def _attribution(stored: Stored) -> Iterator[str]:
    body = stored.body
    if body is None:
        yield f"{_at(stored)}  {_DELETED}"
        return
    who: Content = stored.identifying or {}
    subject = f", {who['subject']}" if who.get("subject") else ""
    source = f", by {who['source']}" if who.get("source") else ""
    clock = f" (its clock: {body['clock']})" if body["clock"] not in {None, "measured"} else ""
    gone = f" {_DELETED}" if stored.deleted else ""
    yield f"{_at(stored)}  {harmless(body['status'] + ': ' + body['group'] + subject + source)}{clock}{gone}"
    for line in who.get("lines", ()):
        yield harmless(f"  {line}")
    for each in who.get("candidates", ()):
        yield harmless(f"  candidate {each['subject'] or 'nobody known'}, {each['group']}: {each['reason']}")


def _observation(stored: Stored) -> str:
    body = stored.body
    if body is None:
        return f"{_at(stored)}  {_DELETED}"
    frames = ", ".join(str(number) for _, number in body["frames"][:5])
    told = [
        body["detector"],
        *([f"by {body['end']}", body["confidence"]] if "end" in body else []),
        *([f"{body['count']:,} times"] if body.get("count", 1) > 1 else []),
        *([f"{each[:_SHORT_INFOHASH]}…" for each in body["infohashes"][:3]]),
        *([f"frames {frames}"] if frames else []),
        *(["with its frames"] if stored.has_slices else []),
    ]
    return f"{to_second(since_epoch(body['first']))}  {harmless(', '.join(told))}"


def _flow(stored: Stored) -> str:
    body = stored.body
    if body is None:
        return f"{_at(stored)}  {_DELETED}"
    who: Mapping[str, Any] = stored.identifying or {}
    ends = [f"{who[end]['ip']} port {who[end]['port']}" if end in who else _DELETED for end in ("orig", "resp")]
    sent = " and ".join(output.size(body["bytes"][end]) for end in ("orig", "resp"))
    start = to_second(since_epoch(body["first"]))
    return f"{start}  {body['transport']} {harmless(ends[0])} to {harmless(ends[1])}, {sent}, {body['confidence']}"


def _note(stored: Stored) -> str:
    body: Content = stored.body or {}
    who: Content = stored.identifying or {}
    words = f"{body.get('status', _DELETED)}, by {who.get('by', _DELETED)}: {who.get('reason', _DELETED)}"
    return f"{_at(stored)}  {harmless(words, 3000)}"


def _at(stored: Stored) -> str:
    return to_second(stored.at)


def purged_text(gone: Purged, *, dry_run: bool) -> Iterator[str]:
    """Yield what was deleted, or would be."""
    would = "would lose" if dry_run else "lost"
    if not gone.records:
        yield "Nothing in the store is too old."
        return
    parts = ", ".join(f"{output.counted(count, 'part')} {name}" for name, count in sorted(gone.parts.items()))
    yield f"{output.counted(gone.records, 'record')} {would} {parts}"
    for kind, count in gone.kinds.items():
        yield f"  {count:>10,}  {kind}"
