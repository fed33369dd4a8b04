"""How an explanation reads."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from click import unstyle

from auditor.audit import explaining
from auditor.cli import explanation
from auditor.identity.directory import Directory
from auditor.model.identity import Offset, SourceLine, Tenancy, Trust
from auditor.pipeline.people import Shown
from auditor.pipeline.whose import Whose
from auditor.policy import load
from auditor.policy.observation import Observation

POLICY = """\
version: 1
purpose: test
people: none
inside: [10.0.0.0/8]
groups:
  - {name: staff, networks: [10.20.0.0/16], default: {verdict: notice, reason: nothing was said}}
  - {name: alices, users: [alice], default: {verdict: notice, reason: nothing was said}}
  - {name: unattributed, default: {verdict: notice, reason: nobody's}}
  - {name: unknown, default: {verdict: notice, reason: not ours}}
exceptions:
  - {id: lab-month, owner: head of lab, reason: measurements, until: 2026-10-31, group: alices}
rules:
  - {id: sharing, when: {participation: attempted}, verdict: notice, reason: no sharing}
  - {id: anything, verdict: notice, reason: anything}
"""


def _answer(**told: str) -> explaining.Answer:
    policy = load.parse(POLICY.encode(), Path("p.yaml")).policy
    assert policy is not None
    held = Tenancy(0, None, Trust.LEASED, SourceLine("list", "list.csv", 2), ip=ip_address("10.20.0.5"), user="alice")
    directory = Directory([held], {"list": Offset("declared")})
    observation = Observation.model_validate({"host": "10.20.0.5", "at": "2026-11-22T11:00:00Z", **told})
    whose = Whose(policy, directory.ask, Shown(policy.people))
    return explaining.supposed(observation.conduct(), policy, whose, directory)


def test_an_explanation_goes_from_the_record_to_the_verdict() -> None:
    """Each claim and rule with its place in the policy, each selector with its reason."""
    text = [unstyle(line) for line in explanation.text(_answer(), "p.yaml", 100)]
    assert text == [
        "supposed: 10.20.0.5, a torrent, transferred, confirmed, 0 B down, 0 B up, 2026-11-22 11:00:00 UTC",
        "",
        "Whose address it was",
        "  attributed: group alices",
        "  by user of group alices",
        "  so always, by the capture's clock",
        "  record: most trusted: dhcp lease",
        "    list list.csv:2",
        "  clock: declared: +0 s, give or take 0 s",
        "  candidate: group alices, by user of group alices: most specific",
        "  candidate: group staff, by network 10.20.0.0/16: less specific",
        "",
        "Groups that claim it, the most specific first",
        "  p.yaml:7: group alices, by user of group alices: most specific",
        "  p.yaml:6: group staff, by network 10.20.0.0/16: less specific",
        "",
        "Exceptions and rules, from top to bottom",
        "  p.yaml:11: exception lab-month does not match",
        "    + group          alices is alices",
        "    - valid          Sun 2026-11-22 11:00:00 to Sun 2026-11-22 11:00:00 (UTC) is not all within the",
        "                     rule's time",
        "  p.yaml:13: rule sharing matches, and decides",
        "    + participation  transferred is at least attempted",
        "  p.yaml:14: rule anything matches too, but is not asked",
        "",
        "NOTICE, severity low, by rule sharing (p.yaml:13)",
        "  no sharing",
        "  exception lab-month would have come first, but had lapsed",
    ]


def test_names_stand_only_where_they_may() -> None:
    """What the policy writes of a user is one."""
    answer = _answer()
    assert "alice:" not in "\n".join(explanation.text(answer, "p.yaml", 100)).replace("alices", "")
    assert "by users: alice:" in "\n".join(explanation.text(answer, "p.yaml", 100, with_names=True))


def test_it_fits_the_terminal() -> None:
    """However narrow, down to what anything needs."""
    for room in (60, 80, 300):
        assert max(len(unstyle(line)) for line in explanation.text(_answer(), "p.yaml", room)) <= min(room, 160)


def test_a_default_is_told_as_one() -> None:
    """It has no rule, and no place."""
    policy = load.parse(POLICY[: POLICY.index("exceptions:")].encode(), Path("p.yaml")).policy
    assert policy is not None
    observation = Observation.model_validate({"host": "10.99.0.5", "at": "2026-11-22T11:00:00Z"})
    answer = explaining.supposed(observation.conduct(), policy, Whose(policy, None, Shown(policy.people)), None)
    text = [unstyle(line) for line in explanation.text(answer, "p.yaml", 100)]
    assert text[-2] == "NOTICE, severity low, by the default of group unattributed, since no rule matches"
    assert text.count("  none") == 2
