"""What two policies say of the same traffic: for whoever is about to replace one by the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.model.moment import rfc3339

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from auditor.model.incident import Incident
    from auditor.pipeline.run import AuditResult

SCHEMA = "auditor.policy-diff/1"
Json = dict[str, Any]


class Change(NamedTuple):
    """One conduct of which the policies say different things."""

    old: Incident | None
    """``None`` where only the new policy tells the conduct like this: it parts holders of an address otherwise."""
    new: Incident | None

    @property
    def either(self) -> Incident:
        """The incident, of whichever policy has it."""
        found = self.new or self.old
        if found is None:
            raise ValueError("a change has one side at least")
        return found


def changes(old: AuditResult, new: AuditResult) -> list[Change]:
    """Return what is judged otherwise, in order of time."""
    before = {_conduct(incident): incident for incident in old.incidents}
    after = {_conduct(incident): incident for incident in new.incidents}
    pairs = [Change(before.get(which), after.get(which)) for which in before | after]
    return sorted(filter(_is_change, pairs), key=_order)


def document(old: AuditResult, new: AuditResult, found: Sequence[Change]) -> Json:
    """Return the differences as JSON."""
    return {
        "schema": SCHEMA,
        "old": {"name": old.policy_name, "sha256": old.policy_sha256},
        "new": {"name": new.policy_name, "sha256": new.policy_sha256},
        "captures": [{"path": capture.path, "sha256": capture.sha256} for capture in new.captures],
        "incidents": {"old": len(old.incidents), "new": len(new.incidents)},
        "changes": [_change(change) for change in found],
    }


def _change(change: Change) -> Json:
    conduct = change.either.conduct
    wire = conduct.infohashes.wire if conduct.infohashes else ()
    return {
        "kind": conduct.kind,
        "host": str(conduct.host),
        "infohashes": [str(infohash) for infohash in wire],
        "first": rfc3339(conduct.first),
        "last": rfc3339(conduct.last),
        "participation": conduct.participation.label,
        "old": _said(change.old),
        "new": _said(change.new),
    }


def _said(incident: Incident | None) -> Json | None:
    if incident is None:
        return None
    judgement = incident.judgement
    return {
        "group": incident.attribution.group,
        "status": incident.attribution.status,
        "verdict": judgement.verdict.label,
        "rule": judgement.rule,
        "severity": judgement.severity.label,
        "reason": judgement.reason,
    }


def _is_change(pair: Change) -> bool:
    return pair.old is None or pair.new is None or _said(pair.old) != _said(pair.new)


def _conduct(incident: Incident) -> Hashable:
    """Return what tells one conduct from all others of the same traffic, whichever policy speaks of it."""
    conduct = incident.conduct
    wire = conduct.infohashes.wire if conduct.infohashes else ()
    return (conduct.vantage, conduct.host, conduct.kind, wire, conduct.flows, conduct.activities, conduct.first)


def _order(pair: Change) -> tuple[int, int, int, str]:
    conduct = pair.either.conduct
    return conduct.first, conduct.host.version, int(conduct.host), conduct.kind
