"""What is known beside the facts, and how a host is folded by it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from auditor.identity.directory import Directory
from auditor.model.identity import Offset, SourceLine, Tenancy, Trust
from auditor.model.watch import ActivitySeen, FlowSeen
from auditor.pipeline import knowledge
from auditor.pipeline.hosts import Facts
from auditor.pipeline.knowledge import Knowledge
from auditor.policy.evaluate import Policy
from auditor.written.in_force import State
from tests.build import days
from tests.build.sighting import FILM, GUEST, HOURS, NINE, OUTSIDER, activity, connection

if TYPE_CHECKING:
    import pytest

HOST = ip_address(GUEST)
FLOW = connection(GUEST, OUTSIDER, FILM, down=16384)
HANDOVER = NINE + HOURS


def known(directory: Directory | None = None) -> Knowledge:
    """Return what is known of a policy that asks for metadata."""
    return Knowledge(State(days.policy(), "sha", 0), directory, bytes(32))


def facts() -> Facts:
    """Return a flow and an activity, under numbers of the watch."""
    return Facts(HOST, {7: FlowSeen(7, FLOW, True)}, {9: ActivitySeen(9, activity(GUEST), True)})


def leases() -> Directory:
    """Return two devices that held the address one after the other."""
    spans = ((NINE - HOURS, HANDOVER, "desk"), (HANDOVER, NINE + 9 * HOURS, "visitor-2"))
    statements = [
        Tenancy(
            start, end, Trust.LEASED, SourceLine("office", "leases", n), ip=HOST, mac=f"02:00:00:00:00:0{n}", host=name
        )
        for n, (start, end, name) in enumerate(spans)
    ]
    return Directory(statements, {"office": Offset("declared")})


def test_a_fold_has_the_numbers_of_the_watch() -> None:
    """Its parts have places in the fold."""
    dht, swarm = sorted(known().fold(facts(), ()), key=lambda seen: seen.conduct.kind)

    assert (dht.conduct.activities, swarm.conduct.flows) == ((9,), (7,))
    assert [swarm.flows[part.flow] for part in swarm.parts if part.flow is not None] == [7]


def test_metadata_names_and_describes() -> None:
    """Its other name is one of those that further metadata may be known under."""
    knows = known()
    knows.learn([days.KNOWN])

    seen = [each for each in knows.fold(facts(), ()) if each.conduct.kind == "swarm"]

    assert seen[0].conduct.private
    assert knows.names(seen) == {FILM, days.SHOW}


def test_another_policy_and_directory_are_asked() -> None:
    """From then on."""
    knows = known()
    (conduct,) = [each.conduct for each in knows.fold(facts(), ()) if each.conduct.kind == "swarm"]
    groups = [knows.attribute(conduct).group]
    knows.replace_directory(leases())
    groups.append(str(knows.attribute(conduct._replace(first=HANDOVER + 1)).group))
    knows.replace_policy(State(Policy.none(), None, 0))
    groups.append(knows.attribute(conduct).group)

    assert groups == ["guests", "visitors", "unattributed"]
    assert knows.policy_sha256 is None


def test_it_knows_that_an_address_changed_hands() -> None:
    """Where somebody else is known to hold it by now."""
    conduct = known().fold(facts(), ())[0].conduct

    assert not known().has_moved(conduct, HANDOVER + HOURS)
    assert known(leases()).has_moved(conduct, HANDOVER + HOURS)
    assert not known(leases()).has_moved(conduct, HANDOVER - 1)
    assert not known(leases()).has_moved(conduct._replace(last=HANDOVER + 1), HANDOVER + HOURS)


def test_answers_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a number of them, all are found out anew."""
    monkeypatch.setattr(knowledge, "ANSWERS", 0)
    knows = known(leases())
    knows.fold(facts(), ())
    before = knows.known

    knows.fold(facts(), ())

    assert knows.known is not before
