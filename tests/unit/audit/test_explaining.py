"""Why a conduct was judged as it was."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.audit import explaining
from auditor.audit.captures import options_for
from auditor.engine import CapturePath, sight
from auditor.identity.directory import Directory
from auditor.model.identity import Offset, SourceLine, Tenancy, Trust
from auditor.model.infohash import Infohash
from auditor.model.scale import Verdict
from auditor.pipeline.people import Shown
from auditor.pipeline.run import AuditResult, judge
from auditor.pipeline.whose import Whose
from auditor.policy import load
from auditor.policy.observation import Observation

if TYPE_CHECKING:
    from auditor.policy.evaluate import Policy

ROOT = Path(__file__).parents[3]
POLICY = """\
version: 1
purpose: test
people: pseudonym
inside: [10.0.0.0/8]
groups:
  - {name: staff, networks: [10.20.0.0/16], default: {verdict: notice, reason: nothing was said}}
  - {name: alices, users: [alice], default: {verdict: notice, reason: nothing was said}}
  - {name: unattributed, default: {verdict: notice, reason: nobody's}}
  - {name: unknown, default: {verdict: notice, reason: not ours}}
exceptions:
  - {id: lab-month, owner: head of lab, reason: measurements, until: 2026-10-31, group: alices}
rules:
  - {id: contacted, when: {participation: {at_most: contacted}}, verdict: allow, reason: outsiders}
  - id: sharing
    when: {participation: attempted, confidence: likely}
    first: {count: 1, within: 90d}
    verdict: violation
    reason: no sharing
  - {id: anything, verdict: notice, reason: anything}
"""
LINE = SourceLine("list", "list.csv", 2)


def _policy() -> Policy:
    loaded = load.parse(POLICY.encode(), Path("test.yaml"))
    assert loaded.policy is not None, loaded.issues
    return loaded.policy


def _supposed(directory: Directory | None) -> explaining.Answer:
    policy = _policy()
    whose = Whose(policy, None if directory is None else directory.ask, Shown(policy.people))
    observation = Observation.model_validate({"host": "10.20.0.5", "at": "2026-11-22T11:00:00Z"})
    return explaining.supposed(observation.conduct(), policy, whose, directory)


def test_what_is_supposed_is_explained_by_record_groups_and_rules() -> None:
    """The claim of a user goes before that of a network; each rule says why, past the one that decides too."""
    held = Tenancy(0, None, Trust.AUTHENTICATED, LINE, ip=ip_address("10.20.0.5"), user="alice")
    answer = _supposed(Directory([held], {"list": Offset("declared")}))

    assert [(w.claim.group, w.standing, w.claim.line) for w in answer.weighed] == [
        ("alices", "most specific", 7),
        ("staff", "less specific", 6),
    ]
    assert [(each.rule.id, each.rule.line, each.matched) for each in answer.explanation.rules] == [
        ("lab-month", 11, False),
        ("contacted", 13, False),
        ("sharing", 14, True),
        ("anything", 19, True),
    ]
    assert answer.decided == 2
    assert (answer.judgement.verdict, answer.judgement.lapsed) == (Verdict.NOTICE, ("lab-month",))
    assert answer.record is not None
    assert answer.record.holders[0].lines == (LINE,)


def test_without_sources_there_is_no_record() -> None:
    """The group is that of the network."""
    answer = _supposed(None)
    assert answer.record is None
    assert answer.attribution.group == "staff"


def test_the_document_names_people_only_where_it_may() -> None:
    """What the policy writes of a user stands in it with leave alone."""
    held = Tenancy(0, None, Trust.AUTHENTICATED, LINE, ip=ip_address("10.20.0.5"), user="alice")
    answer = _supposed(Directory([held], {"list": Offset("declared")}))
    shown = json.dumps(explaining.document((answer,), _policy(), "p.yaml", with_names=True))
    hidden = json.dumps(explaining.document((answer,), _policy(), "p.yaml"))
    assert "users: alice" in shown
    assert '"alice"' not in hidden
    assert "users: alice" not in hidden


def _office_day() -> tuple[AuditResult, Policy]:
    policy = load.load(ROOT / "policies" / "corporate.yaml")
    seen = sight([CapturePath(str(ROOT / "samples" / "office-day.pcapng"), "default")], options_for(policy))
    return judge(seen, policy), policy


def test_what_was_seen_is_explained_as_it_was_judged() -> None:
    """For each incident of the audit, the explanation comes to the same judgement."""
    result, policy = _office_day()
    for incident in result.incidents:
        conduct = incident.conduct
        answers = list(explaining.seen(result, policy, None, host=conduct.host, at=conduct.first))
        assert incident.id in {answer.incident.id for answer in answers if answer.incident}
        for answer in answers:
            assert answer.incident is not None
            assert answer.judgement == answer.incident.judgement


def test_a_time_or_a_torrent_that_is_not_the_incidents_finds_nothing() -> None:
    """A time to the second means all of that second."""
    result, policy = _office_day()
    incident = next(i for i in result.incidents if i.conduct.infohashes)
    host, first = incident.conduct.host, incident.conduct.first
    second = first // 10**9 * 10**9

    def found(at: int, *infohashes: Infohash) -> int:
        return len(list(explaining.seen(result, policy, None, host=host, at=at, infohashes=infohashes)))

    assert found(second) == 1
    assert found(second - 10**9) == 0
    assert incident.conduct.infohashes is not None
    assert found(second, Infohash(bytes(20)), incident.conduct.infohashes.wire[0]) == 1
    assert found(second, Infohash(bytes(20))) == 0
