"""Rules and exceptions: what each says of a conduct that it matches, and when it says nothing."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from auditor.model.attribution import Attribution
from auditor.model.incident import Conduct
from auditor.model.moment import HOUR, MINUTE
from auditor.model.scale import Confidence, Severity, Verdict
from auditor.policy.evaluate import Policy
from auditor.policy.history import History
from auditor.policy.rule import in_words, match
from tests.unit.policy.conftest import NOON

MakeConduct = Callable[..., Conduct]
MakePolicy = Callable[[str], Policy]
EMPLOYEE = Attribution("employees", "attributed")
SURE = "participation: attempted, confidence: likely"
DAY = 24 * HOUR


def _exception(until: str = "2026-12-31", rest: str = "") -> str:
    return f"exceptions:\n  - {{id: x, owner: IT, reason: for a project, until: {until}{rest}}}\n"


def test_an_exception_comes_before_every_rule(policy: MakePolicy, conduct: MakeConduct) -> None:
    """Its id stands where a rule's would; it allows, unless it says that it is a notice."""
    rule = f"rules:\n  - {{id: r, when: {{{SURE}}}, verdict: violation, reason: no}}\n"
    allowed = policy(_exception() + rule).judge(conduct(), EMPLOYEE)
    assert (allowed.verdict, allowed.rule, allowed.severity) == (Verdict.ALLOW, "x", Severity.INFO)
    noticed = policy(_exception(rest=", verdict: notice, severity: medium") + rule).judge(conduct(), EMPLOYEE)
    assert (noticed.verdict, noticed.severity) == (Verdict.NOTICE, Severity.MEDIUM)
    for_guests = policy(_exception(rest=", group: guests") + rule)
    assert for_guests.judge(conduct(), EMPLOYEE).rule == "r"
    assert for_guests.judge(conduct(), Attribution("guests", "attributed")).rule == "x"


def test_a_lapsed_exception_no_longer_matches_and_is_told(policy: MakePolicy, conduct: MakeConduct) -> None:
    """By the conduct's own time; one that goes on past the end is not covered, but partly still a notice."""
    ended = policy(_exception("2026-11-21"))
    judged = ended.judge(conduct(), EMPLOYEE)
    assert (judged.rule, judged.reason, judged.lapsed) == (None, "employees by default", ("x",))
    assert ended.judge(conduct(first=NOON - DAY, last=NOON - DAY), EMPLOYEE).rule == "x"
    over = conduct(first=NOON - DAY, last=NOON)
    assert (ended.judge(over, EMPLOYEE).rule, ended.judge(over, EMPLOYEE).lapsed) == (None, ("x",))
    partly = policy(_exception("2026-11-21", ", verdict: notice")).judge(over, EMPLOYEE)
    assert (partly.rule, partly.lapsed) == ("x", ())


def test_only_what_would_have_matched_has_lapsed(policy: MakePolicy, conduct: MakeConduct) -> None:
    """Not one for others, one that is yet to begin, or one below an exception that matches."""
    for rest in (", group: guests", ", when: {confidence: {at_most: likely}}"):
        assert policy(_exception("2026-11-21", rest)).judge(conduct(), EMPLOYEE).lapsed == ()
    assert policy(_exception("2026-12-31", ", from: 2026-12-01")).judge(conduct(), EMPLOYEE).lapsed == ()
    three = (
        "exceptions:\n"
        "  - {id: a, owner: IT, reason: x, until: 2026-01-01}\n"
        "  - {id: b, owner: IT, reason: x, until: 2026-12-31, when: {confidence: confirmed}}\n"
        "  - {id: c, owner: IT, reason: x, until: 2026-02-01}\n"
    )
    judged = policy(three).judge(conduct(), EMPLOYEE)
    assert (judged.rule, judged.lapsed) == ("b", ("a",))


def test_a_notice_before_a_violation(policy: MakePolicy, conduct: MakeConduct) -> None:
    """The first one within the time, of the same host, and again when the time has passed."""
    some = policy(
        f"rules:\n  - {{id: r, first: {{count: 2, within: 90d}}, when: {{{SURE}}}, verdict: violation, "
        "severity: critical, reason: no sharing}\n"
    )
    history = History()

    def judged(days: int, host: str = "10.20.0.5") -> tuple[str, str, str]:
        at = NOON + days * DAY
        found = some.judge(conduct(first=at, last=at, host=ip_address(host)), EMPLOYEE, history)
        assert found.rule == "r"
        return found.verdict.label, found.severity.label, found.reason

    assert judged(0) == ("notice", "low", "no sharing (notice 1 of 2 within 90 days before a violation)")
    assert judged(0, "10.20.0.6")[2] == "no sharing (notice 1 of 2 within 90 days before a violation)"
    assert judged(1) == ("notice", "low", "no sharing (notice 2 of 2 within 90 days before a violation)")
    assert judged(2) == ("violation", "critical", "no sharing")
    assert judged(90)[0] == "violation"
    assert judged(400)[0] == "notice"
    assert some.judge(conduct(), EMPLOYEE).verdict is Verdict.NOTICE


def test_often_counts_what_came_to_the_rule_and_matched_it(policy: MakePolicy, conduct: MakeConduct) -> None:
    """What an earlier rule took, or another selector refused, is none of its business."""
    some = policy(
        "lists: {a: {infohashes: [" + "aa" * 20 + "]}}\n"
        "rules:\n"
        "  - {id: looked, when: {participation: {at_most: looked_up}}, verdict: allow, reason: x}\n"
        f"  - {{id: again, when: {{{SURE}, often: {{count: 3, within: 7d}}}}, verdict: violation, reason: y}}\n"
        "  - {id: listed, when: {lists: a}, verdict: notice, reason: z}\n"
    )
    history = History()

    def rule(days: int, **fields: object) -> str | None:
        return some.judge(conduct(first=NOON + days * DAY, **fields), EMPLOYEE, history).rule

    assert [rule(0), rule(1), rule(1, confidence=Confidence.SUSPECTED), rule(2)] == [None, None, None, "again"]
    assert [rule(3), rule(30), rule(31), rule(32)] == ["again", None, None, "again"]


def test_every_part_of_a_rule_is_told(policy: MakePolicy, conduct: MakeConduct) -> None:
    """Validity and frequency too; comparing notes nothing."""
    some = policy(
        f"rules:\n  - {{id: r, group: employees, when: {{{SURE}, often: {{count: 2, within: 36h}}}}, "
        "valid: {until: 2026-12-31}, verdict: violation, reason: y}\n"
    )
    history = History()

    def told() -> list[tuple[str, bool, str]]:
        found = match(some.rules[0], conduct(), EMPLOYEE, history)
        return [(each.selector, each.matched, each.why) for each in found]

    assert [name for name, _, _ in told()] == ["group", "confidence", "participation", "valid", "often"]
    assert told()[-1] == ("often", False, "1 within 36 hours, fewer than 2")
    some.judge(conduct(), EMPLOYEE, history)
    assert told()[-1] == told()[-1] == ("often", True, "2 within 36 hours")


@pytest.mark.parametrize(
    ("duration", "words"), [(DAY, "1 day"), (90 * DAY, "90 days"), (36 * HOUR, "36 hours"), (MINUTE, "1 minute")]
)
def test_lengths_of_time_are_told_in_words(duration: int, words: str) -> None:
    """In the largest unit that fits."""
    assert in_words(duration) == words
