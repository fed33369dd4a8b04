"""What identity sources hold, and whose an address was by them."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.audit import record as records
from auditor.identity.columns import TooManyStatements
from auditor.model.moment import rfc3339
from auditor.model.shaping import attribution_json
from auditor.pipeline.part import Host
from auditor.pipeline.whose import Whose
from auditor.policy.evaluate import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from auditor.audit.record import Record
    from auditor.identity.load import Built, Loaded, Refusal
    from auditor.model.attribution import Attribution
    from auditor.model.identity import Offset, SourceRead, Statement
    from auditor.model.scale import People
    from auditor.pipeline.people import Shown
    from auditor.policy.observation import Observation
    from auditor.written.issue import Issue

SCHEMA = "auditor.identity-lookup/1"
CHECK_SCHEMA = "auditor.identity-check/1"
Json = dict[str, Any]
_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class Found(NamedTuple):
    """Whose an address was."""

    host: Host
    at: int
    policy: Policy | None
    attribution: Attribution
    """Without a policy, its group says nothing."""
    record: Record
    sha256: str
    """Of the identity file and all that it names."""


def look_up(asked: Observation, policy: Policy | None, built: Built, shown: Shown) -> Found:
    """Ask whose an address was at a moment."""
    host = Host(asked.vantage, asked.host, asked.vlan, asked.mac)
    groups = policy or Policy.none()._replace(inside_networks=_EVERYWHERE)
    attribution = Whose(groups, built.directory.ask, shown).over(host, asked.at, asked.at)[0].attribution
    known = records.record(built.directory, host, asked.at)
    return Found(host, asked.at, policy, attribution, known, built.read.sha256)


def document(found: Found, people: People) -> Json:
    """Return whose an address was as JSON."""
    policy = found.policy
    attribution = attribution_json(found.attribution)
    if policy is None:
        attribution["group"] = None
    return {
        "schema": SCHEMA,
        "identity": {"sha256": found.sha256},
        "policy": None if policy is None else {"name": policy.name, "sha256": policy.sha256},
        "people": people.value,
        "address": str(found.host.ip),
        "at": rfc3339(found.at),
        "attribution": attribution,
        "record": records.document(found.record),
    }


class Held(NamedTuple):
    """What one source holds."""

    read: SourceRead
    statements: int
    since: int | None
    """The earliest moment that it speaks of; ``None`` where it tells no time."""
    until: int | None
    refusals: tuple[Refusal, ...]
    """The first of each file."""


class Checked(NamedTuple):
    """An identity file, and what its sources hold where it has no error."""

    path: Path
    issues: tuple[Issue, ...]
    sha256: str | None
    sources: tuple[Held, ...]
    problem: str | None = None
    """Why the sources cannot be used, where their files are too much."""


def check(path: Path, loaded: Loaded) -> Checked:
    """Read all that an identity file names."""
    issues = tuple(loaded.issues)
    if loaded.identity is None:
        return Checked(path, issues, None, ())
    spans = _Spans()
    try:
        built = loaded.identity.build(measuring=spans)
    except TooManyStatements as problem:
        return Checked(path, issues, None, (), str(problem))
    sources = tuple(
        Held(
            source,
            *spans.of(source.name),
            tuple(refusal for refusal in built.refusals if refusal.source == source.name),
        )
        for source in built.read.sources
    )
    return Checked(path, issues, built.read.sha256, sources)


class _Spans:
    """Looks at statements on their way, and notes of what times they speak."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, int | None, int | None]] = {}

    def take(self, statement: Statement) -> None:
        count, since, until = self._found.get(statement.line.source, (0, None, None))
        start, end = getattr(statement, "start", None), getattr(statement, "end", None)
        if start:  # what holds from the beginning of time on has no beginning
            since = start if since is None else min(since, start)
            until = max(until or start, start)
        if end is not None:
            until = max(until or end, end)
        self._found[statement.line.source] = (count + 1, since, until)

    def offsets(self, declared: Mapping[str, Offset] | None = None) -> Mapping[str, Offset]:
        return declared or {}

    def of(self, source: str) -> tuple[int, int | None, int | None]:
        return self._found.get(source, (0, None, None))


def check_document(checked: Sequence[Checked]) -> Json:
    """Return the outcome of checks as JSON."""
    return {"schema": CHECK_SCHEMA, "files": [_checked(each) for each in checked]}


def _checked(each: Checked) -> Json:
    return {
        "path": str(each.path),
        "sha256": each.sha256,
        "issues": [issue.as_json() for issue in each.issues],
        "problem": each.problem,
        "sources": [
            {
                "name": held.read.name,
                "kind": held.read.kind,
                "files": [file._asdict() for file in held.read.files],
                "statements": held.statements,
                "first": None if held.since is None else rfc3339(held.since),
                "last": None if held.until is None else rfc3339(held.until),
                "refused": [{"file": r.file, "line": r.line, "reason": r.reason} for r in held.refusals],
                "clock": records.clock(held.read.clock),
            }
            for held in each.sources
        ],
    }
