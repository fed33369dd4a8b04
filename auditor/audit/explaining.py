"""Why a conduct was judged as it was: whose address it was and what says so, the groups weighed, each rule's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.audit import record as records
from auditor.audit.supposing import suppose
from auditor.model.moment import rfc3339
from auditor.model.shaping import attribution_json
from auditor.pipeline.part import Host
from auditor.policy.history import History
from auditor.policy.observation import goes_on, is_about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.audit.record import Record
    from auditor.identity.directory import Directory
    from auditor.model.attribution import Attribution
    from auditor.model.flow import Address
    from auditor.model.incident import Conduct, Incident, Judgement
    from auditor.model.infohash import Infohash
    from auditor.pipeline.run import AuditResult
    from auditor.pipeline.whose import Whose
    from auditor.policy.evaluate import Explained, Explanation, Policy
    from auditor.policy.membership import Weighed

SCHEMA = "auditor.policy-explain/1"
Json = dict[str, Any]


class Answer(NamedTuple):
    """One conduct, and everything that its judgement rests on."""

    conduct: Conduct
    incident: Incident | None
    """``None`` for a conduct that is supposed."""
    attribution: Attribution
    record: Record | None
    """``None`` without identity sources, or for an address that is not ours."""
    weighed: tuple[Weighed, ...]
    explanation: Explanation

    @property
    def judgement(self) -> Judgement:
        """What is said of it."""
        return self.explanation.judgement

    @property
    def decided(self) -> int | None:
        """The place of the rule that decided, among all; ``None`` where none did."""
        return next((place for place, each in enumerate(self.explanation.rules) if each.matched), None)


def supposed(conduct: Conduct, policy: Policy, whose: Whose, directory: Directory | None) -> Answer:
    """Explain what would be said of a conduct."""
    ended, attribution = suppose(conduct, whose)
    return _answer(ended, None, attribution, policy, directory, History())


def seen(
    result: AuditResult,
    policy: Policy,
    directory: Directory | None,
    *,
    host: Address,
    at: int,
    infohashes: tuple[Infohash, ...] = (),
) -> Iterator[Answer]:
    """Explain the incidents of a host at a time, of these torrents where any are named."""
    history = History()
    for incident in result.incidents:
        conduct = incident.conduct
        is_meant = conduct.host == host and goes_on(conduct, at)
        if is_meant and (not infohashes or any(is_about(conduct, infohash) for infohash in infohashes)):
            yield _answer(conduct, incident, incident.attribution, policy, directory, history)
        policy.judge(conduct, incident.attribution, history)  # what comes later may be counted with it


def _answer(  # noqa: PLR0917 - an answer rests on as many things
    conduct: Conduct,
    incident: Incident | None,
    attribution: Attribution,
    policy: Policy,
    directory: Directory | None,
    history: History,
) -> Answer:
    host = Host(conduct.vantage, conduct.host, conduct.vlan, conduct.mac)
    known = None
    if directory is not None and policy.is_inside(conduct.host):
        known = records.record(directory, host, conduct.first)
    holder = known.holders[0] if known is not None and known.tenure.status == "attributed" else None
    weighed = policy.weigh(conduct.host, vlan=conduct.vlan, mac=conduct.mac, holder=holder)
    explanation = policy.explain(conduct, attribution, history)
    return Answer(conduct, incident, attribution, known, weighed, explanation)


def document(answers: tuple[Answer, ...], policy: Policy, file: str, *, with_names: bool = False) -> Json:
    """Return explanations as JSON, by the policy in ``file``; what it writes of people is in it only ``with_names``."""
    return {
        "schema": SCHEMA,
        "policy": {"path": file, "name": policy.name, "sha256": policy.sha256},
        "people": policy.people.value,
        "explanations": [_document(answer, with_names=with_names) for answer in answers],
    }


def _document(answer: Answer, *, with_names: bool) -> Json:
    conduct, judgement = answer.conduct, answer.judgement
    return {
        "incident": answer.incident.id if answer.incident else None,
        "supposed": answer.incident is None,
        "host": str(conduct.host),
        "kind": conduct.kind,
        "infohashes": [str(each) for each in conduct.infohashes.wire] if conduct.infohashes else [],
        "first": rfc3339(conduct.first),
        "last": rfc3339(conduct.last),
        "participation": conduct.participation.label,
        "confidence": conduct.confidence.label,
        "detectors": list(conduct.detectors),
        "downloaded": conduct.downloaded,
        "uploaded": conduct.uploaded,
        "amount_basis": conduct.amount_basis.label,
        "attribution": attribution_json(answer.attribution),
        "record": None if answer.record is None else records.document(answer.record),
        "claims": [_claim(each, with_names=with_names) for each in answer.weighed],
        "rules": [_rule(each, place, answer.decided) for place, each in enumerate(answer.explanation.rules)],
        "verdict": judgement.verdict.label,
        "rule": judgement.rule,
        "severity": judgement.severity.label,
        "reason": judgement.reason,
        "lapsed": list(judgement.lapsed),
    }


def _claim(weighed: Weighed, *, with_names: bool) -> Json:
    claim = weighed.claim
    return {
        "group": claim.group,
        "on": claim.rank[0].name.lower(),
        "claim": written(weighed) if with_names else claim.source,
        "standing": weighed.standing,
        "line": claim.line or None,
    }


def written(weighed: Weighed) -> str:
    """Return a claim as the policy writes it, which may name a person or a device."""
    claim = weighed.claim
    what = getattr(claim.what, "text", claim.what)
    attribute = f" {claim.attribute}" if claim.attribute else ""
    return f"{claim.key}{attribute}: {what}"


def _rule(each: Explained, place: int, decided: int | None) -> Json:
    return {
        "rule": each.rule.id,
        "exception": each.rule.is_exception,
        "line": each.rule.line or None,
        "matched": each.matched,
        "decided": place == decided,
        "verdict": each.rule.judgement.verdict.label,
        "selectors": [{"selector": m.selector, "matched": m.matched, "why": m.why} for m in each.matches],
    }
