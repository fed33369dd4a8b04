"""Whose an address was, as sources and the policy together have it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.model.identity import Asked, Holder, Offset, SourceLine, Tenure, Trust
from auditor.model.scale import People
from auditor.pipeline.part import Host
from auditor.pipeline.people import Shown
from auditor.pipeline.whose import Whose
from tests.build.audits import policy
from tests.build.sighting import NINE, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Host("default", ip_address("10.20.0.5"), (), None)
LATER = NINE + 600 * SECOND


def holder(name: str, *groups: str, line: int = 1) -> Holder:
    """A person with a device."""
    lines = (SourceLine("office", "dhcpd.leases", line),)
    return Holder(Trust.LEASED, lines, host=name, groups=groups, standing="most trusted: lease")


class Told:
    """A directory that says what it was told to, and counts how often it was asked."""

    def __init__(self, *tenures: Tenure) -> None:
        self.tenures = tenures
        self.asked = 0

    def __call__(self, _asked: Asked) -> Sequence[Tenure]:
        """Answer."""
        self.asked += 1
        return self.tenures


def whose(*tenures: Tenure, people: People = People.NAMED) -> Whose:
    """What the office's policy makes of these tenures."""
    return Whose(policy(), Told(*tenures), Shown(people))


def test_without_sources_the_policy_alone_speaks() -> None:
    """One answer for all time, by network."""
    (held,) = Whose(policy(), None, Shown(People.NAMED)).over(HERE, NINE, LATER)

    assert held.first <= NINE <= LATER <= held.last
    assert (held.attribution.group, held.attribution.subject, held.attribution.clock) == ("employees", None, None)


def test_a_winner_is_named_with_the_line_that_says_so() -> None:
    """The subject is the holder's; the line is named, never its text."""
    clock = Offset("measured", 0, SECOND, 12)
    (held,) = whose(Tenure(NINE, LATER, "attributed", (holder("alice-laptop", line=17),), clock)).over(
        HERE, NINE, LATER
    )

    assert held.attribution.status == "attributed"
    assert held.attribution.subject == "alice-laptop"
    assert held.attribution.lines == ("office dhcpd.leases:17",)
    assert held.attribution.clock == "measured"


def test_holders_follow_one_another() -> None:
    """Each has its own time; a renewal on another line changes nothing."""
    change = NINE + 300 * SECOND
    tenures = (
        Tenure(NINE, NINE + SECOND - 1, "attributed", (holder("alice-laptop", line=1),)),
        Tenure(NINE + SECOND, change - 1, "attributed", (holder("alice-laptop", line=2),)),
        Tenure(change, LATER, "attributed", (holder("visitor-phone", line=3),)),
    )

    early, late = whose(*tenures).over(HERE, NINE, LATER)

    assert (early.first, early.last, late.first, late.last) == (NINE, change - 1, change, LATER)
    assert [each.attribution.subject for each in (early, late)] == ["alice-laptop", "visitor-phone"]
    assert early.key != late.key


def test_who_ties_is_never_named_as_the_one() -> None:
    """All who may have held the address are candidates, with their reasons; the group is said if it is the same."""
    both = (holder("alice-laptop")._replace(standing="as trusted as another"), holder("bob-laptop", line=2))
    attribution = whose(Tenure(NINE, LATER, "ambiguous", both)).at(HERE, NINE, LATER)

    assert (attribution.status, attribution.subject, attribution.group) == ("ambiguous", None, "employees")
    assert [c.subject for c in attribution.candidates] == ["alice-laptop", "bob-laptop"]
    assert attribution.candidates[0].reason == "as trusted as another"


def test_one_who_may_not_have_held_it_stands_beside_nobody() -> None:
    """Where a clock is too uncertain to tell, that nobody held the address is a candidate too."""
    attribution = whose(Tenure(NINE, LATER, "ambiguous", (holder("alice-laptop"),), Offset("unknown"))).at(
        HERE, NINE, LATER
    )

    assert [c.subject for c in attribution.candidates] == ["alice-laptop", None]
    assert attribution.clock == "unknown"


def test_a_span_of_several_holders_has_no_single_one() -> None:
    """Asked for one answer, it gives the candidates."""
    change = NINE + 300 * SECOND
    attribution = whose(
        Tenure(NINE, change - 1, "attributed", (holder("alice-laptop"),)),
        Tenure(change, LATER, "attributed", (holder("visitor-phone", line=3),)),
    ).at(HERE, NINE, LATER)

    assert (attribution.status, attribution.subject) == ("ambiguous", None)
    assert [c.subject for c in attribution.candidates] == ["alice-laptop", "visitor-phone"]
    assert attribution.lines == ("office dhcpd.leases:1", "office dhcpd.leases:3")


def test_what_no_source_knows_falls_to_the_policy() -> None:
    """An address without a lease still stands in a network."""
    attribution = whose(Tenure(NINE, LATER, "unattributed")).at(HERE, NINE, LATER)

    assert (attribution.group, attribution.status) == ("employees", "attributed")


def test_an_outsider_is_not_asked_about() -> None:
    """Nobody's lease says whose a stranger's address is."""
    told = Told()
    stranger = HERE._replace(ip=ip_address("198.51.100.7"))

    assert Whose(policy(), told, Shown(People.NAMED)).at(stranger, NINE, LATER).group == "unknown"
    assert told.asked == 0


def test_the_same_question_is_asked_once() -> None:
    """A host of many flows costs one look-up a span."""
    told = Told(Tenure(NINE, LATER, "attributed", (holder("alice-laptop"),)))
    asking = Whose(policy(), told, Shown(People.NAMED))

    assert asking.over(HERE, NINE, LATER) == asking.over(HERE, NINE, LATER)
    assert told.asked == 1


def test_pseudonyms_and_none_hide_candidates_too() -> None:
    """What binds the subject binds all who were weighed."""
    both = (holder("alice-laptop"), holder("bob-laptop"))
    for people in (People.NONE, People.PSEUDONYM):
        attribution = whose(Tenure(NINE, LATER, "ambiguous", both), people=people).at(HERE, NINE, LATER)
        assert "laptop" not in repr(attribution)
