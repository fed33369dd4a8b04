"""What rules counted of incidents that go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.attribution import Attribution
from auditor.model.moment import HOUR
from auditor.model.standing import Noted, Past
from auditor.pipeline.conduct import order
from auditor.pipeline.run import judge
from auditor.policy.evaluate import Policy
from auditor.policy.ledger import SPARE, Ledger
from tests.build.sighting import GUEST, NINE, OUTSIDER, connection, sighting

if TYPE_CHECKING:
    from auditor.model.incident import Conduct

ALICE = Attribution("guests", "attributed", subject="alice")
CONDUCT = judge(sighting([connection(GUEST, OUTSIDER)]), Policy.none()).incidents[0].conduct


def begun(hour: int) -> Conduct:
    """Return a conduct that began at an hour of the day."""
    return CONDUCT._replace(first=NINE + hour * HOUR)


def note(ledger: Ledger, owner: str, hour: int, *, keep: int = 2, matches: bool = True) -> set[str]:
    """Judge an incident by a rule that counts it, if it matches; return who must be judged again."""
    page = ledger.page(owner, order(begun(hour)))
    if matches:
        page.note("r", "often", begun(hour), ALICE, keep)
    return ledger.put(page)


def counted(ledger: Ledger, owner: str, hour: int, within: int = 24 * HOUR) -> int:
    """Return how many came before an incident."""
    return ledger.page(owner, order(begun(hour))).earlier("r", "often", begun(hour), ALICE, within)


def test_an_incident_counts_what_came_before_it_and_never_itself() -> None:
    """In order of time, whoever was judged first."""
    ledger = Ledger()
    note(ledger, "late", 5)
    note(ledger, "early", 1)

    assert counted(ledger, "late", 5) == 1
    assert counted(ledger, "early", 1) == 0
    assert counted(ledger, "other", 5, within=HOUR) == 1


def test_who_comes_after_a_change_is_judged_again() -> None:
    """One that matches only now counts for those that were judged before it, as far as the rule looks back."""
    ledger = Ledger()
    for hour in (2, 3, 4):
        note(ledger, f"at {hour}", hour)

    assert note(ledger, "early", 1) == {"at 2", "at 3"}
    assert note(ledger, "early", 1) == set()
    assert note(ledger, "early", 1, matches=False) == {"at 2", "at 3"}


def test_what_moves_is_counted_where_it_is_now() -> None:
    """An incident turns out to have begun earlier."""
    ledger = Ledger()
    note(ledger, "one", 3)
    note(ledger, "two", 5)

    assert note(ledger, "two", 2) == {"one"}
    assert counted(ledger, "one", 3) == 1
    assert counted(ledger, "two", 2) == 0


def test_what_is_none_any_more_is_withdrawn() -> None:
    """It went into another, or there is nothing of it."""
    ledger = Ledger()
    note(ledger, "gone", 1)
    note(ledger, "stays", 2)

    assert ledger.withdraw("gone") == {"stays"}
    assert counted(ledger, "stays", 2) == 0


def test_what_is_over_counts_on() -> None:
    """An earlier run's too."""
    past = Past("old", "default", CONDUCT.host, (), "alice", NINE, (Noted("r", "often"),))
    ledger = Ledger([past])
    note(ledger, "over", 1)
    ledger.close("over")

    assert counted(ledger, "new", 2) == 2


def test_no_more_is_kept_than_is_asked_for() -> None:
    """Neither of one person, nor of all."""
    ledger = Ledger(most=1)
    for hour in range(SPARE + 10):
        note(ledger, str(hour), hour)

    assert counted(ledger, "new", 500, within=10**20) == SPARE + 2
    other = ledger.page("bob's", order(begun(1)))
    other.note("r", "often", begun(1), ALICE._replace(subject="bob"), 2)
    ledger.put(other)
    assert (len(ledger), ledger.forgotten) == (1, 1)
