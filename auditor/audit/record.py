"""The record that says whose an address was at a moment: what it rests on, from when to when it holds, and how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.model.identity import Asked
from auditor.model.moment import HOUR, MINUTE, rfc3339
from auditor.model.shaping import clock_json
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from auditor.identity.directory import Directory
    from auditor.identity.load import Identity
    from auditor.model.identity import Holder, Offset, SourceLine, Tenure
    from auditor.pipeline.part import Host

Json = dict[str, Any]

MAX_TEXT = 500
"""Characters of a source's line that are shown."""
_REACHES = (3650 * 24 * HOUR, 31 * 24 * HOUR, 24 * HOUR, HOUR, 10 * MINUTE, MINUTE)
"""How far around a moment its interval is looked for; nearer where so much is said that a directory names nobody."""


class Record(NamedTuple):
    """What identity sources know of an address at one moment."""

    tenure: Tenure
    since: int | None
    """When it began to be so, by the capture's clock; ``None``: always, as far as sources say."""
    until: int | None
    """The last moment at which it is so; ``None``: still, as far as sources say."""

    @property
    def holders(self) -> tuple[Holder, ...]:
        """All who may have held it, the winner first."""
        return self.tenure.holders


def record(directory: Directory, host: Host, moment: int) -> Record:
    """Ask who held an address at a moment, and for how long it was so."""
    now = directory.ask(Asked(host.vantage, host.ip, host.vlan, host.mac, moment, moment))[0]
    for reach in _REACHES:
        first, last = max(0, moment - reach), moment + reach
        parts = directory.ask(Asked(host.vantage, host.ip, host.vlan, host.mac, first, last))
        here = next((part for part in parts if part.first <= moment <= part.last), None)
        if here is not None and (here.status, here.holders) == (now.status, now.holders):
            since = None if here.first == first else here.first
            return Record(now, since, None if here.last == last else here.last)
    return Record(now, moment, moment)


def document(known: Record) -> Json:
    """Return a record as JSON; it names nobody."""
    return {
        "status": known.tenure.status,
        "interval": {
            "from": None if known.since is None else rfc3339(known.since),
            "to": None if known.until is None else rfc3339(known.until),
        },
        "clock": clock(known.tenure.clock),
        "holders": [
            {
                "trust": holder.trust.name.lower(),
                "standing": holder.standing,
                "lines": [str(line) for line in holder.lines],
            }
            for holder in known.holders
        ],
    }


def clock(offset: Offset | None) -> Json | None:
    """Return a clock's offset as JSON."""
    return None if offset is None else clock_json(offset)


def names(holder: Holder) -> Json:
    """Return who a holder is: only for whoever may know."""
    return {
        "user": holder.user,
        "host": holder.host,
        "mac": holder.mac,
        "duid": holder.duid,
        "groups": list(holder.groups),
    }


class SourceTexts:
    """The text of lines of identity sources, read again by number."""

    def __init__(self, identity: Identity | None) -> None:
        self._files: Mapping[tuple[str, str], tuple[str, Path]] = {}
        if identity is not None:
            self._files = {
                (source.entry.name, file.shown): (source.entry.kind, file.path)
                for source in identity.sources
                for file in source.files
            }

    def of(self, line: SourceLine) -> str | None:
        """Return a line's text, harmless to print and cut; ``None`` where it cannot be read, or is a frame's number."""
        from auditor.identity.readers.lines import Lines  # noqa: PLC0415 - only for whoever may see people
        from auditor.identity.readers.registry import READERS  # noqa: PLC0415

        found = self._files.get((line.source, line.file))
        if found is None:
            return None
        kind, path = found
        try:
            with path.open("rb") as stream:
                lines = Lines(stream, READERS[kind].longest)
                text = next((text for number, text in enumerate(lines, 1) if number == line.line), None)
        except OSError:
            return None
        return None if text is None else harmless(text.decode("utf-8", "backslashreplace"), MAX_TEXT)


def people(known: Record, texts: SourceTexts) -> list[Json]:
    """Return who all holders are, each with the lines that say so: only for whoever may know."""
    return [
        {**names(holder), "lines": [{"line": str(line), "text": texts.of(line)} for line in holder.lines]}
        for holder in known.holders
    ]


def lines_of(known: Record) -> Iterator[SourceLine]:
    """Yield every line that a record rests on."""
    seen: dict[SourceLine, None] = {}
    holders: Sequence[Holder] = known.holders
    for holder in holders:
        seen |= dict.fromkeys(holder.lines)
    yield from seen
