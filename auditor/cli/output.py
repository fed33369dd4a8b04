"""What people read: every word and figure that commands show.

Data goes to stdout, words about it to stderr. Nothing that a stranger wrote reaches a terminal as it came: see
:func:`auditor.model.text.harmless`.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, repeat
from typing import TYPE_CHECKING

import click

from auditor.cli import whose
from auditor.cli.stdout import silence_stdout
from auditor.cli.table import Cell, Column, lay_out, widths
from auditor.model.incident import Conduct, Incident
from auditor.model.moment import NANOSECONDS, to_second
from auditor.model.scale import AmountBasis, Confidence, Verdict
from auditor.model.text import harmless

if TYPE_CHECKING:
    from auditor.model.capture import CaptureInfo
    from auditor.model.incident import VerifiedAmount
    from auditor.pipeline.content import ShownTorrent
    from auditor.pipeline.run import AuditResult

LEAD = "An incident is a lead about a device, not a finding about a person."
NOTHING_READ = "No capture could be read, so nothing can be said."
NOTHING_SEEN = "No BitTorrent was seen in what this capture shows."
UNSEEN = (
    "This release reads BitTorrent's handshakes, messages, metadata and peer exchange over TCP and uTP, the mainline "
    "DHT, trackers over HTTP, UDP and WebSocket, announces to the local network, torrent files and web seeds, all of "
    "it in clear, and ties encrypted streams (MSE) to that. Not seen: encrypted streams to which nothing in clear "
    "points, trackers and web seeds over HTTPS, WebRTC, and whatever is inside a VPN."
)
NARROWEST = 60
WIDEST = 160
_INDENT = " " * 8
_SAMPLE = 64
_SHORT_INFOHASH = 10
_NAME_CHARACTERS = 60
_FILES_SHOWN = 10
_COLOURS = {Verdict.VIOLATION: "red", Verdict.NOTICE: "yellow", Verdict.ALLOW: "green"}

_UNSEEN_TOTALS = {
    "one_sided_flows": "One-sided flows, of which only one direction was captured",
    "one_sided_bytes": "Bytes that TCP acknowledged of directions that were not captured at all",
    "unseen_bytes": "Bytes that TCP acknowledged and that are not in the capture, which lost them",
    "midstream_flows": "Flows already under way when the capture began, whose beginning is not in it",
    "other_packets": "Packets that are neither TCP nor UDP",
}
_ANOMALIES = {
    "frame-snapped": "frames of which the capture kept only the first bytes (snap length)",
    "link-unknown": "frames of a link type that is not decoded",
    "link-truncated": "frames whose link header ends too early",
    "packet-truncated": "packets whose headers, and fragments whose bytes, are not all there",
    "nesting-too-deep": "frames with more tags or tunnels than are followed",
    "ipv4-malformed": "malformed IPv4 headers",
    "ipv6-malformed": "malformed IPv6 headers",
    "tunnel-malformed": "malformed tunnel headers",
    "tcp-malformed": "malformed TCP headers",
    "udp-malformed": "malformed UDP headers",
    "fragment-conflict": "fragments that contradict another",
    "fragment-incomplete": "packets whose fragments never became whole",
    "tcp-gap": "gaps, TCP bytes that were sent and not captured",
    "tcp-overlap-conflict": "TCP bytes sent twice with different content (the first were kept)",
    "utp-gap": "gaps, uTP packets that were sent and not captured",
    "utp-overlap-conflict": "uTP packets sent twice with different content (the first were kept)",
    "utp-overfull": "uTP connections between two sockets beyond what is told apart",
    "message-malformed": "malformed BitTorrent messages",
    "krpc-malformed": "datagrams that look like the DHT's and are not",
    "krpc-echoed": "datagrams of the DHT that were sent back under the node id of the other end",
    "tracker-malformed": "malformed messages to and from trackers",
    "tracker-overfull": "torrents, requests or peers at one tracker beyond what is told apart",
    "websocket-malformed": "malformed or overlong WebSocket messages",
    "time-backwards": "frames more than a second before the one in front of them",
}


def audit_text(result: AuditResult, room: int) -> Iterator[str]:
    """Yield the lines of an audit for people, at most ``room`` columns wide: incidents first, gravest first."""
    room = min(max(room, NARROWEST), WIDEST)
    if result.incidents:
        yield from _incidents(result, room)
    elif any(capture.was_read for capture in result.captures):
        yield NOTHING_SEEN
        yield ""
    else:
        yield NOTHING_READ
        yield ""
    yield click.style("What was looked at", bold=True)
    yield from _facts(_looked_at(result), room)
    yield ""
    yield click.style("What was not", bold=True)
    for line in _not_looked_at(result):
        yield from textwrap.wrap(line, room, initial_indent="  ", subsequent_indent="    ")
    yield ""
    yield from textwrap.wrap(LEAD, room)


# -- incidents ---------------------------------------------------------------------------------------------------------


def _incidents(result: AuditResult, room: int) -> Iterator[str]:
    """Yield the incidents by verdict, and below it by the rule that gave it, all in the same columns."""
    ranked = sorted(result.incidents, key=_gravity)
    torrents = {torrent.id: torrent for torrent in result.torrents}
    columns, rows, wide = _layout(ranked, room)
    placed = zip(ranked, rows, strict=True)
    titles = [click.style(line, dim=True) for line in lay_out(columns, [_titles(columns)], wide)]
    for verdict, judged in groupby(placed, key=lambda each: each[0].judgement.verdict):
        same_verdict = list(judged)
        title = f"{verdict.label.upper()}: {counted(len(same_verdict), 'incident')}"
        yield click.style(title, fg=_COLOURS[verdict], bold=True)
        yield from titles
        for _, ruled in groupby(same_verdict, key=lambda each: _gravity(each[0])):
            same_rule = list(ruled)
            yield ""
            yield from textwrap.wrap(_rule(same_rule[0][0]), room)
            yield from _table(columns, [(row, _notes(i, torrents)) for i, row in same_rule], wide, room)
        yield ""


def _table(
    columns: Sequence[Column], noted: Iterable[tuple[tuple[Cell, ...], list[str]]], wide: Sequence[int], room: int
) -> Iterator[str]:
    """Yield the rows of incidents, below each what stands in no column."""
    rows: list[tuple[Cell, ...]] = []
    for row, notes in noted:
        rows.append(row)
        if notes:
            yield from lay_out(columns, rows, wide)
            for note in notes:
                yield from textwrap.wrap(note, room, initial_indent=_INDENT, subsequent_indent=_INDENT)
            rows = []
    yield from lay_out(columns, rows, wide)


def _notes(incident: Incident, torrents: Mapping[str, ShownTorrent]) -> list[str]:
    held = list(whose.words(incident.attribution))
    claims = _claims(incident.conduct)
    proven = _proven(incident.conduct.verified, torrents.get(incident.torrent or ""))
    lapsed = [f"exception {name} has lapsed" for name in incident.judgement.lapsed]
    return [*held, *lapsed, *([claims] if claims else ()), *proven]


def _proven(verified: VerifiedAmount | None, torrent: ShownTorrent | None) -> Iterator[str]:
    """Say what was proven by hashes, and of which files, by name where names are shown."""
    if verified is None or torrent is None:
        return
    files = f" of {counted(len(verified.files), 'file')}" if verified.files else ""
    wrong = f"; {size(verified.wrong)} were not the torrent's" if verified.wrong else ""
    yield f"verified{files}: {size(verified.downloaded)} down, {size(verified.uploaded)} up{wrong}"
    shown, places = torrent.files or (), torrent.places()
    amounts = [(shown[places[each.offset]].path, each) for each in verified.files if each.offset in places]
    named = [(path, each) for path, each in amounts if path is not None]
    for path, each in named[:_FILES_SHOWN]:
        yield f"{harmless(path, _NAME_CHARACTERS)}: {size(each.downloaded)} down, {size(each.uploaded)} up"
    if len(named) > _FILES_SHOWN:
        yield f"and {counted(len(named) - _FILES_SHOWN, 'file')} more"


def _claims(conduct: Conduct) -> str:
    """Say what a client claimed to trackers last: its own words, so they stand in no column of amounts."""
    if conduct.claimed is None:
        return ""
    last = conduct.claimed.last
    counts = ((last.downloaded, "down"), (last.uploaded, "up"), (last.left, "left"))
    told = [f"{size(count)} {word}" for count, word in counts if count is not None]
    told += ["completed"] if conduct.claimed.completed else []
    return f"claims {', '.join(told)}" if told else ""


def _gravity(incident: Incident) -> tuple[int, int, str, str]:
    judgement = incident.judgement
    return (-judgement.verdict, -judgement.severity, judgement.rule or "", judgement.reason)


def _rule(incident: Incident) -> str:
    judgement = incident.judgement
    rule = f"rule {judgement.rule}" if judgement.rule else "no rule matched"
    return harmless(f"{rule}, severity {judgement.severity.label}: {judgement.reason}")


_Row = Callable[[Incident], tuple[Cell, ...]]


def _layout(incidents: Sequence[Incident], room: int) -> tuple[tuple[Column, ...], list[tuple[Cell, ...]], list[int]]:
    """Choose the widest layout that fits; the narrowest folds what must be folded."""
    some = incidents[:: len(incidents) // _SAMPLE + 1]
    for columns, row in _LAYOUTS:
        last = row is _LAYOUTS[-1][1]
        if not last and widths(columns, [row(incident) for incident in some], room) is None:
            continue  # If some do not fit, all need not be tried.
        rows = [row(incident) for incident in incidents]
        wide = widths(columns, rows, room)
        if wide is not None:
            return columns, rows, wide
    return columns, rows, [column.least or len(column.title[0]) for column in columns]


def _titles(columns: Iterable[Column]) -> tuple[Cell, ...]:
    return tuple(column.title for column in columns)


def _wide_row(incident: Incident) -> tuple[Cell, ...]:
    conduct = incident.conduct
    down, up = amounts(conduct)
    first, last = span(conduct)
    return (
        (incident.id,),
        (group(incident),),
        (str(conduct.host),),
        (what(incident),),
        (", ".join(did(conduct)),),
        (down,),
        (up,),
        (f"{first} to {last}",),
    )


def _medium_row(incident: Incident) -> tuple[Cell, ...]:
    conduct = incident.conduct
    return (
        (incident.id,),
        (group(incident), str(conduct.host)),
        (what(incident),),
        did(conduct),
        amounts(conduct),
        span(conduct),
    )


def _narrow_row(incident: Incident) -> tuple[Cell, ...]:
    conduct = incident.conduct
    first, last = span(conduct)
    return (
        (incident.id, group(incident), str(conduct.host)),
        (what(incident), *did(conduct)),
        amounts(conduct),
        (*first.split(), *f"to {last}".rsplit(" ", last.count(" "))),
    )


_LAYOUTS: tuple[tuple[tuple[Column, ...], _Row], ...] = (
    (
        (
            Column(("id",)),
            Column(("group",)),
            Column(("host",)),
            Column(("torrent",), least=20),
            Column(("did",)),
            Column(("down",), right=True),
            Column(("up",), right=True),
            Column(("first to last, UTC",)),
        ),
        _wide_row,
    ),
    (
        (
            Column(("id",)),
            Column(("group", "host"), least=15),
            Column(("torrent",), least=11),
            Column(("did",)),
            Column(("down", "up"), right=True),
            Column(("first", "last, UTC")),
        ),
        _medium_row,
    ),
    (
        (
            Column(("id", "group", "host"), least=15),
            Column(("torrent", "did"), least=11),
            Column(("down", "up"), right=True),
            Column(("first", "last, UTC")),
        ),
        _narrow_row,
    ),
)


def group(incident: Incident) -> str:
    """Name the group that an incident is laid to."""
    attribution = incident.attribution
    doubt = " (ambiguous)" if attribution.status == "ambiguous" else ""
    return harmless(attribution.group) + doubt


def what(incident: Incident) -> str:
    """Name the torrent of an incident, as far as it may be named, or what it is about."""
    infohashes = incident.conduct.infohashes
    if incident.name:
        return harmless(incident.name, _NAME_CHARACTERS)
    if incident.conduct.kind == "encrypted":
        return f"encrypted, 1 of {len(infohashes.wire)}" if infohashes else "encrypted"
    if infohashes:
        return f"{str(infohashes.wire[0])[:_SHORT_INFOHASH]}…"
    return "DHT only"


def did(conduct: Conduct) -> Cell:
    """Say what the host did, and how sure that is where it is not certain."""
    did = conduct.participation.label.replace("_", " ")
    return (did,) if conduct.confidence is Confidence.CONFIRMED else (did, conduct.confidence.label)


def amounts(conduct: Conduct) -> tuple[str, str]:
    """Return what went down and up; ``≤`` where messages were missed and all payload was counted instead."""
    if conduct.amount_basis is AmountBasis.NONE:
        return "-", "-"
    most = "≤" if conduct.amount_basis is AmountBasis.FLOW else ""
    down, up = (most + size(count) if count else size(0) for count in (conduct.downloaded, conduct.uploaded))
    return down, up


def span(conduct: Conduct) -> tuple[str, str]:
    """Return the first and the last second of a conduct; the day once."""
    first, last = to_second(conduct.first), to_second(conduct.last)
    day = len("2026-11-22 ")
    return first, last[day:] if last[:day] == first[:day] else last


# -- what was looked at, and what was not ------------------------------------------------------------------------------


def _looked_at(result: AuditResult) -> Iterator[tuple[str, str]]:
    read = [capture for capture in result.captures if capture.was_read]
    vantages = sorted({capture.vantage for capture in read})
    what = _capture(read[0]) if len(read) == 1 else f"{len(read):,}"
    yield "captures", what + (f", at {len(vantages)} vantage points" if len(vantages) > 1 else "")
    moments = [moment for capture in read for moment in (capture.first, capture.last) if moment is not None]
    if moments:
        first, last = min(moments), max(moments)
        yield "time", f"{to_second(first)} to {to_second(last)} UTC ({duration(last - first)})"
    yield "packets", f"{sum(c.packets for c in read):,}, {size(sum(c.bytes for c in read))}"
    tcp, udp = result.totals.get("tcp_flows", 0), result.totals.get("udp_flows", 0)
    yield "flows", f"{tcp + udp:,} (TCP {tcp:,}, UDP {udp:,})"
    if twice := result.totals.get("duplicate_frames"):
        yield "", f"{counted(twice, 'frame')} captured twice, counted once"
    yield "inside", ", ".join(result.inside) or "no network"
    if result.policy_name:
        yield "policy", f"{harmless(result.policy_name)}, sha256 {(result.policy_sha256 or '')[:16]}…"
    else:
        yield "policy", "none"
    if result.identity is not None:
        lines = whose.sources(result.identity)
        yield from zip(chain(["identity"], repeat("")), lines, strict=False)


def _not_looked_at(result: AuditResult) -> Iterator[str]:
    yield from _not_in(result.captures)
    for total, words in _UNSEEN_TOTALS.items():
        if count := result.totals.get(total):
            yield f"{words}: {count:,}."
    if untied := result.totals.get("untied_flows"):
        look, them = ("flow looks", "it") if untied == 1 else ("flows look", "them")
        yield f"{untied:,} {look} like random bytes from the start; nothing ties {them} to BitTorrent."
    anomalies: Counter[str] = Counter()
    for capture in result.captures:
        anomalies.update(capture.anomalies)
    for kind, count in sorted(anomalies.items()):
        words = _ANOMALIES.get(kind, harmless(kind).replace("-", " "))
        yield f"{words[:1].upper()}{words[1:]}: {count:,}."
    for limit, count in sorted(result.limits_hit.items()):
        yield f"The limit {harmless(limit)} was reached {counted(count, 'time')}: what lay beyond it was not looked at."
    unhashed = sum(capture.was_read and capture.sha256 is None for capture in result.captures)
    if unhashed:
        yield f"{counted(unhashed, 'capture')} without SHA-256: nothing proves later which bytes were audited."
    yield UNSEEN


def _not_in(captures: Iterable[CaptureInfo]) -> Iterator[str]:
    for capture in captures:
        if capture.error is not None:
            yield unreadable(capture)
        elif capture.truncated:
            yield f"{_capture(capture)} breaks off; it was audited as far as it goes."
        elif not capture.packets:
            yield f"{_capture(capture)} holds no packets."


def _capture(capture: CaptureInfo) -> str:
    return "standard input" if capture.path == "-" else harmless(capture.path)


def _facts(facts: Iterable[tuple[str, str]], room: int) -> Iterator[str]:
    indent = " " * 12
    for name, words in facts:
        yield from textwrap.wrap(words, room, initial_indent=f"  {name:<10}", subsequent_indent=indent)


def wrapped(words: str, room: int, indent: int) -> Iterator[str]:
    """Fold a sentence; what follows its first line is indented more."""
    lead = " " * indent
    yield from textwrap.wrap(
        words, room, initial_indent=lead, subsequent_indent=lead + "  ", break_on_hyphens=False, break_long_words=False
    )


# -- figures -----------------------------------------------------------------------------------------------------------

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")
_THOUSAND = 1000


def size(count: int) -> str:
    """Write bytes for people, three digits, in powers of ten: ``999 B``, ``1.23 MB``, ``45.6 GB``."""
    if count < _THOUSAND:
        return f"{count} B"
    amount = float(count)
    for unit in _UNITS:
        amount /= _THOUSAND
        for decimals, limit in ((2, 9.995), (1, 99.95), (0, 999.5)):
            if amount < limit:  # What rounds to a thousand takes the next unit.
                return f"{amount:.{decimals}f} {unit}"
    return f"{amount:.0f} {_UNITS[-1]}"


def duration(nanoseconds: int) -> str:
    """Write a span of time for people, with its two largest units: ``8 h 30 min``, ``12.5 s``."""
    seconds = nanoseconds / NANOSECONDS
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    if minutes:
        return f"{minutes} min {int(seconds) % 60} s"
    return f"{seconds:.1f} s"


def counted(count: int, noun: str) -> str:
    """Write a count with its noun: ``1 incident``, ``2 incidents``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


# -- words on stderr ---------------------------------------------------------------------------------------------------

_ADDRESSES_SHOWN = 10


def say_all(lines: Iterable[str]) -> None:
    """Write several such lines."""
    for line in lines:
        say(line)


def say(words: str) -> None:
    """Write words about the data to stderr, on one line."""
    click.echo(harmless(words, 4096), err=True)


def no_policy() -> str:
    """Say what an audit without a policy means."""
    return "No policy was given: no groups are defined, everyone is `unattributed`. Run `auditor policy init`."


def unreadable(capture: CaptureInfo) -> str:
    """Say why a capture could not be read, or not on."""
    how_far = "was read only in part" if capture.truncated else "could not be read"
    return f"{_capture(capture)} {how_far}: {harmless(capture.error or '')}"


def undeclared(result: AuditResult) -> str:
    """Name the addresses of BitTorrent without an inside end, so that ours among them can be declared."""
    shown = ", ".join(str(address) for address in result.undeclared[:_ADDRESSES_SHOWN])
    more = len(result.undeclared) - _ADDRESSES_SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    return (
        f"BitTorrent without an inside end was reported in group `unknown`. Declare those of its addresses that are "
        f"yours under `inside` or `egress` in the policy: {shown}{rest}"
    )


# -- terminals ---------------------------------------------------------------------------------------------------------


def emit(text: str, colour: bool | None = None) -> None:
    """Write data to stdout; quietly give up when whoever read it has gone."""
    try:
        click.echo(text, color=colour)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def terminal_width() -> int:
    """Return the columns of the terminal that stdout is; 100 where it is none and ``COLUMNS`` does not say."""
    if os.environ.get("COLUMNS", "").isdigit():
        return int(os.environ["COLUMNS"])
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 100


def colour_wanted(choice: str) -> bool | None:
    """Return what click is to do with colour: ``None`` is by terminal, where ``NO_COLOR`` (no-color.org) is not set."""
    if choice == "auto":
        return False if os.environ.get("NO_COLOR") else None
    return choice == "always"
