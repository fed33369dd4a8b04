"""What two policies say of the same traffic."""

from __future__ import annotations

from auditor.audit.difference import changes, document
from auditor.model.scale import Verdict
from auditor.pipeline.run import AuditResult, judge
from auditor.policy.evaluate import Policy
from tests.build.audits import office_day, policy
from tests.build.sighting import GUEST, OUTSIDER, connection, sighting


def judged(by: Policy) -> AuditResult:
    """A guest's download, and a day of others."""
    return judge(office_day(), by)


def test_the_same_policy_says_the_same() -> None:
    """Nothing is made up."""
    assert changes(judged(policy()), judged(policy())) == []


def test_another_default_is_told_with_both_sides() -> None:
    """Who was judged, and what each of the two says."""
    strict = policy()
    harsher = strict.defaults["guests"]._replace(verdict=Verdict.VIOLATION)
    seen = sighting([connection(GUEST, OUTSIDER)])
    old = judge(seen, strict._replace(rules=()))
    new = judge(seen, strict._replace(rules=(), defaults={**strict.defaults, "guests": harsher}))

    [change] = changes(old, new)
    told = document(old, new, [change])["changes"][0]

    assert change.old is not None
    assert change.new is not None
    assert (change.old.judgement.verdict, change.new.judgement.verdict) == (Verdict.NOTICE, Verdict.VIOLATION)
    assert (told["host"], told["old"]["verdict"], told["new"]["verdict"]) == (GUEST, "notice", "violation")


def test_an_incident_of_one_side_alone_is_a_change() -> None:
    """Another inside makes other incidents: the other side is null."""
    seen = sighting([connection(GUEST, OUTSIDER)])
    old, new = judge(seen, policy()), judge(sighting(), policy())

    [change] = changes(old, new)

    assert change.new is None
    assert document(old, new, [change])["changes"][0]["new"] is None
    assert change.either is change.old


def test_changes_come_in_order_of_time() -> None:
    """As in a log."""
    found = changes(judged(policy()), judged(Policy.none()))

    moments = [change.either.conduct.first for change in found]
    assert moments == sorted(moments)
    assert len(moments) > 1
