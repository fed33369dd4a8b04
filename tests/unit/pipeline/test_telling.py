"""When an incident that goes on is told again."""

from __future__ import annotations

from auditor.model.incident import Judgement
from auditor.model.scale import Participation, Severity, Verdict
from auditor.model.standing import Gravest
from auditor.pipeline.run import judge
from auditor.pipeline.telling import EVERY, MUCH, graver, is_due, news
from auditor.policy.evaluate import Policy
from tests.build.sighting import GUEST, NINE, OUTSIDER, connection, sighting

TOLD = judge(sighting([connection(GUEST, OUTSIDER, down=5 * MUCH)]), Policy.none()).incidents[0]


def grown(by: int) -> int:
    """Return what was downloaded so many bytes later."""
    return TOLD.conduct.downloaded + by


def test_more_of_the_same_is_no_other_thing() -> None:
    """Bytes, time and ports grow by themselves."""
    conduct = TOLD.conduct._replace(downloaded=grown(1), last=TOLD.conduct.last + 1, remote_ports=(1, 2))

    assert news(TOLD, TOLD._replace(conduct=conduct)) == "grown"


def test_another_thing_is_said_at_once() -> None:
    """What it did, and what is said of it, is told as soon as it is known."""
    other = TOLD.conduct._replace(participation=Participation.CONNECTED)

    assert news(TOLD, TOLD._replace(conduct=other)) == "other"
    assert news(TOLD, TOLD._replace(name="debian.iso")) == "other"


def test_numbers_of_facts_are_no_news() -> None:
    """Nor are the frames of which some few are kept."""
    conduct = TOLD.conduct._replace(flows=(7, 8), activities=(1,), frames=((0, 1),))

    assert news(TOLD, TOLD._replace(conduct=conduct)) == "none"
    assert news(TOLD, TOLD) == "none"


def test_growth_is_told_after_a_while_or_once_it_is_much() -> None:
    """A byte waits ten seconds; a tenth more, if that is a megabyte, does not."""
    little = TOLD._replace(conduct=TOLD.conduct._replace(downloaded=grown(1)))
    much = TOLD._replace(conduct=TOLD.conduct._replace(downloaded=grown(MUCH)))

    assert not is_due(TOLD, NINE, little, NINE + EVERY - 1)
    assert is_due(TOLD, NINE, little, NINE + EVERY)
    assert is_due(TOLD, NINE, much, NINE)


def test_the_graver_sticks_and_of_equals_the_first() -> None:
    """A later allowance takes nothing back."""
    violation = Gravest(Judgement(Verdict.VIOLATION, "r", Severity.HIGH, "no"), 5, "old")
    later = violation._replace(at=6, policy_sha256="new")
    allowed = Gravest(Judgement(Verdict.ALLOW, "a", Severity.INFO, "yes"), 7, "new")

    assert graver(allowed, violation) == violation
    assert graver(violation, allowed) == violation
    assert graver(later, violation) == violation
    critical = later._replace(judgement=violation.judgement._replace(severity=Severity.CRITICAL))
    assert graver(critical, violation) == critical
